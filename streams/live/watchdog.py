"""The worker's watchdog: notices by itself that it is stuck, says why, and starts the process anew.

Consumers can stop fetching and go on answering their group; a process that is up proves nothing. The watchdog sits in a
thread of its own, since the loop may be what hangs, and looks at what was got done. Where that is nothing, it asks the broker
over a connection of its own whether there was anything to do. No answer, no restart: another process would do no better.

A restart replaces the process in its place, with the same number and the same command line: the state comes from the
changelog, as after any crash. Each restart within an hour doubles the patience with the next; after the last one the process
ends with code 70, for whoever supervises it to see.

It cannot help where native code holds the interpreter's lock, for then it does not run either: the probe of ``/healthz`` does.
"""

import asyncio
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from logging import shutdown
from typing import Any, Literal, NamedTuple

import structlog
from kafka import TopicPartition
from kafka.errors import KafkaError

from streams.live.progress import Suspect, Vitals
from streams.log.access import Access, access
from streams.log.kafka import Consumer

STALL_AFTER = 60.0
"""Seconds without progress after which the worker is stuck; more than a session timeout and a rebalance together."""
MOST_RESTARTS = 3
"""Restarts within an hour; the next one would be an exit."""
GIVEN_UP = 70
"""Exit code (BSD's EX_SOFTWARE) of a worker that restarts have not helped."""
HISTORY = "STEADYLINE_RESTARTED"
"""Where the moments of the last restarts survive the restart: the environment."""

_HOUR = 3_600.0
_LOOK = 1.0
_ASK = 5.0
_PATIENCE = 5.0
_SLEPT = 10.0
_log = structlog.stdlib.get_logger(__name__)

Place = tuple[str, int]
"""A topic, by its name on the broker, and a partition."""


class Extent(NamedTuple):
    """Which offsets the broker holds: from ``first`` up to, and without, ``end``."""

    first: int
    end: int


Ask = Callable[[Collection[Place]], Mapping[Place, Extent] | None]
"""How the broker is asked which offsets it holds; ``None`` where it does not answer in time."""


class Verdict(NamedTuple):
    """What to do, and why."""

    act: Literal["restart", "give-up"]
    why: list[str]


class Judge:
    """Decides whether the worker is stuck. Pure: moments are handed in, monotonic seconds."""

    def __init__(self, at: float, *, stall_after: float = STALL_AFTER, restarted: Iterable[float] = ()) -> None:
        """Begin to judge.

        Args:
            at: Now.
            stall_after: Seconds without progress that are borne.
            restarted: When the watchdog restarted the process before.
        """
        self.restarted = recent(restarted, at)
        self.patience = stall_after * (1 << len(self.restarted))
        self._looked = self._woke = at
        self._turned = at
        self._stuck_since: float | None = None

    @property
    def suspicious_after(self) -> float:
        """Seconds without progress after which the broker is asked: half the patience; the rest it has to confirm."""
        return self.patience / 2

    def turned(self, at: float) -> None:
        """The event loop has turned."""
        self._turned = max(self._turned, at)

    def looked(self, at: float, *, asked: bool = False) -> None:
        """Note a look. Whoever did not look for long was stopped itself, and must not blame the worker for that time.

        Args:
            at: Now.
            asked: The time since the last look went into asking the broker.
        """
        if at - self._looked > _SLEPT and not asked:
            self._woke = self._turned = at
            self._stuck_since = None
        self._looked = at

    def hangs(self, at: float) -> str | None:
        """Why the loop hangs, if it does. No broker is asked about that."""
        idle = at - self._turned
        return f"the event loop has not turned for {idle:.0f} s" if idle > self.patience else None

    def heard(self, at: float, stuck: list[str] | None) -> list[str]:
        """Note what the broker made of the suspicions; why the worker is stuck, if that is certain now.

        Args:
            at: Now.
            stuck: What stands still although there is something to do; ``None`` where the broker does not answer. A worker
                gets the time to find back to a broker that was away.
        """
        if not stuck:
            self._stuck_since = None
            return []
        if self._stuck_since is None:
            self._stuck_since = at
        certain = at - max(self._stuck_since, self._woke) >= self.patience / 2
        return stuck if certain else []

    def verdict(self, why: list[str]) -> Verdict:
        """What follows from being stuck."""
        return Verdict("restart" if len(self.restarted) < MOST_RESTARTS else "give-up", why)


