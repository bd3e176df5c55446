"""What a second worker costs the first: how long partitions stand still when it joins, leaves and is killed, under way."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from streams.lapses import Lapse
from tests.benchmarks.live.catchup import BY
from tests.benchmarks.live.ground import Judged, Log, group_named, judging, wait
from tests.benchmarks.live.judge import Note
from tests.benchmarks.live.latency import WARM_UP, mixed, ticking
from tests.benchmarks.live.rules import RULES
from tests.benchmarks.live.wire import Wire

RATE = 200.0
STILL = 2.0
"""Whoever has passed no tick for so many seconds stands still; a tick comes each second."""
_AFTER = 6.0
"""Seconds that each change is watched on once everybody is at work again."""
_SETTLED_WITHIN = 90.0
_STRAGGLING = 30.0

JOINS, LEAVES, KILLED = "joins", "leaves (SIGTERM)", "is killed (SIGKILL)"


class Stood(NamedTuple):
    """One change of the crew.

    Attributes:
        stopped: How many partitions passed no tick for longer than two ticks are apart.
        longest: The longest that any of them passed none, seconds.
        p99: From an event to its lapse, the 99th of a hundred of those sent in that time, milliseconds.
        worst: The worst of them.
    """

    stopped: int
    longest: float
    p99: float
    worst: float


class _Change(NamedTuple):
    what: str
    began: float
    ended: float


def rebalance(log: Log, number: object) -> list[tuple[str, Stood]]:
    """Let a second worker join, leave, join again and be killed while events come; what each of these cost."""
    with ExitStack() as stack:
        crew = _Crew(log, group_named(log, f"crew-{number}"), stack)
        ticking(log, crew.first)
        changes, sent, came = asyncio.run(_measured(log, crew, number))
        notes = crew.notes()
        crew.first.end()
    return [(change.what, _stood(change, notes, sent, came)) for change in changes]


class _Crew:
    """One worker that stays, and others that come and go."""

    def __init__(self, log: Log, group: str, stack: ExitStack) -> None:
        self._join: Callable[[], Judged] = lambda: stack.enter_context(judging(log, group, BY))
        self._partitions = log.partitions
        self.first = self._join()
        self._all = [self.first]

    def joins(self) -> None:
        self._all.append(self._join())
        self._settle()

    def leaves(self) -> None:
        self._all[-1].process.send_signal(signal.SIGTERM)
        self._all[-1].process.wait(60)
        self._settle()

    def is_killed(self) -> None:
        self._all[-1].process.kill()
        self._all[-1].process.wait(10)
        self._settle()

    def notes(self) -> list[Note]:
        """Those of all, in their order."""
        return sorted((note for one in self._all for note in one.notes()), key=lambda note: note.at)

    def _settle(self) -> None:
        """Wait until everybody who lives is at work, and all partitions are somebody's."""
        alive = [one for one in self._all if one.process.poll() is None]

        def at_work() -> bool:
            since = time.monotonic() - STILL
            shares = [{note.partition for note in one.notes() if note.now is not None and note.at > since} for one in alive]
            return all(shares) and len(set().union(*shares)) == self._partitions

        wait(at_work, alive, _SETTLED_WITHIN, 0.2)


async def _measured(log: Log, crew: _Crew, number: object) -> tuple[list[_Change], dict[str, float], dict[str, float]]:
    sent: dict[str, float] = {}
    came: dict[str, float] = {}
    changes: list[_Change] = []

    def arrived(lapse: Lapse, moment: float) -> None:
        if lapse.because in sent:
            came.setdefault(lapse.because, moment)

    async with Wire(log, RULES[BY](), arrived) as wire:
        sending = asyncio.create_task(_send(wire, sent, number))
        await asyncio.sleep(WARM_UP)
        for what, change in (
            (JOINS, crew.joins),
            (LEAVES, crew.leaves),
            (JOINS, crew.joins),
            (KILLED, crew.is_killed),
        ):
            began = time.monotonic()
            await asyncio.to_thread(change)
            await asyncio.sleep(_AFTER)
            changes.append(_Change(what, began, time.monotonic()))
        sending.cancel()
        await wire.until(lambda: len(came) >= len(sent), _STRAGGLING)
    lost = sent.keys() - came.keys()
    if lost:
        raise SystemExit(f"{len(lost)} of {len(sent)} events had no lapse, {min(lost)} for one")
    return changes, sent, came


async def _send(wire: Wire, sent: dict[str, float], number: object) -> None:
    began, count = time.monotonic(), 0
    while True:
        await asyncio.sleep(max(0.0, began + count / RATE - time.monotonic()))
        record, lapses = mixed(count, name := f"crew-{number}-{count}")
        if lapses:
            sent[name] = time.monotonic()
        # What was begun is finished: an event that is on record was also sent.
        await asyncio.shield(wire.send(record))
        count += 1


def _stood(change: _Change, notes: list[Note], sent: dict[str, float], came: dict[str, float]) -> Stood:
    still = _stand_stills(notes, change.began, change.ended)
    late = sorted((came[name] - moment) * 1_000 for name, moment in sent.items() if change.began <= moment < change.ended)
    return Stood(sum(each > STILL for each in still), max(still), late[len(late) * 99 // 100], late[-1])


def _stand_stills(notes: list[Note], began: float, ended: float) -> list[float]:
    """The longest time without progress of each partition, from its last progress before the change on."""
    last: dict[int, Note] = {}
    longest: dict[int, float] = {}
    for note in notes:
        if note.now is None or note.at > ended:
            continue
        before = last.get(note.partition)
        if before is not None and before.now is not None and note.now <= before.now:
            # Read again after a change of hands, or no tick in it.
            continue
        last[note.partition] = note
        if before is not None and note.at > began:
            longest[note.partition] = max(longest.get(note.partition, 0.0), note.at - before.at)
    return list(longest.values())
