"""The pipeline: whether the watch itself is awake."""

from dashboards.grafana.board import Board
from dashboards.grafana.flux import STOP, by, keep, read
from dashboards.grafana.names import BLUE, ORANGE, VERMILION, Buckets
from dashboards.grafana.panels import bars, counter, lines, placed, rows, stand_words, states
from dashboards.grafana.standings import changes, current
from dashboards.influx.schema import LetterRow, PipelineRow, WriterRow

UID = "steadyline-pipeline"
AGE, FAILURES, LETTERS = 1, 4, 10


def board(buckets: Buckets) -> Board:
    """The pipeline."""
    return Board(
        UID,
        "Pipeline",
        "Whether the watch itself is awake: how far behind it is, what it could not read, which feeds are silent.",
        (
            placed(
                counter("s", ((None, BLUE), (60, ORANGE), (120, VERMILION))),
                AGE,
                "Furthest behind",
                "How far the last partition is behind the wall clock, by its own ticks. From 2 minutes on nobody is watching "
                "there.",
                f"{read(PipelineRow, ('age',), buckets=buckets)}\n"
                '  |> group(columns: ["partition"]) |> last() |> group() |> max()\n'
                f"  {keep('_value')}",
                wide=6,
                high=5,
                none="BLIND: no word",
            ),
            placed(
                counter("s", ((None, BLUE), (60, ORANGE), (120, VERMILION))),
                2,
                "Last word of the watch",
                "How long ago the watch last said anything about itself: it does so every ten seconds.",
                f"{read(PipelineRow, ('age',), buckets=buckets)}\n"
                '  |> group() |> last(column: "_time")\n'
                f"  |> map(fn: (r) => ({{ago: (int(v: {STOP}) - int(v: r._time)) / 1000000000}}))",
                wide=6,
                high=5,
                none="BLIND: no word",
            ),
            placed(
                counter("short", ((None, BLUE), (1, VERMILION))),
                3,
                "Dead letters",
                "What came in during the time shown and could not be read. What is not read is not judged: it may hold the "
                "very event whose absence is taken for a lapse.",
                f"letters = {read(LetterRow, ('reason',), buckets=buckets)}\n"
                '  |> group() |> count() |> keep(columns: ["_value"])\n'
                "letters",
                wide=6,
                high=5,
                none="none",
            ),
            placed(
                counter("short", ((None, BLUE), (1, ORANGE))),
                FAILURES,
                "Failed writes",
                "How many writes to the database failed since the writer started. They are tried again; none is lost while "
                "Kafka keeps the records.",
                f"{read(WriterRow, ('failures',), buckets=buckets)}\n"
                '  |> group() |> last(column: "_time") |> keep(columns: ["_value"])',
                wide=6,
                high=5,
                none="no word",
            ),
            placed(
                lines("s", "partition ${__field.labels.partition}"),
                5,
                "How far behind each partition is",
                "The wall clock less the event time up to which each partition was judged. It rises where nobody judges; a "
                "partition without a line is watched by nobody.",
                f"{read(PipelineRow, ('age',), buckets=buckets)}\n"
                f"  {by('partition')} |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false)\n"
                f"  {keep('_time', '_value', 'partition')}",
                wide=12,
                high=9,
            ),
            placed(
                lines("s", "lag"),
                6,
                "From lapse to point",
                "The longest time from the record of a lapse on Kafka to its point in the database.",
                f"{read(WriterRow, ('lag',), buckets=buckets)}\n"
                f"  {by()} |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false) {keep('_time', '_value')}",
                wide=6,
                high=9,
                none="no lapse in this time",
            ),
            placed(
                lines("short", "records"),
                7,
                "Not read yet",
                "Records on Kafka that the writer of this database has not read. While they grow, these pages show the past.",
                f"{read(WriterRow, ('behind',), buckets=buckets)}\n"
                f"  {by()} |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false) {keep('_time', '_value')}",
                wide=6,
                high=9,
            ),
            placed(
                states("${__field.labels.name}"),
                8,
                "Feeds",
                "Whether each feed was heard. A silent feed makes what it carries UNKNOWN, never lapsed.",
                changes(("feed",), buckets=buckets),
                wide=24,
                high=9,
            ),
            placed(
                rows({"since": "dateTimeAsIso", "last": "dateTimeAsIso"}, {"stand": [stand_words()]}),
                9,
                "Feeds now",
                "Each feed at the end of the time shown, the silent ones first: its last heartbeat, and since when it has "
                "been so.",
                current(("feed",), buckets=buckets)
                + "current |> map(fn: (r) => ({r with since: r.since * 1000, last: r.last * 1000}))\n"
                + '  |> sort(columns: ["stand", "name"], desc: true)\n'
                + f"  {keep('name', 'stand', 'reason', 'since', 'last', 'agreement')}",
                wide=12,
                high=9,
                none="no feed",
            ),
            placed(
                rows(),
                LETTERS,
                "Dead letters, one by one",
                "What could not be read, the latest first, and why. steadyline dead-letters show N shows its bytes; retry N "
                "sends it where it belongs once it is mended.",
                f"{read(LetterRow, ('reason', 'partition', 'offset'), buckets=buckets)}\n"
                '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()\n'
                f'  |> sort(columns: ["_time"], desc: true) {keep("_time", "topic", "kind", "reason", "partition", "offset")}',
                wide=12,
                high=9,
                none="none",
            ),
            placed(
                bars("short", "what"),
                11,
                "Dead letters by kind",
                "Which topic they came on, and what is wrong with them.",
                f"{read(LetterRow, ('reason',), buckets=buckets)}\n"
                f"  {by('topic', 'kind')} |> count() |> group()\n"
                '  |> map(fn: (r) => ({what: r.topic + ": " + r.kind, letters: r._value})) |> sort(columns: ["what"])',
                wide=12,
                high=9,
                none="none",
            ),
            placed(
                lines("pps", "points"),
                12,
                "Points a second",
                "How many points the writer wrote to the database each second.",
                f"{read(WriterRow, ('points',), buckets=buckets)}\n"
                '  |> group() |> sort(columns: ["_time"]) |> derivative(unit: 1s, nonNegative: true)\n'
                f"  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false) {keep('_time', '_value')}",
                wide=6,
                high=9,
            ),
            placed(
                lines("short", "partition ${__field.labels.partition}"),
                13,
                "Things judged",
                "How many channels, regimes, dyads and feeds each partition judges. A step down means that something is "
                "judged no more.",
                f"{read(PipelineRow, ('standings',), buckets=buckets)}\n"
                f"  {by('partition')} |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)\n"
                f"  {keep('_time', '_value', 'partition')}",
                wide=6,
                high=9,
            ),
        ),
        (),
        "now-6h",
    )
