"""The clock: the only place of the live watch that reads the time of day. It writes the time into the log as ticks.

**One clock.** The worker that owns partition number 0 sends a tick each second to every partition of the three input topics.
Where that partition moves to another worker, the clock moves with it; should both tick for a moment, or the new one's time of
day be behind, the ticks that are not later than the last are passed over by whoever reads the log. In a run there is no clock:
the publisher of its records brings the ticks.

**A time of day that leaps is not followed.** Minutes too far it would make things lapse that are not due; minutes back nothing
would be found until it is there again. So the clock goes on by the seconds since, until the time of day is where it ought to
be. Which of the two is right a program cannot know: the worker is not ready, and whoever starts it anew decides.

**Early ticks.** An event is judged at the tick after it, so it would wait for up to a second. Where a partition number has had
events waiting for a moment and has read all that there is, its owner sends a tick of its own to the three topics of that
number alone, and one more after it for events that are dated a little later. (It does not wait for a pause in the events:
where one comes every few milliseconds there is none.) Its time
is that of the clock's last tick it has passed, and as many seconds more as have gone by since by the monotonic clock, one tick
period at most. So an owner's wrong time of day never gets into the log, and an early tick is never ahead of the clock's own
time: what has passed since the tick was passed is less than what has passed since it was sent. Nothing is left to judge in the
second that it cuts short: an event that comes later is put in by its own times, late or not, as everywhere.

There are none while a worker catches up: the log's next ticks are there already, and would be nearer to the events.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from streams.daytime import utc
from streams.events import Tick
from streams.events.decode import encode
from streams.events.housekeeping import Reading

log = logging.getLogger(__name__)

SOURCE = "urn:steadyline:clock"
LEAP = 2.0
"""Seconds by which the time of day may part from the seconds since at once: whoever keeps it right moves it by less."""
QUIET = 0.04
"""Seconds that an event waits before an early tick is due: what came in together is judged together."""
BETWEEN = 0.05
"""Seconds between two early ticks of a partition number, at least."""


def tick(now: datetime, partition: int | None = None) -> bytes:
    """A tick as a record; its id sorts by its time.

    Args:
        now: The time it tells, with its zone.
        partition: The partition number whose owner sends it early; none for one of the clock.
    """
    moment = now.astimezone(UTC)
    stamp = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    name = f"clock/{stamp}" if partition is None else f"clock/{stamp}/early-{partition}"
    return encode(Tick(specversion="1.0", id=name, source=SOURCE, time=moment, data=Reading(partition=partition)))


def elapsed() -> float:
    """Seconds that nobody can set; those in which the machine was asleep count, where the system tells of them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Steady:
    """The time of day as long as it does not leap, else the last one that did not and the seconds since."""

    def __init__(self) -> None:
        self._base: tuple[datetime, float] | None = None
        self.leap = 0.0
        """By how many seconds the time of day is ahead of what is told; nought where it is followed."""

    def now(self, wall: datetime, at: float) -> datetime:
        """The time to tell where the time of day is ``wall`` and ``at`` seconds have gone by."""
        if self._base is not None:
            known, since = self._base
            expected = known + timedelta(seconds=at - since)
            leap = (wall - expected).total_seconds()
            if abs(leap) > LEAP:
                if not self.leap:
                    log.critical("the time of day leapt by %+.0f s; the clock goes on without it", leap)
                self.leap = leap
                return expected
        if self.leap:
            log.warning("the time of day is where it ought to be again, and the clock follows it")
        self._base, self.leap = (wall, at), 0.0
        return wall


async def run(period: float, send: Callable[[bytes, float], Awaitable[None]]) -> None:
    """Send a tick each ``period`` seconds, on the whole multiples of it, until cancelled.

    Args:
        period: Seconds.
        send: Takes each tick, and by how many seconds the time of day has leapt away from it.
    """
    steady = Steady()
    while True:
        now = steady.now(utc(), elapsed())
        await send(tick(now), steady.leap)
        spent = steady.now(utc(), elapsed()).timestamp() % period
        await asyncio.sleep(period - spent)


class Early:
    """When an early tick of one partition number is due, and which time it tells. Moments are monotonic seconds."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._clock: tuple[datetime, float] | None = None
        self._sent: datetime | None = None
        self._sent_at = float("-inf")

    def passed(self, now: datetime | None, at: float) -> None:
        """The partition number has passed its ticks up to ``now``."""
        if now is None or now == self._sent or (self._clock is not None and now <= self._clock[0]):
            return
        if self._sent is not None and now < self._sent:
            return
        self._clock = (now, at)

    def due_at(self, since: float) -> float | None:
        """When the next one is due where events wait since ``since``; ``None`` where the clock's own is nearer, or missing."""
        if self._clock is None:
            return None
        due = max(since + QUIET, self._sent_at + BETWEEN)
        return due if due <= self._clock[1] + self._period else None

    def time(self, at: float) -> datetime | None:
        """The time to tell at ``at``; ``None`` where it would not be later than the last."""
        if self._clock is None:
            return None
        since = min(at - self._clock[1], self._period)
        moment = self._clock[0] + timedelta(seconds=since)
        if moment <= self._clock[0] or (self._sent is not None and moment <= self._sent):
            return None
        self._sent, self._sent_at = moment, at
        return moment
