"""From the spool to its target: in order, in batches, again and again until the other side has it.

One process sends to a target at a time, under a lock that the system takes back from one that dies. What is to be done is
decided in ``batches``; here it is done.
"""

import contextlib
import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Self

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_any, stop_before_delay, wait_random_exponential
from tenacity.stop import stop_when_event_set

from producers.delivery.answers import AwayError, DeniedError, RefusedError
from producers.delivery.batches import planned, refused_whole, taken
from producers.delivery.spool import Kept, Spool, SpoolError
from producers.delivery.target import Target
from streams.daytime import utc

BATCH_EVENTS = 500
BATCH_BYTES = 1_048_576
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
"""Between two tries lies a random time: up to half a second at first, doubled with each try, up to a minute."""
DENIED_PAUSE_S = 60.0
"""Seconds until a courier that was denied asks again: by then somebody may have mended the token."""
_IDLE_S = 1.0

Ending = Literal["done", "away", "denied", "busy"]


class Drained(NamedTuple):
    """What came of sending.

    Attributes:
        ending: ``done``: nothing waits; ``away``: the other side cannot take it now; ``denied``: it takes nothing from us like
            this; ``busy``: another process is at it.
        sent: Events that were handed over.
        refused: Events that became dead letters.
        why: What was wrong, in words.
    """

    ending: Ending
    sent: int = 0
    refused: int = 0
    why: str | None = None


