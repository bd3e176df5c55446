"""What ought to stand in the database: from one undisturbed run, without a broker, a worker or a writer."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboards.influx.columns import tags_of
from dashboards.influx.points import Timed
from dashboards.influx.reading import Record
from dashboards.influx.schema import LIVE
from dashboards.influx.writer import Writer
from producers.plan import Sending
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.lapses import encode_lapse
from streams.partition import PartitionWatch
from streams.posture import encode_posture
from streams.topics import INPUTS, LAPSES, STATES

BUILTIN = load_builtin()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Told = dict[str, list[dict[str, Any]]]
"""By measurement its points, a column for each tag and field, by time."""


def records(
    sendings: Sequence[Sending], run: str | None, partitions: int, agreements: Sequence[Agreement] = BUILTIN
) -> Iterator[Record]:
    """All records that the writer reads of a log: what was sent, and what one watch for each partition number makes of it."""
    for number in range(partitions):
        watch = PartitionWatch(agreements, number, partitions, run=run)
        for topic in INPUTS:
            sent = [one.value for one in sendings if (one.topic, one.partition) == (topic, number)]
            yield from (Record(topic, number, offset, 0, value) for offset, value in enumerate(sent))
            taken = watch.take(topic, list(enumerate(sent)))
            yield from (Record(LAPSES, 0, 0, 0, encode_lapse(lapse)) for lapse in taken.lapses)
            yield from (Record(STATES, 0, 0, 0, encode_posture(posture)) for posture in taken.postures)


def rows(
    sendings: Sequence[Sending], run: str | None, partitions: int, agreements: Sequence[Agreement] = BUILTIN
) -> list[Timed]:
    """The rows of all of that."""
    return list(Writer(run or LIVE, agreements).rows(list(records(sendings, run, partitions, agreements))))


def told(timed: Sequence[Timed]) -> Told:
    """The points that rows make, each once: what is written last stands."""
    points: dict[tuple[str, Any, int], dict[str, Any]] = {}
    for row, time in timed:
        columns = {field.name: getattr(row, field.name) for field in fields(row)}
        columns = {name: value for name, value in columns.items() if value is not None}
        columns = {name: str(value) if isinstance(value, str) else value for name, value in columns.items()}
        tags = tuple(sorted((name, value) for name, value in columns.items() if name in tags_of(type(row))))
        columns["_time"] = EPOCH + timedelta(microseconds=time // 1_000)
        points[row.measurement, tags, time] = columns
    found: Told = {}
    for (measurement, _, _), columns in points.items():
        found.setdefault(measurement, []).append(columns)
    return {measurement: sorted(some, key=by_time) for measurement, some in found.items()}


def by_time(columns: dict[str, Any]) -> tuple[Any, ...]:
    return columns["_time"], repr(sorted((name, value) for name, value in columns.items() if name != "_time"))
