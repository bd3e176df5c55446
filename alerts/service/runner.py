"""What runs a desk, whatever keeps its journal: entries in, sendings to the outbox, outcomes and ticks back into the journal.

1. Everything that the desk is to know is appended to the journal first, and reaches the desk from there.
2. What the desk wants to be said goes to the outbox, and its outcome to the journal.
3. When the desk's next moment has come, a tick goes to the journal.
4. After a start nothing is delivered before the journal is read to its end: the outcome of a sending may stand there.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

import structlog

from alerts.delivery.alertmanager import AlertmanagerReceiver
from alerts.delivery.outbox import Outbox, Patience
from alerts.delivery.ports import Message, Port, Wording
from alerts.journal import AnyEntry, OutcomeEntry, TickEntry
from alerts.policy import Policy
from alerts.sendings import Outcome, Sending
from alerts.station import Station
from alerts.wording import body, subject

_LONGEST_SLEEP = 30.0
"""Seconds after which the time of day is looked at anew: it may have been set."""
_BEHIND = timedelta(seconds=2)
"""So far behind the desk's time the time of day may be; what is more is told."""
_log = structlog.stdlib.get_logger(__name__)


class Journal(Protocol):
    """Where entries go."""

    async def append(self, entries: Sequence[AnyEntry]) -> None:
        """Append; returns once they are durable. They come back by ``Runner.took``, in the order of the journal."""


class Runner:
    """One desk at work, from the moment it has its journal to the moment it must give it up."""

    def __init__(
        self,
        station: Station,
        policy: Policy,
        ports: Mapping[str, Port],
        journal: Journal,
        *,
        clock: Callable[[], datetime],
        crash: Callable[[BaseException], object],
        awake: Callable[[], object] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare.

        Args:
            station: The desk, with the state that it had.
            policy: Whom to tell what.
            ports: The ways out, by the ids of receivers.
            journal: Where entries go.
            clock: The time of day, UTC.
            crash: Is told of a fault of our own.
            awake: Raises where this desk may be the desk no more; see ``Outbox``.
            patience: The outbox's.
        """
        self.station = station
        self.journal = journal
        self.clock = clock
        self.ticks = 0
        self.live = False
        """Whether the journal was read to the end it had at the start."""
        self._ports = ports
        self._crash = crash
        self._wording = wording(policy)
        self.outbox = Outbox(
            policy.receivers, ports, self._wording, self._record, clock=clock, crash=crash, awake=awake, patience=patience
        )
        self._reached = (datetime.min.replace(tzinfo=UTC), 0.0)
        """The desk's time, and when by the monotonic clock it came to it."""
        self._behind = False
        self._stirred = asyncio.Event()
        self._clockwork: asyncio.Task[None] | None = None

    def took(self, entries: Iterable[AnyEntry]) -> None:
        """Entries of the journal, in its order. What is to be said for them goes out once the desk is live."""
        self.send([sending for entry in entries for sending in self.station.take(entry)])

    def send(self, sendings: Iterable[Sending]) -> None:
        """Deliver what the desk said; before the end of the journal it only waits, as pending."""
        if self.live:
            for sending in sendings:
                self.outbox.put(sending)
        self._stirred.set()

    def go_live(self) -> None:
        """The journal was read to its end: deliver what has no outcome, and let time pass."""
        self.live = True
        for place, sending in self.station.firing.items():
            port = self._ports.get(place[0])
            if isinstance(port, AlertmanagerReceiver):
                port.resume(Message(sending, *self._wording(sending)), self.station.fired.get(place))
        self.send(list(self.station.pending.values()))
        self._clockwork = asyncio.create_task(guarded(self._tick, self._crash))

    async def close(self) -> None:
        """Deliver nothing any more, and let no time pass."""
        self.live = False
        if self._clockwork is not None:
            self._clockwork.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._clockwork
        await self.outbox.close()

    async def _record(self, outcomes: Sequence[Outcome]) -> None:
        await self.journal.append([OutcomeEntry(at=self.clock(), outcome=outcome) for outcome in outcomes])

    async def _tick(self) -> None:
        desk, last = self.station.desk, None
        while True:
            self._stirred.clear()
            wake, now = desk.wake, self._now()
            if wake is not None and wake <= now and wake != last:
                last = wake
                await self._let_be(now)
                continue
            left = _LONGEST_SLEEP if wake is None or wake == last else min(_LONGEST_SLEEP, (wake - now).total_seconds())
            # No ``wait_for``: before Python 3.12 it lost a cancellation that came with the event, and the end waited for ever.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.001, left)):
                    await self._stirred.wait()
            last = None

    def _now(self) -> datetime:
        """The time of day; where the desk's own is ahead, that and what passed since.

        The desk's time never goes back. Were it to wait for a clock that was set back, it would say nothing for as long.
        """
        time, now = self.station.desk.now, self.clock()
        if time != self._reached[0]:
            self._reached = time, monotonic()
        onward = time + timedelta(seconds=monotonic() - self._reached[1])
        behind = onward - now > _BEHIND
        if behind and not self._behind:
            _log.error("the time of day is behind the desk's, which goes on without it", seconds=(onward - now).total_seconds())
        self._behind = behind
        return max(now, onward)

    async def _let_be(self, now: datetime) -> None:
        """Append a tick, and wait until the desk has had it: nothing is due twice."""
        self.ticks += 1
        await self.journal.append([TickEntry(at=now)])
        while self.station.desk.now < now:
            await self._stirred.wait()
            self._stirred.clear()


async def guarded(work: Callable[[], Awaitable[None]], crash: Callable[[BaseException], object]) -> None:
    """Do work without which the desk is none: its end by a fault must end the desk."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - whatever it is
        _log.critical("the desk cannot go on", exc_info=error)
        crash(error)


def wording(policy: Policy) -> Wording:
    """Puts sendings into words by this policy."""
    return lambda sending: (subject(sending, policy), body(sending, policy))
