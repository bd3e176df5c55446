"""How things stand, as queries: now, and over time. What has not been said anew for ten minutes of the live log is UNKNOWN."""

from dashboards.grafana.flux import STALE, STOP, by, equals, keep, quoted, read
from dashboards.grafana.names import Buckets
from dashboards.influx.schema import LIVE, StandingRow
from streams.posture import Kind, Stand

_DATE = 'import "date"\n'
_STALE_SINCE = f"date.sub(d: {STALE}, from: {STOP})"
_IS_STALE = f"r.run == {quoted(LIVE)} and r._time < {_STALE_SINCE}"
NO_WORD = "no word"


def current(kinds: tuple[Kind, ...], *tests: str, buckets: Buckets) -> str:
    """How each thing stands at the end of the time shown: one row each, in the name ``current``.

    The last point of each field is asked for, which the database knows without reading the others. Fields that the last point
    of a thing does not have are left where they were said, in another row, and go.
    """
    fields = ("stand", "reason", "open", "since", "last", "due")
    return "\n  ".join(
        (
            f"{_DATE}current = {read(StandingRow, fields, equals('kind', *kinds), *tests, buckets=buckets, then=' |> last()')}",
            '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
            "|> filter(fn: (r) => exists r.stand)",
            "|> group()",
            f"|> map(fn: (r) => ({{r with stand: if {_IS_STALE} then {int(Stand.UNKNOWN)} else r.stand, "
            f"reason: if {_IS_STALE} then {quoted(NO_WORD)} else r.reason}}))\n",
        )
    )


def changes(kinds: tuple[Kind, ...], *tests: str, buckets: Buckets, labels: tuple[str, ...] = ("name",)) -> str:
    """When each thing came to stand otherwise, and where the live log fell silent: a series for each set of ``labels``."""
    return "\n".join(
        (
            f"{_DATE}said = {read(StandingRow, ('stand',), equals('kind', *kinds), *tests, buckets=buckets)}",
            f"  {by('run', *labels)}",
            '  |> sort(columns: ["_time"])',
            f"  {keep('_time', '_value', 'run', *labels)}",
            "turned = said",
            '  |> duplicate(column: "_value", as: "stand")',
            '  |> difference(columns: ["_value"], keepFirst: true)',
            "  |> filter(fn: (r) => not exists r._value or r._value != 0)",
            "  |> map(fn: (r) => ({r with _value: r.stand}))",
            '  |> drop(columns: ["stand"])',
            "// What is not said any more is not known any more.",
            "silent = said",
            '  |> last(column: "_time")',
            f"  |> filter(fn: (r) => {_IS_STALE})",
            f"  |> map(fn: (r) => ({{r with _time: date.add(d: {STALE}, to: r._time), _value: {int(Stand.UNKNOWN)}}}))",
            "union(tables: [turned, silent])",
            f"  {by(*labels)}",
            '  |> sort(columns: ["_time"])',
            f"  {keep('_time', '_value', *labels)}",
        )
    )


def lasted(kinds: tuple[Kind, ...], *tests: str, buckets: Buckets) -> str:
    """Each stretch of one standing with its length in seconds, up to the end of the time shown, in the name ``lasted``."""
    turns = changes(kinds, *tests, buckets=buckets).replace(
        "union(tables: [turned, silent])", "ended = union(tables: [turned, silent])"
    )
    return (
        f'import "contrib/tomhollingworth/events"\n{turns}\n'
        f'lasted = ended |> events.duration(unit: 1s, columnName: "lasted", stop: {STOP})\n'
    )


def shares(kinds: tuple[Kind, ...], *tests: str, buckets: Buckets) -> str:
    """Of each thing, in the name ``shares``: the seconds it was not lapsed (``up``), those of which anything is known, and all.

    Time in which nobody could say how it stood counts neither way.
    """
    return (
        f"{lasted(kinds, *tests, buckets=buckets)}"
        "shares = lasted\n"
        f"  |> map(fn: (r) => ({{r with known: if r._value == {int(Stand.UNKNOWN)} then 0 else r.lasted, "
        f"up: if r._value < {int(Stand.LAPSED)} then r.lasted else 0}}))\n"
        "  |> reduce(identity: {up: 0, known: 0, all: 0}, fn: (r, accumulator) => ({up: accumulator.up + r.up, "
        "known: accumulator.known + r.known, all: accumulator.all + r.lasted}))\n"
        f"  {by()}\n"
    )


def daily(kinds: tuple[Kind, ...], *tests: str, buckets: Buckets) -> str:
    """The worst standing of each day, UTC, a series for each thing: LAPSED before UNKNOWN before late before good.

    A day on which the live log said nothing is UNKNOWN. A run says only what changes, so there a day is as the one before.
    """
    worst = f"if r._value == {int(Stand.LAPSED)} then 3 else if r._value == {int(Stand.UNKNOWN)} then 2 else r._value"
    back = f"if r._value == 3 then {int(Stand.LAPSED)} else if r._value == 2 then {int(Stand.UNKNOWN)} else r._value"
    shaped = f"|> map(fn: (r) => ({{r with _value: {back}}})) {by('name')} {keep('_time', '_value', 'name')}"
    return "\n".join(
        (
            f"days = {read(StandingRow, ('stand',), equals('kind', *kinds), *tests, buckets=buckets)}",
            f"  |> map(fn: (r) => ({{r with _value: {worst}}}))",
            f"  {by('run', 'name', '_start', '_stop')}",
            '  |> aggregateWindow(every: 1d, fn: max, createEmpty: true, timeSrc: "_start")',
            f"live = days |> filter(fn: (r) => r.run == {quoted(LIVE)}) |> fill(value: 2) {shaped}",
            f"runs = days |> filter(fn: (r) => r.run != {quoted(LIVE)}) |> fill(usePrevious: true)",
            f"  |> filter(fn: (r) => exists r._value) {shaped}",
            "union(tables: [live, runs])",
        )
    )
