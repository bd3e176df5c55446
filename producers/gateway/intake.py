"""Puts what was read into the log: one thread, one log, one ledger, many requests together.

Whatever waits is written as one: the ledger says what is new, the log takes that in and files the dead letters, and only then
is the ledger's transaction closed and everybody told. So a promise is never given before the log has kept it; dying in between
leaves events in the log that the ledger does not know, which are appended again when they are sent again, and count once.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import structlog

from producers.appending import TAKEN, AppendError, Arrival, Keeper, Unfit
from producers.gateway.ledger import Ledger, LedgerError
from producers.gateway.reading import Read
from producers.gateway.tokens import Token
from streams.daytime import utc
from streams.events import Retraction

MOST_WAITING = 67_108_864
"""Bytes that may wait for the log; beyond that the gateway is busy."""
TOGETHER = 5_000
"""Events of one transaction, about."""
MOST_SOURCES = 100
"""Sources of one id that a retraction is held against: everybody waits for that."""
WITHHELD = "another source took back its own event of this id, and with it any other: send it under another id"
_ASKED = 5.0
_EACH = 512
_log = structlog.stdlib.get_logger(__name__)


class BusyError(Exception):
    """More waits than can be held: try again soon."""


class AwayError(Exception):
    """The log does not take events in: try again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is fit for the log.

    Attributes:
        index: Its place in what was sent.
        raw: The bytes as they were sent.
    """

    index: int
    read: Read
    raw: bytes


@dataclass(frozen=True, slots=True)
class Turned:
    """An event that the ledger turned away."""

    index: int
    id: str
    field: str
    reason: str
    status: int


@dataclass(frozen=True)
class Parcel:
    """What one request brings at a time.

    Attributes:
        name: Under which name its sender is counted as heard.
        place: Where it came from, for dead letters.
        token: Whose it is; ``None`` for the gateway's own.
        ready: What is to be appended.
        unfit: What is to be filed as dead letters.
        notes: What a check said: its name, the signal, the text.
    """

    name: str
    place: str
    token: Token | None
    ready: Sequence[Waiting] = ()
    unfit: Sequence[Unfit] = ()
    notes: Sequence[tuple[str, str, str]] = ()

    @property
    def size(self) -> int:
        """Bytes that it holds, about."""
        return sum(len(one.raw) + len(one.read.data) + _EACH for one in self.ready) + sum(len(one.data) for one in self.unfit)


@dataclass
class Outcome:
    """What became of a parcel: how many were new, how many were known, and which were turned away."""

    accepted: int = 0
    duplicates: int = 0
    turned: list[Turned] = field(default_factory=list)


class _New(NamedTuple):
    """An event that the ledger did not know, and whose it is."""

    parcel: Parcel
    waiting: Waiting
    outcome: Outcome
    arrival: Arrival


class _Job(NamedTuple):
    parcel: Parcel | None
    size: int
    future: "asyncio.Future[Outcome]"
    loop: asyncio.AbstractEventLoop


class Intake:
    """The thread that writes."""

    def __init__(
        self,
        open_log: Callable[[], Keeper],
        open_ledger: Callable[[], Ledger],
        *,
        clock: Callable[[], datetime] = utc,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Prepare; nothing is open yet.

        Args:
            open_log: Opens the log, in the thread that writes it.
            open_ledger: The same for the ledger.
            clock: The time of day.
            most_waiting: Bytes that may wait.
        """
        self._open_log = open_log
        self._open_ledger = open_ledger
        self._clock = clock
        self._most = most_waiting
        self._waiting = 0
        self._guard = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._opened = threading.Event()
        self._failed: Exception | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="gateway-intake", daemon=True)
        self.trouble: str | None = None
        """Why the log took nothing in last time; ``None`` where it did."""
        self.heard: dict[str, float] = {}
        """When each source was last heard, seconds since 1970 UTC."""
        self.seconds = 0.0
        """Seconds that were spent on appending."""
        self.appends = 0
        """Transactions so far."""

    @property
    def waiting(self) -> int:
        """Bytes that wait for the log."""
        return self._waiting

    def start(self) -> None:
        """Open the log and the ledger, and begin to write.

        Raises:
            AppendError: when the log cannot be opened.
            LedgerError: when the ledger cannot be.
        """
        self._thread.start()
        self._opened.wait()
        if self._failed is not None:
            self._thread.join()
            raise self._failed

    def stop(self) -> None:
        """Write what waits, and let go of the log."""
        with self._guard:
            if not self._closing:
                self._closing = True
                self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    async def put(self, parcel: Parcel) -> Outcome:
        """Have a parcel written; returns once all of it is durable.

        Raises:
            BusyError: when too much waits already.
            AwayError: when the log does not take it in.
        """
        return await self._queued(parcel, parcel.size)

    async def ask(self) -> None:
        """Ask whether the log takes something in.

        Raises:
            AwayError: when it does not, or does not say so in time.
        """
        try:
            await asyncio.wait_for(self._queued(None, 0), _ASKED)
        except TimeoutError:
            raise AwayError(f"the log has not answered for {_ASKED:g} s") from None

    async def _queued(self, parcel: Parcel | None, size: int) -> Outcome:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        with self._guard:
            if self._closing:
                raise AwayError("the gateway is going down")
            if self._waiting and self._waiting + size > self._most:
                raise BusyError(f"{self._waiting} bytes wait for the log already")
            self._waiting += size
            self._jobs.put(_Job(parcel, size, future, loop))
        # Whoever asked may go; what was handed over is written all the same.
        return await asyncio.shield(future)

    # The thread

    def _run(self) -> None:
        try:
            log = self._open_log()
            try:
                ledger = self._open_ledger()
                self.heard = ledger.heard()
            except BaseException:
                log.close()
                raise
        except Exception as error:  # noqa: BLE001 - whoever starts it is told
            self._failed = error
            return
        finally:
            self._opened.set()
        try:
            while (first := self._jobs.get()) is not None:
                group, last = self._group(first)
                self._serve(log, ledger, group)
                if last:
                    break
        finally:
            ledger.close()
            log.close()

    def _group(self, first: _Job) -> tuple[list[_Job], bool]:
        """Whatever waits, up to about one transaction's worth; whether nothing comes after it."""
        group, events = [first], len(first.parcel.ready) if first.parcel else 0
        while events < TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
            events += len(job.parcel.ready) if job.parcel else 0
        return group, False

    def _serve(self, log: Keeper, ledger: Ledger, group: list[_Job]) -> None:
        began = time.monotonic()
        outcomes: list[Outcome] = []
        failed: Exception | None = None
        try:
            outcomes = self._write(log, ledger, [job.parcel for job in group])
        except (AppendError, LedgerError) as error:
            if self.trouble is None:
                _log.warning("the log takes nothing in", why=str(error))
            self.trouble, failed = str(error), AwayError(str(error))
        except Exception as error:  # noqa: BLE001 - the thread must outlive what nobody thought of
            if len(group) > 1:
                # Only the request that brings the fault shall suffer from it.
                for job in group:
                    self._serve(log, ledger, [job])
                return
            _log.error("a fault of the gateway's own while it wrote", exc_info=True)
            self.trouble = f"a fault of the gateway's own: {type(error).__name__}"
            failed = AwayError("a fault of the gateway's own")
        else:
            if self.trouble is not None:
                _log.info("the log takes events in again")
            self.trouble = None
        self.seconds += time.monotonic() - began
        self.appends += 1
        with self._guard:
            self._waiting -= sum(job.size for job in group)
        for place, job in enumerate(group):
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                job.loop.call_soon_threadsafe(_tell, job.future, failed or outcomes[place])

    def _write(self, log: Keeper, ledger: Ledger, parcels: Sequence[Parcel | None]) -> list[Outcome]:
        now = self._clock()
        outcomes: list[Outcome] = []
        new: list[_New] = []
        unfit: list[Unfit] = []
        heard: dict[str, float] = {}
        with ledger.together():
            for parcel in parcels:
                outcome = Outcome()
                outcomes.append(outcome)
                if parcel is None:
                    continue
                unfit += parcel.unfit
                for waiting in parcel.ready:
                    self._judge(ledger, parcel, waiting, outcome, new, unfit, now)
                for name, signal, text in parcel.notes:
                    ledger.note(name, now, signal, text)
                if outcome.accepted or outcome.duplicates or parcel.notes:
                    ledger.hear(parcel.name, now)
                    heard[parcel.name] = now.timestamp()
            ledger.sweep(now)
            # What the ledger has forgotten, the log may have: there an id belongs to one event for ever.
            for place in log.append([one.arrival for one in new]) if new else ():
                parcel, waiting, outcome, _ = new[place]
                ledger.forget(waiting.read.event.source, waiting.read.event.id)
                outcome.accepted -= 1
                _turn(Turned(waiting.index, waiting.read.event.id, "$.id", TAKEN, 409), parcel, waiting, outcome, unfit)
            if unfit:
                log.keep(unfit)
            if None in parcels and not new:
                log.check()
        self.heard.update(heard)
        return outcomes

    @staticmethod
    def _judge(
        ledger: Ledger,
        parcel: Parcel,
        waiting: Waiting,
        outcome: Outcome,
        new: list[_New],
        unfit: list[Unfit],
        now: datetime,
    ) -> None:
        event, data, digest = waiting.read
        turned: Turned | None = None
        if isinstance(event, Retraction) and (why := _not_own(ledger, parcel.token, event.data.retracts)) is not None:
            turned = Turned(waiting.index, event.id, "$.data.retracts", why, 403)
        elif _withheld(ledger, parcel.token, event.id):
            turned = Turned(waiting.index, event.id, "$.id", WITHHELD, 409)
        else:
            match ledger.take(event.source, event.id, digest, now):
                case "new":
                    outcome.accepted += 1
                    new.append(_New(parcel, waiting, outcome, Arrival(event, data)))
                    if isinstance(event, Retraction) and parcel.token is not None and not parcel.token.retracts_any:
                        ledger.take_back(event.source, event.data.retracts)
                case "duplicate":
                    outcome.duplicates += 1
                case "conflict":
                    turned = Turned(waiting.index, event.id, "$.id", TAKEN, 409)
        if turned is not None:
            _turn(turned, parcel, waiting, outcome, unfit)


