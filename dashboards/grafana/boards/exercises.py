"""Exercises: replays and drills, each by its run, and nothing of the live log."""

from dashboards.grafana.board import Board, page
from dashboards.grafana.flux import EVER, START, STOP, equals, keep, only_runs, quoted
from dashboards.grafana.names import SEVERITIES, Buckets
from dashboards.grafana.panels import bars, lines, linked, placed, rows, states, words
from dashboards.grafana.records import lapses
from dashboards.grafana.standings import changes
from dashboards.influx.schema import LapseRow

UID = "steadyline-exercises"
LAPSES = 4


def board(buckets: Buckets) -> Board:
    """Exercises."""
    runs = rows({"first": "dateTimeAsIso", "last": "dateTimeAsIso"})
    linked(runs, "run", "The watch floor of this run", page("steadyline-floor", run="${__data.fields.run}"))
    found = only_runs(LapseRow, ("value",), start=EVER, stop=STOP, buckets=buckets)
    return Board(
        UID,
        "Exercises",
        "EXERCISE: replays of history and drills, by their run. Nothing here is happening.",
        (
            placed(
                runs,
                1,
                "EXERCISE: runs",
                "Every replay and drill that the database holds, with how many revisions of lapses it brought, the first and "
                "the last of them. A drill in the live log is the run called exercise. None of them can reach a real pager. "
                "The name leads to its watch floor.",
                f"{_RUNS.format(bucket=quoted(buckets.runs), ever=EVER)}"
                f"revisions = {found}\n"
                '  |> group(columns: ["run"])\n'
                "  |> reduce(identity: {revisions: 0, first: 0, last: 0}, fn: (r, accumulator) => ({\n"
                "    revisions: accumulator.revisions + r._value,\n"
                "    first: if accumulator.first == 0 or int(v: r._time) / 1000000 < accumulator.first "
                "then int(v: r._time) / 1000000 else accumulator.first,\n"
                "    last: if int(v: r._time) / 1000000 > accumulator.last then int(v: r._time) / 1000000 "
                "else accumulator.last,\n"
                "  }))\n"
                'union(tables: [runs, revisions]) |> group(columns: ["run"])\n'
                "  |> reduce(identity: {revisions: 0, first: 0, last: 0}, fn: (r, accumulator) => ({\n"
                "    revisions: accumulator.revisions + r.revisions, first: accumulator.first + r.first, "
                "last: accumulator.last + r.last,\n"
                "  }))\n"
                '  |> group() |> sort(columns: ["run"])',
                wide=12,
                high=9,
                none="no run is on record",
            ),
            placed(
                bars("short", "severity"),
                2,
                "EXERCISE: lapses by severity",
                "How many lapses the chosen run found, by their loudest word.",
                f'{_of_run(buckets)}lapses |> filter(fn: (r) => r.state != "withdrawn")\n'
                '  |> group(columns: ["severity"]) |> count(column: "id") |> group()\n'
                '  |> rename(columns: {id: "lapses"}) |> sort(columns: ["severity"])',
                wide=6,
                high=9,
                none="choose a run above",
            ),
            placed(
                bars("short", "reason"),
                3,
                "EXERCISE: lapses by reason",
                "What kind of failure the chosen run found.",
                f'{_of_run(buckets)}lapses |> filter(fn: (r) => r.state != "withdrawn")\n'
                '  |> group(columns: ["reason"]) |> count(column: "id") |> group()\n'
                '  |> rename(columns: {id: "lapses"}) |> sort(columns: ["reason"])',
                wide=6,
                high=9,
                none="choose a run above",
            ),
            placed(
                rows({"onset": "dateTimeAsIso", "ended": "dateTimeAsIso"}, {"severity": [words(SEVERITIES)]}),
                LAPSES,
                "EXERCISE: lapses of the run",
                "Each lapse of the chosen run at its last revision, with the clause that it breaks.",
                f"{_of_run(buckets)}lapses |> map(fn: (r) => ({{r with onset: r.onset * 1000, ended: r.resolved * 1000}}))\n"
                '  |> sort(columns: ["onset", "id"])\n'
                f"  "
                f"{keep('run', 'state', 'severity', 'reason', 'text', 'clause', 'onset', 'ended', 'agreement', 'dyad', 'id')}",
                wide=24,
                high=10,
                none="choose a run above",
            ),
            placed(
                states("${__field.labels.name}"),
                5,
                "EXERCISE: dyads",
                "How each pair of parties stood in the chosen run.",
                changes(("dyad",), _NOT_LIVE, buckets=buckets),
                wide=24,
                high=8,
                none="choose a run and its time above",
            ),
            placed(
                lines("short", "${__field.labels.change}", points=True),
                6,
                "EXERCISE: what changed when",
                "Every revision of a lapse in the chosen run, by what it changed: opened, escalated, resolved, withdrawn, ...",
                f"{only_runs(LapseRow, ('revision',), chosen_run=True, start=START, stop=STOP, buckets=buckets)}\n"
                '  |> group(columns: ["change"]) |> sort(columns: ["_time"]) |> keep(columns: ["_time", "_value", "change"])',
                wide=24,
                high=8,
                none="choose a run and its time above",
            ),
        ),
        (),
        "now-5y",
    )


_RUNS = """\
import "influxdata/influxdb/schema"
runs = schema.tagValues(bucket: {bucket}, tag: "run", start: {ever})
  |> map(fn: (r) => ({{run: r._value, revisions: 0, first: 0, last: 0}}))
"""
_NOT_LIVE = f"not {equals('run', 'live')}"


def _of_run(buckets: Buckets) -> str:
    return lapses(_NOT_LIVE, buckets=buckets)
