"""What the rules ask. Only the live log, or only drills; always with a row that says all is well, while the watch speaks."""

from dashboards.grafana.boards.floor import NEVER
from dashboards.grafana.flux import EVER, STOP, by, equals, keep, last_revision, quoted, read_from, wide
from dashboards.grafana.names import Buckets
from dashboards.influx.schema import (
    LIVE,
    DialogueRow,
    LapseRow,
    LetterRow,
    PipelineRow,
    StandingRow,
    WriterRow,
)
from streams.agreements.load import load_builtin
from streams.posture import Kind, Stand
from streams.severity import Severity

_DATE = 'import "date"\n'
RECENT = "10m"
"""What was said longer ago is not what is."""
_LIVE = equals("run", LIVE)
_DRILL = f"not {_LIVE}"
_EVIDENCE = ("lapse", "agreement", "rule", "party", "subject", "reason", "text", "clause", "since", "dyad")
NONE = "none"
"""The first label of the row that says all is well."""


def open_lapses(severity: Severity, buckets: Buckets) -> str:
    """Every lapse of this severity whose last revision says that it is open, with its evidence; a row of zero for all else."""
    return _lapses(buckets.records, _LIVE, equals("severity", severity), EVER) + _with_a_zero(buckets, *_EVIDENCE)


def drills(buckets: Buckets) -> str:
    """Every lapse that a drill opened within the hour and that is open still; of replays of history there are none."""
    tests = f"{equals('state', 'open')} and r._time > {_ago('1h')}"
    return _lapses(buckets.runs, _DRILL, tests, _ago("1d"), "run") + f"found {by('lapse', 'run')}"


def standing(stand: Stand, kinds: tuple[Kind, ...], buckets: Buckets) -> str:
    """Each thing with 1 where it stands so, and 0 where it does not.

    What was never heard of at all is not connected yet: it stands on the watch floor, and nobody is called for it.
    """
    labels = ("kind", "name", "party", "dyad", "agreement")
    said = read_from(buckets.minutes, StandingRow, ("stand", "reason"), _LIVE, equals("kind", *kinds), start=_ago(RECENT))
    return (
        f"{_DATE}{said}\n"
        '  |> last() |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
        "  |> filter(fn: (r) => exists r.stand)\n"
        f"  |> map(fn: (r) => ({{r with _value: if r.stand == {int(stand)} and not {equals('reason', NEVER)} "
        "then 1.0 else 0.0}))\n"
        f"  {by(*labels)}\n  {keep('_time', '_value', *labels)}"
    )


def dark(buckets: Buckets) -> str:
    """Each pair of parties with 1 where no channel is known to be alive and at least one is known to be lapsed."""
    fields = ("alive", "unknown", "declared")
    return (
        f"{_DATE}{read_from(buckets.minutes, DialogueRow, fields, _LIVE, start=_ago(RECENT))}\n"
        '  |> last() |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
        "  |> filter(fn: (r) => exists r.alive)\n"
        "  |> map(fn: (r) => ({_time: r._time, dyad: r.dyad, "
        "_value: if r.alive == 0 and r.unknown < r.declared then 1.0 else 0.0}))\n"
        f"  {by('dyad')}"
    )


def age(buckets: Buckets) -> str:
    """How old the newest word about anything is, seconds; over a day, so that it grows and does not vanish."""
    return (
        f"{_DATE}{read_from(buckets.minutes, StandingRow, ('stand',), _LIVE, start=_ago('1d'))}\n"
        '  |> last() |> group() |> last(column: "_time")\n'
        f"  |> map(fn: (r) => ({{_time: r._time, _value: {_since('r._time')}}}))"
    )


def behind(buckets: Buckets) -> str:
    """How far each partition is behind, seconds: as it said last, and as long as it has said nothing since."""
    return (
        f"{_DATE}{read_from(buckets.minutes, PipelineRow, ('age',), _LIVE, start=_ago('1d'))}\n"
        "  |> last()\n"
        f"  |> map(fn: (r) => ({{_time: r._time, partition: r.partition, _value: r._value + {_since('r._time')}}}))\n"
        f"  {by('partition')}"
    )


