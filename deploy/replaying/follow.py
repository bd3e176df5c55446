"""Judges an embedded log as it grows, and is its clock.

A log without a clock is judged by when each event was known. From the moment on when somebody follows it, it has one: a tick
is appended after new events, and when something falls due, and never without need. So the log alone says what was judged when,
and a replay of it finds the same lapses, revision by revision.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from deploy.replaying.replay import Edges, Run, ticks_itself
from streams.agreements.model import Agreement
from streams.events import Tick
from streams.events.decode import decode
from streams.lapses import Lapse
from streams.live.clock import SOURCE, Steady, tick
from streams.log.recording import Lines
from streams.log.sqlite import Entry, Log, LogError, Refusal
from streams.watch import Watch

_BATCH = 4_096
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)


class Follower:
    """Follows one log, in the thread that looks at it first."""

    def __init__(
        self,
        path: Path,
        agreements: Sequence[Agreement],
        clock: Callable[[], datetime],
        *,
        elapsed: Callable[[], float] | None = None,
        run: str | None = None,
    ) -> None:
        """Prepare; nothing is open yet.

        Args:
            path: The log; it is made where there is none.
            agreements: By which it is judged.
            clock: The time of day, UTC.
            elapsed: Seconds that nobody can set: a time of day that leaps away from them is not followed. Without it each is.
            run: The replay or drill that it belongs to.
        """
        self._path = path
        self._clock = clock
        self._elapsed = elapsed
        self._steady = Steady()
        self._found: list[Lapse] = []
        self._watch = Watch(agreements, run=run)
        edges = Edges(clock=lambda: 0.0, now=clock, refuse=self._refuse, changed=self._found.extend)
        self._run = Run(self._watch, edges, _AFTER_ALL)
        self._log: Log | None = None
        self._position = 0
        # At the start the log gets a clock, whatever stands in it.
        self._fresh = True

    def poll(self) -> list[Lapse]:
        """The revisions since the last look, in their order; all of them at the first.

        Raises:
            OSError: when the log cannot be read or written now.
        """
        try:
            if self._log is None:
                self._log = Log(self._path)
            self._read(self._log)
            now = self._now()
            wake = self._watch.wake
            if self._fresh or (wake is not None and wake <= now):
                self._log.append([_tick(now)], now)
                self._read(self._log)
                self._fresh = False
        except LogError as error:
            raise OSError(str(error)) from error
        found = self._found[:]
        self._found.clear()
        return found

    def _now(self) -> datetime:
        """The time to tell: what the log was once told can never be taken back, and would make lapse what is not due."""
        wall = self._clock()
        return wall if self._elapsed is None else self._steady.now(wall, self._elapsed())

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            self._log.close()

    def _read(self, log: Log) -> None:
        """Judge what is new."""
        records = log.read(self._position)
        while batch := list(islice(records, _BATCH)):
            lines = [record.data for record in batch]
            if not self._run.batches:
                self._run.ticking = ticks_itself(lines)
            self._run.receive(Lines(str(self._path), batch[0].position, lines, 0))
            self._position = batch[-1].position
            self._fresh = self._fresh or any(record.kind != _TICK for record in batch)

    def _refuse(self, refusals: Sequence[Refusal]) -> None:
        assert self._log is not None
        self._log.refuse(refusals, self._clock())


_TICK = str(Tick.__struct_config__.tag)


def _tick(now: datetime) -> Entry:
    data = tick(now)
    return Entry(SOURCE, decode(data).id, _TICK, data)