def recent(restarted: Iterable[float], at: float) -> tuple[float, ...]:
    """The restarts of the last hour."""
    return tuple(sorted(moment for moment in restarted if at - _HOUR < moment <= at))


def stuck(suspects: Iterable[Suspect], extents: Mapping[Place, Extent] | None, name: Callable[[str], str]) -> list[str] | None:
    """What really stands still, in words; ``None`` where the broker does not answer.

    Args:
        suspects: What has not moved for long.
        extents: What the broker holds.
        name: What a topic of a live name is called on the broker.
    """
    if extents is None:
        return None
    found = []
    for suspect in suspects:
        if suspect.topic is None or suspect.partition is None or suspect.offset is None:
            found.append(suspect.what)
            continue
        extent = extents.get((name(suspect.topic), suspect.partition))
        if extent is None:
            continue
        left = extent.end - max(suspect.offset, extent.first)
        if left > 0:
            found.append(f"{suspect.what} and the broker has {left} more, up to {extent.end}")
    return found


def broker(bootstrap: str, patience: float = _PATIENCE) -> Ask:
    """The question to a broker, over a connection of its own each time, bounded by ``patience`` seconds a step.

    Args:
        bootstrap: ``HOST:PORT``, several with commas.
        patience: Seconds for connecting, and again for each of two answers.
    """
    asking, known = threading.Lock(), access()

    def ask(places: Collection[Place]) -> Mapping[Place, Extent] | None:
        answers: list[Mapping[Place, Extent]] = []

        def put() -> None:
            with asking:
                answer = _extents(bootstrap, known, places, patience)
            if answer is not None:
                answers.append(answer)

        if asking.locked():
            # The last question still hangs, whatever was promised of its patience.
            return None
        thread = threading.Thread(target=put, name="watchdog's question", daemon=True)
        thread.start()
        thread.join(patience * 4)
        return answers[0] if answers else None

    return ask


def _extents(bootstrap: str, known: Access, places: Collection[Place], patience: float) -> Mapping[Place, Extent] | None:
    servers = [server.strip() for server in bootstrap.split(",")]
    if not any(_listens(server, patience) for server in servers):
        return None
    milliseconds = int(patience * 1_000)
    try:
        client = Consumer(
            bootstrap_servers=servers,
            client_id="steadyline-watchdog",
            group_id=None,
            enable_auto_commit=False,
            bootstrap_timeout_ms=milliseconds,
            request_timeout_ms=milliseconds,
            fetch_max_wait_ms=0,
            **known.settings(),
        )
        try:
            partitions = [TopicPartition(*place) for place in places]
            first = client.beginning_offsets(partitions, timeout_ms=milliseconds) if partitions else {}
            end = client.end_offsets(partitions, timeout_ms=milliseconds) if partitions else {}
        finally:
            client.close(autocommit=False, timeout_ms=milliseconds)
    except (KafkaError, OSError, AssertionError):
        return None
    return {
        (each.topic, each.partition): Extent(first[each], end[each]) for each in partitions if each in first and each in end
    }


def _listens(server: str, patience: float) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=patience).close()
    except (OSError, ValueError):
        return False
    return True