def dead_letters(buckets: Buckets) -> str:
    """How many dead letters came in the last quarter of an hour, by topic and kind."""
    return (
        f"{_DATE}found = {read_from(buckets.records, LetterRow, ('reason',), _LIVE, start=_ago('15m'))}\n"
        f"  {by('topic', 'kind')} |> count() {by()}\n"
        f"  |> map(fn: (r) => ({{_time: {STOP}, _value: float(v: r._value), topic: r.topic, kind: r.kind}}))\n"
        + _with_a_zero(buckets, "topic", "kind")
    )


def failures(buckets: Buckets) -> str:
    """How many writes failed, and how many points were refused, in the last ten minutes."""
    return (
        f"{_DATE}{read_from(buckets.minutes, WriterRow, ('failures', 'letters'), _LIVE, start=_ago('1d'))}\n"
        # A counter begins anew with its program, and with what failed before its first word.
        '  |> duplicate(column: "_value", as: "all") |> difference(nonNegative: true, keepFirst: true)\n'
        "  |> map(fn: (r) => ({r with _value: if exists r._value then r._value else r.all}))\n"
        f"  |> filter(fn: (r) => r._time > {_ago(RECENT)})\n"
        f"  |> sum() |> group() |> sum() |> map(fn: (r) => ({{_time: {STOP}, _value: float(v: r._value)}}))"
    )


def _lapses(bucket: str, run: str, tests: str, start: str, *labels: str) -> str:
    """Lapses at their last revision that pass the tests, each a row of 1 with its evidence, in the name ``found``.

    Two runs of one story have the same lapses: ``labels`` tells them apart.
    """
    fields = ("id", "revision", "subject", "clause", "onset", "text")
    told = "".join(f', {name}: if exists r.{name} then r.{name} else ""' for name in ("dyad", *labels))
    return (
        f"{_DATE}found = {read_from(bucket, LapseRow, fields, run, start=start)}\n"
        f"  {wide()}\n  {last_revision('id', *labels)}\n"
        f"  |> filter(fn: (r) => {equals('state', 'open')} and {tests})\n"
        f"  |> map(fn: (r) => ({{_time: {STOP}, _value: 1.0, lapse: r.id, agreement: r.agreement, rule: r.rule, "
        f"party: r.party, subject: r.subject, reason: r.reason, text: {_marked()}, clause: r.clause, "
        f"since: string(v: time(v: r.onset * 1000000000)){told}}}))\n"
    )


def _marked() -> str:
    """The text of a lapse, with a word before it where the agreement does not exist yet."""
    proposed = [agreement.id for agreement in load_builtin() if agreement.standing == "proposed"]
    return f'(if {equals("agreement", *proposed)} then "proposed agreement: " else "") + r.text' if proposed else "r.text"


def _with_a_zero(buckets: Buckets, first: str, *others: str) -> str:
    """What was found, and a row of zero which says that the watch spoke within ten minutes; grouped by the first label."""
    spoke = read_from(buckets.minutes, StandingRow, ("stand",), _LIVE, start=_ago(RECENT))
    nothing = "".join(f', {label}: ""' for label in others)
    return (
        f"well = {spoke}\n"
        "  |> last() |> group() |> count() |> filter(fn: (r) => r._value > 0)\n"
        # Flux 0.196 loses a row that is made of constants alone.
        f"  |> map(fn: (r) => ({{_time: {STOP}, _value: 0.0 * float(v: r._value), {first}: {quoted(NONE)}{nothing}}}))\n"
        f"union(tables: [found, well]) {by(first, *others)}"
    )


def _ago(span: str) -> str:
    return f"date.sub(d: {span}, from: {STOP})"


def _since(moment: str) -> str:
    return f"float(v: int(v: {STOP}) - int(v: {moment})) / 1000000000.0"
