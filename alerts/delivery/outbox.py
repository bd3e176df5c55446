"""The outbox: delivers what the desk wants to be said, for as long as it takes, and tells what came of it.

1. What is said about one page to one receiver goes out in its order: an all-clear never overtakes its alarm.
2. A receiver that does not take something is tried again a few times, with growing pauses. Then its stand-ins are tried in
   turn. When none takes it, all are tried again later, and so on for a day.
3. Each outcome is recorded before the next thing is said to that receiver about that page. A death between sending and
   recording is the only case in which something is said twice; it has the same key then.
4. A receiver that hangs holds up nobody: each has its own tries under way, so many at a time.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import structlog
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from alerts.delivery.ports import Message, Port, UndeliveredError, Wording
from alerts.policy import Receiver
from alerts.sendings import Outcome, Sending

Record = Callable[[Sequence[Outcome]], Awaitable[None]]
"""Puts outcomes on record, durably, or raises."""
AT_ONCE = 4
"""Tries that are under way to one receiver at the same time."""
_TOLD = 2
"""After so many rounds in vain it is put on record: a receiver that hiccups is no trouble yet, one that is down is."""
_log = structlog.stdlib.get_logger(__name__)


class Patience(NamedTuple):
    """How long to go on, in seconds.

    Attributes:
        tries: With one receiver before its stand-ins are tried.
        pause: After the first try; it doubles from then on.
        longest_pause: At most.
        rest: After all of them failed; it doubles too.
        longest_rest: At most.
        give_up: Since the first try.
    """

    tries: int = 3
    pause: float = 0.5
    longest_pause: float = 8.0
    rest: float = 5.0
    longest_rest: float = 300.0
    give_up: float = 86_400.0


class Outbox:
    """Everything that is on its way. Runs in one loop; ``put`` returns at once."""

    def __init__(
        self,
        receivers: Iterable[Receiver],
        ports: Mapping[str, Port],
        wording: Wording,
        record: Record,
        *,
        clock: Callable[[], datetime],
        crash: Callable[[BaseException], object],
        awake: Callable[[], object] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare.

        Args:
            receivers: Those of the policy.
            ports: Their ways out, by id.
            wording: Puts a sending into words.
            record: Puts outcomes on record.
            clock: The time of day, UTC.
            crash: Is told of a fault of our own: the desk must end and begin again, since something would not be said.
            awake: Raises where this desk may be the desk no more, since it stood still for too long: nothing is said then.
            patience: How long to go on.
        """
        self._awake = awake
        self._receivers = {receiver.id: receiver for receiver in receivers}
        self._ports = ports
        self._wording = wording
        self._record = record
        self._clock = clock
        self._crash = crash
        self._patience = patience or Patience()
        self._chains: dict[tuple[str, str], deque[Sending]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = {name: asyncio.Semaphore(AT_ONCE) for name in ports}
        self._failing: dict[str, str] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        """Outcomes on record, by receiver and whether it took it: ``delivered``, ``failed``, ``given-up``."""

    @property
    def names(self) -> Iterable[str]:
        """The receivers' ids."""
        return self._ports

    @property
    def waiting(self) -> int:
        """Sendings that are under way or wait for their turn."""
        return sum(map(len, self._chains.values()))

    @property
    def failing(self) -> Mapping[str, str]:
        """Receivers that did not take the last thing they were sent, and why."""
        return self._failing

    def put(self, sending: Sending) -> None:
        """Have it delivered. What is on its way already is not put again."""
        place = sending.receiver, sending.page
        chain = self._chains.setdefault(place, deque())
        if any(each.key == sending.key for each in chain):
            return
        chain.append(sending)
        if len(chain) == 1:
            task = asyncio.create_task(self._carry(place, chain))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.critical("the outbox has a fault of its own", exc_info=error)
            self._crash(error)

    async def close(self) -> None:
        """End; what is under way and not on record is put again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for port in self._ports.values():
            await port.close()

    async def _carry(self, place: tuple[str, str], chain: deque[Sending]) -> None:
        while chain:
            outcomes = await self._delivered(chain[0])
            await self._tell(outcomes)
            chain.popleft()
        del self._chains[place]

    async def _delivered(self, sending: Sending) -> list[Outcome]:
        """Try until somebody has it or the day is over; what is to be recorded then."""
        chosen = self._chosen(sending)
        if not chosen:
            what = "a drill" if _is_drill(sending) else "no drill"
            return [self._outcome(sending, sending.receiver, 0, f"{what} goes to {sending.receiver}: not by this policy")]
        try:
            title, body = self._wording(sending)
        except Exception as error:  # noqa: BLE001 - what cannot be worded must not keep the rest from going out
            _log.exception("a sending cannot be put into words", key=sending.key)
            return [self._outcome(sending, sending.receiver, 0, f"no words for it: {type(error).__name__}")]
        round_ = _Round(self, Message(sending, title, body), chosen)
        patience = self._patience
        with suppress(RetryError):
            return await AsyncRetrying(
                wait=_pauses(patience.rest, patience.longest_rest),
                stop=stop_after_delay(patience.give_up),
                retry=retry_if_result(lambda outcomes: outcomes is None),
            )(round_.tried)
        reason = f"given up after {patience.give_up:g} s: {round_.reason}"
        return [self._outcome(sending, sending.receiver, round_.attempts, reason)]

    def _chosen(self, sending: Sending) -> list[str]:
        """The receiver and its stand-ins, those alone that may have it: a drill never gets to who is there for the real."""
        first = self._receivers.get(sending.receiver)
        if first is None or first.exercise != _is_drill(sending):
            return []
        stand_ins = [name for name in first.instead if self._receivers[name].exercise == first.exercise]
        return [first.id, *stand_ins]

    async def once(self, name: str, message: Message, tries: int) -> int:
        """Try one receiver, so many times at most; how many times it took.

        Raises:
            UndeliveredError: when it does not take it.
        """
        patience, attempts = self._patience, 0
        async for attempt in AsyncRetrying(
            wait=_pauses(patience.pause, patience.longest_pause),
            stop=stop_after_attempt(tries),
            retry=retry_if_exception_type(UndeliveredError),
            reraise=True,
        ):
            with attempt:
                attempts += 1
                async with self._room[name]:
                    self._awake()
                    await self._ports[name].deliver(message)
        return attempts

    def tries(self, name: str) -> int:
        """How often to try a receiver: once, where it is known to take nothing."""
        return 1 if name in self._failing else self._patience.tries

    def took(self, name: str, why_not: str | None) -> None:
        """Remember how a receiver is."""
        if why_not is None:
            self._failing.pop(name, None)
        else:
            self._failing[name] = why_not

    async def tell_failure(self, message: Message, name: str, attempts: int, reason: str) -> None:
        """Put on record that a receiver did not take something yet."""
        _log.warning("not delivered yet", key=message.sending.key, receiver=name, attempts=attempts, why=reason)
        outcome = self._outcome(message.sending, name, attempts, reason, final=False)
        await self._tell([outcome])

    def success(self, message: Message, name: str, attempts: int, passed: Sequence[tuple[str, int, str]]) -> list[Outcome]:
        """What is to be recorded when ``name`` took it, after others that did not."""
        sending = message.sending
        failed = [self._outcome(sending, other, tried, reason) for other, tried, reason in passed]
        took = Outcome(key=sending.key, receiver=name, at=self._clock(), delivered=True, attempts=attempts)
        return [*failed, took]

    def _outcome(self, sending: Sending, receiver: str, attempts: int, reason: str, *, final: bool = True) -> Outcome:
        return Outcome(
            key=sending.key,
            receiver=receiver,
            at=self._clock(),
            delivered=False,
            attempts=attempts,
            reason=reason,
            final=final,
        )

    async def _tell(self, outcomes: Sequence[Outcome]) -> None:
        """Record, however often it takes: what was said must not be said again because the journal was away."""
        async for attempt in AsyncRetrying(wait=_pauses(self._patience.pause, 5.0)):
            with attempt:
                try:
                    await self._record(outcomes)
                except Exception as error:
                    _log.warning("outcomes could not be recorded yet", why=f"{type(error).__name__}: {error}")
                    raise
        for outcome in outcomes:
            what = "delivered" if outcome.delivered else "given-up" if outcome.final else "failed"
            self.counts[outcome.receiver, what] += 1


class _Round:
    """One sending: the receiver and its stand-ins tried in turn, round after round."""

    def __init__(self, outbox: Outbox, message: Message, chosen: Sequence[str]) -> None:
        self._outbox = outbox
        self._message = message
        self._chosen = chosen
        self._rounds = 0
        self.attempts = 0
        self.reason = ""

    async def tried(self) -> list[Outcome] | None:
        """One round: the outcomes to record where somebody took it, ``None`` where nobody did."""
        passed: list[tuple[str, int, str]] = []
        for name in self._chosen:
            tries = self._outbox.tries(name)
            try:
                took = await self._outbox.once(name, self._message, tries)
            except UndeliveredError as error:
                self._outbox.took(name, str(error))
                self.attempts += tries
                self.reason = str(error)
                passed.append((name, tries, str(error)))
                continue
            self._outbox.took(name, None)
            return self._outbox.success(self._message, name, took, passed)
        self._rounds += 1
        if self._rounds == _TOLD:
            for name, tries, reason in passed:
                await self._outbox.tell_failure(self._message, name, tries, reason)
        return None


def _pauses(first: float, longest: float) -> wait_exponential_jitter:
    return wait_exponential_jitter(multiplier=first, max=longest, jitter=first)


def _is_drill(sending: Sending) -> bool:
    return sending.exercise or sending.run is not None
