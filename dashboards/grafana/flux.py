r"""Queries in Flux, put together so that no name and no value can become part of the program.

Three things meet in a query. Names and words of ours go through ``quoted``. What somebody chose in a list on the dashboard, or
wrote into its address, comes in by ``chosen`` alone: as a regular expression with Grafana's format ``regex``, which puts a
backslash before every character that means anything there, the slash and the dollar too. The time range is Grafana's own.

So one query serves the live log and every run: it reads the live bucket and that of the runs together and keeps the chosen run.
"""

import re
from collections.abc import Iterable
from typing import Literal

from dashboards.grafana.names import Buckets
from dashboards.influx.columns import fields_of
from dashboards.influx.schema import LIVE, Row

Variable = Literal["run", "dyad", "agreement", "channel"]
START, STOP = "v.timeRangeStart", "v.timeRangeStop"
EVER = "1900-01-01T00:00:00Z"
STALE = "10m"
"""Without a word for so long, what was said before is not what is: UNKNOWN."""
_PLAIN = re.compile(r"[A-Za-z0-9 _.:,;()\[\]<>=/+*?!'@#%&|~^-]")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def quoted(text: str) -> str:
    r"""A string in Flux. What is not plain is spelled out by its bytes (``\xHH``): nothing can end it or open ``${``."""
    spelled = (char if _PLAIN.fullmatch(char) else "".join(f"\\x{byte:02x}" for byte in char.encode()) for char in text)
    return f'"{"".join(spelled)}"'


def named(column: str) -> str:
    """A column, written with a dot: only plain names can be.

    Raises:
        ValueError: when it is no plain name.
    """
    if not _NAME.fullmatch(column):
        raise ValueError(f"expected a column's plain name, got {column!r}")
    return f"r.{column}"


def equals(column: str, *words: str) -> str:
    """The column is one of these words."""
    some = " or ".join(f"{named(column)} == {quoted(word)}" for word in words)
    return f"({some})" if len(words) > 1 else some


def chosen(column: str, variable: Variable) -> str:
    """The column is what was chosen of the variable."""
    return f"{named(column)} =~ /^${{{variable}:regex}}$/"


def or_absent(column: str, test: str) -> str:
    """The test, or a row that has no such column: a regime has no dyad."""
    return f"(not exists {named(column)} or {test})"


def read(
    row: type[Row],
    fields: Iterable[str],
    *tests: str,
    buckets: Buckets,
    start: str = START,
    stop: str = STOP,
    then: str = "",
) -> str:
    """Points of one measurement of the chosen run, live or not, one field a row.

    ``then`` is done to the points of each bucket by itself, where the database can do it without reading them all.

    Raises:
        ValueError: when the measurement has no such field.
    """
    known = fields_of(row)
    for field in fields:
        if field not in known:
            raise ValueError(f"expected a field of {row.measurement} ({', '.join(known)}), got {field!r}")
    live = buckets.minutes if row.minutely else buckets.records
    tests = (equals("_measurement", row.measurement), equals("_field", *fields), chosen("run", "run"), *tests)
    return together(_from(bucket, start, stop, tests) + then for bucket in (live, buckets.runs))


def read_from(bucket: str, row: type[Row], fields: Iterable[str], *tests: str, start: str = START, stop: str = STOP) -> str:
    """Points of one measurement out of one bucket, without any choice."""
    return _from(bucket, start, stop, (equals("_measurement", row.measurement), equals("_field", *fields), *tests))


def only_runs(
    row: type[Row], fields: Iterable[str], *, chosen_run: bool = False, start: str, stop: str, buckets: Buckets
) -> str:
    """Points of one measurement of replays and drills: of all, or of the chosen one."""
    run = chosen("run", "run") if chosen_run else f"not {equals('run', LIVE)}"
    return read_from(buckets.runs, row, fields, run, start=start, stop=stop)


def together(tables: Iterable[str]) -> str:
    """The rows of several queries."""
    some = ",\n  ".join(tables)
    return f"union(tables: [\n  {some},\n])"


def _from(bucket: str, start: str, stop: str, tests: Iterable[str]) -> str:
    return f"from(bucket: {quoted(bucket)}) |> range(start: {start}, stop: {stop}) |> filter(fn: (r) => {' and '.join(tests)})"


def wide() -> str:
    """Each point one row, its fields as columns. Two points of one series never share an instant."""
    return '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()'


def lists(columns: Iterable[str]) -> str:
    """A list of columns."""
    return f"[{', '.join(quoted(column) for column in columns)}]"


def by(*columns: str) -> str:
    """Group by these columns, or all in one table."""
    return f"|> group(columns: {lists(columns)})" if columns else "|> group()"


def keep(*columns: str) -> str:
    """Only these columns, whatever else there is."""
    return f"|> keep(columns: {lists(columns)})"


def last_revision(*identity: str) -> str:
    """Of each thing its last revision: they are in order of time."""
    return f'{by(*identity)} |> sort(columns: ["revision"]) |> last(column: "revision") |> group()'
