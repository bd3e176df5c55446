"""How long a worker that was away needs until its now is the present again."""

import asyncio
import itertools
import time
from collections.abc import Iterable
from typing import Literal, NamedTuple

from producers.publish import Publisher
from streams.events.decode import decode
from streams.routes import Homes, routes_of
from streams.rulebook import RuleBook
from streams.topics import catalogue
from tests.benchmarks.live.ground import Judged, Log, group_named, judging, wait
from tests.benchmarks.live.judge import Note
from tests.benchmarks.live.latency import Made, mixed, ticking
from tests.benchmarks.live.rules import RULES
from tests.benchmarks.live.wire import Wire

BY = "calls"
CURRENT = 2.0
"""A partition whose last tick is no older than this is current, seconds: two ticks."""
_BEFORE = 1_000
_FEW = 100
_PATIENCE = 300.0


class CatchUp(NamedTuple):
    """One absence.

    Attributes:
        whole: From the start of the new process until every partition is current, seconds.
        judging: From its first record until then, seconds.
    """

    whole: float
    judging: float


def catch_up(log: Log, number: object, how: Literal["ended", "killed"], lag: int) -> CatchUp:
    """Let a worker live, end it in that way, send ``lag`` events, start another, and wait until it is current."""
    group, due = group_named(log, f"{how}-{number}"), 0
    with judging(log, group, BY) as first:
        ticking(log, first)
        due += asyncio.run(_living(log))
        wait(lambda: len(log.lapses()) >= due, [first], 30.0)
        if how == "killed":
            first.process.kill()
            first.process.wait(10)
        else:
            first.end()
    due += _publish(log, itertools.starmap(_mostly_well, ((count, f"lag-{count}") for count in range(lag))))
    wall, began = time.time() - time.monotonic(), time.monotonic()
    with judging(log, group, BY) as second:
        current = _current(log, second, wall)
        wait(lambda: len(log.lapses()) >= due, [second], 30.0)
        second.end()
        start = min(note.at for note in second.notes() if note.what == "begins")
    return CatchUp(current - began, current - start)


def _mostly_well(number: int, name: str) -> Made:
    """One event in a hundred is a declined call or a launch without notice; the others are checks that are answered."""
    return mixed(number // _FEW * 2 if number % _FEW == 0 else number * 2 + 1, name)


async def _living(log: Log) -> int:
    due = 0
    async with Wire(log, RULES[BY](), lambda *_: None) as wire:
        for count in range(_BEFORE):
            record, lapses = _mostly_well(count, f"before-{count}")
            due += lapses
            await wire.send(record)
            await asyncio.sleep(0.002)
    return due


def _publish(log: Log, made: Iterable[Made]) -> int:
    homes, due = Homes.of(RuleBook(RULES[BY]())), 0
    with Publisher(log.bootstrap, {one.name: one.name for one in catalogue()}, 60.0) as publisher:
        for record, lapses in made:
            due += lapses
            for topic, partition, key in routes_of(decode(record), homes, log.partitions):
                publisher.send(topic, partition, key, record)
    return due


def _current(log: Log, process: Judged, wall: float) -> float:
    """The moment at which every partition was current for the first time."""
    moments: list[float] = []

    def reached() -> bool:
        moment = _first_current(log.partitions, process.notes(), wall)
        moments.extend(() if moment is None else (moment,))
        return moment is not None

    wait(reached, [process], _PATIENCE, 0.2)
    return moments[0]


def _first_current(partitions: int, notes: list[Note], wall: float) -> float | None:
    now: dict[int, float] = {}
    for note in sorted(notes, key=lambda note: note.at):
        if note.now is not None:
            now[note.partition] = note.now.timestamp()
            if len(now) == partitions and min(now.values()) >= note.at + wall - CURRENT:
                return note.at
    return None
