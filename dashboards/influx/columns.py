"""From a row of the schema to its point: which columns are tags, which are fields and of what type."""

from dataclasses import fields
from typing import Annotated, get_args, get_origin, get_type_hints

from influxdb_client.client.write.point import Point
from influxdb_client.domain.write_precision import WritePrecision

from dashboards.influx.schema import LIVE, MINUTES, RECORDS, ROWS, RUNS, TAG, Row


def tags_of(row: type[Row]) -> tuple[str, ...]:
    """The tags of a measurement."""
    return tuple(name for name, (tag, _) in _COLUMNS[row].items() if tag)


def fields_of(row: type[Row]) -> dict[str, type]:
    """The fields of a measurement, each with its one type: the database refuses any other."""
    return {name: kind for name, (tag, kind) in _COLUMNS[row].items() if not tag}


def bucket_of(row: Row) -> str:
    """The bucket in which a row belongs."""
    if row.run != LIVE:
        return RUNS
    return MINUTES if row.minutely else RECORDS


def point(row: Row, time: int) -> Point:
    """The point of a row at a time in nanoseconds since 1970."""
    result = Point(row.measurement)
    for name, (tag, kind) in _COLUMNS[type(row)].items():
        value = getattr(row, name)
        if value is None or (tag and value == ""):
            continue
        if tag:
            result.tag(name, str(value))
        else:
            # An int where a float is declared would be another type to the database, and refused ever after.
            result.field(name, kind(value))
    result.time(time, WritePrecision.NS)
    return result


def _column(hint: object) -> tuple[bool, type]:
    """Whether a column is a tag, and its type."""
    if get_origin(hint) is Annotated:
        return TAG in get_args(hint)[1:], str
    some = [part for part in get_args(hint) if part is not type(None)]
    if some:
        return _column(some[0])
    assert isinstance(hint, type)
    return False, hint


def _columns(row: type[Row]) -> dict[str, tuple[bool, type]]:
    hints = get_type_hints(row, include_extras=True)
    return {field.name: _column(hints[field.name]) for field in fields(row)}


_COLUMNS = {row: _columns(row) for row in ROWS}