def _turn(turned: Turned, parcel: Parcel, waiting: Waiting, outcome: Outcome, unfit: list[Unfit]) -> None:
    """Turn an event away, and keep it as a dead letter."""
    outcome.turned.append(turned)
    unfit.append(Unfit(parcel.place, waiting.index + 1, waiting.raw, f"{turned.reason} - at `{turned.field}`"))


def _not_own(ledger: Ledger, token: Token | None, name: str) -> str | None:
    """Why a token may not take back what is called ``name``.

    A retraction names an id, whoever reported it: it is the token's only where everybody who did is.
    """
    if token is None or token.retracts_any:
        return None
    sources = ledger.sources(name, MOST_SOURCES + 1)
    if len(sources) > MOST_SOURCES:
        return f"more than {MOST_SOURCES} sources have events of this id: only a token that may take back everybody's may"
    if sources and all(token.owns(source) for source in sources):
        return None
    return "the token may take back only what came in from its own sources, and is still remembered"


def _withheld(ledger: Ledger, token: Token | None, name: str) -> bool:
    """Whether somebody else took back what is called ``name`` before this one came, who may take back only their own.

    The watch would believe nothing of that name any more: better that its source hears of it.
    """
    if token is None:
        return False
    sources = ledger.taken_back(name, MOST_SOURCES + 1)
    return len(sources) > MOST_SOURCES or not all(token.owns(source) for source in sources)


def _tell(future: "asyncio.Future[Outcome]", told: Outcome | Exception) -> None:
    if future.done():
        return
    if isinstance(told, Exception):
        future.set_exception(told)
        # Where whoever asked is gone, nobody will look at it.
        future.exception()
    else:
        future.set_result(told)