class _Pause:
    """Full jitter, and no less than the other side asked for. Source: RFC 9110, 10.2.3 (``Retry-After``)."""

    def __init__(self) -> None:
        self._jitter = wait_random_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S)

    def __call__(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.wait if isinstance(error, AwayError) and error.wait is not None else 0.0
        return asked + self._jitter(state)


class Sender:
    """Empties the spool into one target. Use it in one thread."""

    def __init__(self, spool: Spool, target: str, opener: Callable[[], Target]) -> None:
        """Open nothing yet.

        Args:
            spool: Where the events are.
            target: Which of them are meant, as ``target.named`` writes it.
            opener: Opens the target. A ``ValueError`` of it (no token) counts as denied.
        """
        self._spool = spool
        self._name = target
        self._opener = opener
        self._target: Target | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the target."""
        if self._target is not None:
            self._target.close()
            self._target = None

    def drain(
        self,
        patience: float | None,
        *,
        stop: threading.Event | None = None,
        enough: Callable[[], bool] = lambda: False,
        moved: Callable[[int], None] | None = None,
        away: Callable[[str], None] | None = None,
    ) -> Drained:
        """Send what waits, in order.

        Args:
            patience: Seconds for which the other side is asked again where it is away, and another process is waited for;
                for ever without it.
            stop: Ends it early once it is set.
            enough: Asked after each batch; ends it early.
            moved: Told after each batch how many events left the spool.
            away: Told, in words, each time that the other side is away and will be asked again.

        Raises:
            SpoolError: when the spool cannot be read or written; what was sent and not forgotten is sent once more.
        """
        stop = stop or threading.Event()
        deadline = None if patience is None else time.monotonic() + patience
        sent = refused = 0
        ending, why = "done", None
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(turn(self._spool.path, self._name, patience, stop))
                while not stop.is_set() and not enough():
                    settled = self._retrying(deadline, stop, away)(self._next)
                    if settled is None:
                        break
                    sent, refused = sent + settled[0], refused + settled[1]
                    if moved is not None:
                        moved(sum(settled))
            except BusyError as error:
                return Drained("busy", why=str(error))
            except AwayError as error:
                ending, why = "away", str(error)
            except (DeniedError, ValueError) as error:
                ending, why = "denied", str(error)
            finally:
                if ending != "done":
                    self.close()
        return Drained(ending, sent, refused, why)  # type: ignore[arg-type]

    def _retrying(self, deadline: float | None, stop: threading.Event, away: Callable[[str], None] | None) -> Retrying:
        over = stop_when_event_set(stop)

        def pause(seconds: float) -> None:
            stop.wait(seconds)

        def again(state: RetryCallState) -> None:
            # A connection that failed is made anew: another address may answer to the name by now.
            self.close()
            if away is not None and state.outcome is not None:
                away(str(state.outcome.exception()))

        return Retrying(
            retry=retry_if_exception_type(AwayError),
            wait=_Pause(),
            stop=over if deadline is None else stop_any(over, stop_before_delay(max(0.0, deadline - time.monotonic()))),
            sleep=pause,
            before_sleep=again,
            reraise=True,
        )

    def _next(self) -> tuple[int, int] | None:
        """Send the next batch; how many were handed over and refused, or nothing where nothing waits."""
        waiting = self._spool.first(self._name, BATCH_EVENTS, BATCH_BYTES)
        if not waiting:
            return None
        batch, aside = planned(waiting, self._spool.incomplete(self._name))
        if aside:
            self._spool.settle((), aside, utc())
        parts: list[Sequence[Kept]] = [batch] if batch else []
        sent, refused = 0, len(aside)
        while parts:
            part = parts.pop(0)
            try:
                outcome = taken(part, self._open().hand_over([kept.data for kept in part]))
            except RefusedError as error:
                outcome = refused_whole(part, str(error))
            self._spool.settle(outcome.sent, outcome.refused, utc())
            sent, refused = sent + len(outcome.sent), refused + len(outcome.refused)
            parts[:0] = outcome.again
        return sent, refused

    def _open(self) -> Target:
        if self._target is None:
            self._target = self._opener()
        return self._target


class Courier(threading.Thread):
    """Sends in the background for as long as a producer runs."""

    def __init__(self, sender: Sender, tell: Callable[[str], None]) -> None:
        """Made, but not started.

        Args:
            sender: What sends; used in this thread only, from now on.
            tell: Told, in words, what keeps the events from being sent; once for each cause.
        """
        super().__init__(name="steadyline-courier", daemon=True)
        self._sender = sender
        self._tell = tell
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._told: str | None = None

    def wake(self) -> None:
        """Something waits."""
        self._wake.set()

    def run(self) -> None:
        """Send until ``end`` is called."""
        with self._sender:
            while not self._ending.is_set():
                self._wake.clear()
                try:
                    drained = self._sender.drain(None, stop=self._ending, moved=self._moved, away=self._say)
                except SpoolError as error:
                    drained = Drained("denied", why=str(error))
                if drained.ending == "denied":
                    self._say(drained.why or "")
                    self._ending.wait(DENIED_PAUSE_S)
                else:
                    # Other processes of the user put their events into the same spool.
                    self._wake.wait(_IDLE_S)

    def end(self, patience: float) -> None:
        """Stop after the batch that is on its way; what waits is kept for the next time."""
        self._ending.set()
        self._wake.set()
        self.join(patience)

    def _moved(self, settled: int) -> None:
        if settled:
            self._told = None

    def _say(self, why: str) -> None:
        if why != self._told:
            self._told = why
            self._tell(f"events are kept and not sent yet: {why}")


class BusyError(Exception):
    """Another process is sending to the same target."""


@contextlib.contextmanager
def turn(spool: Path, target: str, patience: float | None, stop: threading.Event) -> Iterator[None]:
    """Be the only one, of all threads and processes of the spool, that sends to this target.

    Raises:
        BusyError: when another one still sends after ``patience`` seconds, or when ``stop`` is set.
        SpoolError: when there can be no lock.
    """
    path = spool.with_name(f"{spool.name}.{hashlib.sha256(target.encode()).hexdigest()[:16]}.turn")
    deadline = None if patience is None else time.monotonic() + patience
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(path, timeout=0.0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise SpoolError(f"{path}: cannot lock the spool: {error}") from error
    with contextlib.closing(db):
        # An empty database is a lock that every system has, and takes back from a process that dies.
        while not _locked(db, path):
            if stop.is_set() or (deadline is not None and time.monotonic() >= deadline):
                raise BusyError(f"another process is sending to {target}")
            stop.wait(0.05)
        yield


def _locked(db: sqlite3.Connection, path: Path) -> bool:
    try:
        db.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise SpoolError(f"{path}: cannot lock the spool: {error}") from error
    return True