class Watchdog:
    """The thread that looks at one worker."""

    def __init__(
        self,
        vitals: Vitals,
        ask: Ask,
        *,
        name: Callable[[str], str] = str,
        some: Place | None = None,
        stall_after: float = STALL_AFTER,
        act: Callable[[Verdict], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is watched yet.

        Args:
            vitals: What to look at.
            ask: How the broker is asked; see ``broker``.
            name: What a topic of a live name is called on the broker.
            some: A place to ask the broker about where no certain one is suspect.
            stall_after: Seconds without progress after which the worker is stuck.
            act: What to do then, instead of replacing the process.
            monotonic: The clock by which the vitals are told, seconds.
        """
        self._vitals = vitals
        self._ask = ask
        self._name = name
        self._some = some
        self._act = act or _act
        self._monotonic = monotonic
        at = monotonic()
        self._judge = Judge(at, stall_after=stall_after, restarted=_history(os.environ.get(HISTORY, "")))
        self._vitals.restarts = len(self._judge.restarted)
        self._asked = float("-inf")
        self._look = min(_LOOK, stall_after / 8)
        self._ask_every = min(_ASK, stall_after / 8)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._main = threading.get_ident()

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Watch from now on. Call it in the loop that is to be watched, or hand that in."""
        loop = loop or asyncio.get_running_loop()
        self._main = threading.get_ident()
        if self._judge.restarted:
            _log.warning("this is a restart by the watchdog", within_an_hour=len(self._judge.restarted))
        self._thread = threading.Thread(target=self._run, args=(loop,), name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. A worker that ends in good order may take its time."""
        self._ended.set()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._ended.wait(self._look):
            try:
                loop.call_soon_threadsafe(lambda: self._judge.turned(self._monotonic()))
            except RuntimeError:
                return  # The loop is closed.
            why = self.look()
            if why and not self._ended.is_set():
                self._vitals.judged("; ".join(why))
                self._tell(why)
                self._act(self._judge.verdict(why))
                return

    def look(self) -> list[str]:
        """Look once; why the worker is stuck, if that is certain."""
        judge, at = self._judge, self._monotonic()
        judge.looked(at)
        hangs = judge.hangs(at)
        if hangs is not None:
            return [hangs]
        if at - self._asked < self._ask_every:
            return []
        limits = self._vitals.limits._replace(stalled=judge.suspicious_after)
        suspects = self._vitals.stalled(at, limits)
        if not suspects:
            return judge.heard(at, [])
        self._asked = at
        places = {
            (self._name(suspect.topic), suspect.partition)
            for suspect in suspects
            if suspect.topic is not None and suspect.partition is not None
        }
        if not places and self._some is not None:
            places = {self._some}
        extents = self._ask(places)
        answered = self._monotonic()
        judge.looked(answered, asked=True)
        return judge.heard(answered, stuck(suspects, extents, self._name))

    def _tell(self, why: list[str]) -> None:
        stack = sys._current_frames().get(self._main)  # noqa: SLF001 - the only way to see where another thread hangs
        where = "".join(traceback.format_stack(stack)[-6:]) if stack is not None else None
        positions = {
            f"{self._name(topic)}/{number}": position.offset
            for number, partition in self._vitals.partitions().items()
            for topic, position in partition.positions.items()
        }
        verdict = self._judge.verdict(why)
        _bounded(
            lambda: _log.critical(
                "the worker is stuck",
                why=why,
                then=verdict.act,
                positions=positions,
                restarts=self._vitals.restarts,
                loop=where,
            )
        )


def _act(verdict: Verdict) -> None:
    """Replace the process, or end it."""
    _bounded(shutdown)
    if verdict.act == "give-up":
        os._exit(GIVEN_UP)
    at = time.monotonic()
    history = (*recent(_history(os.environ.get(HISTORY, "")), at), at)
    environment = {**os.environ, HISTORY: ",".join(f"{moment:.1f}" for moment in history)}
    try:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - the command line it came with
    except OSError:
        os._exit(GIVEN_UP)


def _bounded(work: Callable[[], Any]) -> None:
    """Do it, but not for ever: what hangs may hold the lock of the log, or the log's reader may be gone."""
    thread = threading.Thread(target=work, name="watchdog's last words", daemon=True)
    thread.start()
    thread.join(_PATIENCE)


def _history(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(moment) for moment in text.split(",") if moment)
    except ValueError:
        return ()
