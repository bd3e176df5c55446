"""The desk without Kafka: its journal is a SQLite file, and lapses come from a source that judges the embedded log."""

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from alerts.audit import Head, read_record
from alerts.delivery.outbox import Patience
from alerts.delivery.ports import Port
from alerts.journal import ActionEntry, AnyEntry, LapseEntry, encode_entry
from alerts.people import Doorkeeper
from alerts.policy import Policy
from alerts.service.deskside import Side
from alerts.service.recalling import recalled
from alerts.service.runner import Runner, guarded
from alerts.service.settings import DeskSettings
from alerts.service.store import Store, StoreError
from streams.actions import Action
from streams.daytime import utc
from streams.lapses import Lapse

POLL = 0.1
"""Seconds from one look at the log and at the trail to the next."""
_AT_ONCE = 1_000
_log = structlog.stdlib.get_logger(__name__)


class Lapses(Protocol):
    """Where lapses come from."""

    def poll(self) -> list[Lapse]:
        """The revisions since the last look, in their order; all of them at the first. May block, is called in a thread.

        Raises:
            OSError: when the log cannot be read now.
        """

    def close(self) -> None:
        """Let go of the log."""


def desk_file(log: Path) -> Path:
    """The desk's own file beside an embedded log."""
    return log.with_suffix(".desk.db")


class Alone:
    """Makes sure that one desk at most has a file.

    Raises:
        StoreError: when another one has it.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise StoreError(f"{path}: another desk runs on this file") from None

    def close(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)


class Embedded:
    """One desk at work on its file: the journal in there, and the intake of lapses and actions."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        lapses: Lapses,
        ports: Mapping[str, Port],
        *,
        run: str | None = None,
        clock: Callable[[], datetime],
        crash: Callable[[BaseException], object],
        patience: Patience | None = None,
    ) -> None:
        """Take up the state that the file has.

        Args:
            store: The desk's file.
            policy: Whom to tell what.
            lapses: Where lapses come from.
            ports: The ways out, by the ids of receivers.
            run: The replay or drill that is served.
            clock: The time of day, UTC.
            crash: Is told of a fault of our own.
            patience: The outbox's.

        Raises:
            StoreError: when another version wrote the state, in a layout of its own.
        """
        self._clock = clock
        self._store = store
        self._station = recalled(store, policy, run=run)
        self._lapses = lapses
        self._crash = crash
        self._taken = store.taken()
        # A log is used in the thread that opened it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lapses")
        self._waiting: list[tuple[Sequence[AnyEntry], asyncio.Future[None]]] = []
        self._some = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.runner = Runner(self._station, policy, ports, self, clock=clock, crash=crash, patience=patience)
        self.trouble: str | None = None
        """Why the log cannot be read now."""

    def start(self) -> None:
        """Begin: all that the desk knows is in its state, so it is live at once."""
        self._tasks = [asyncio.create_task(guarded(work, self._crash)) for work in (self._write, self._take_in)]
        self.runner.go_live()

    async def stop(self) -> None:
        """Take in nothing any more, and deliver nothing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._lapses.close)
        self._thread.shutdown()
        await self.runner.close()

    async def append(self, entries: Sequence[AnyEntry]) -> None:
        """Append; see ``Journal``. What comes at the same time goes to disk together."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, done))
        self._some.set()
        await done

    async def act(self, action: Action) -> Head:
        """Put an action on the trail; it is taken in from there."""
        head = self._store.act(action)
        await self._take_actions()
        return head

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            batch, self._waiting = self._waiting, []
            # What waits for them is told after they are on disk, and the outbox too.
            entries = [entry for part, _ in batch for entry in part]
            sendings = [sending for entry in entries for sending in self._station.take(entry)]
            self._store.append(map(encode_entry, entries), self._station.changes(), self._taken)
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
            self.runner.send(sendings)

    async def _take_in(self) -> None:
        while True:
            try:
                found = await asyncio.get_running_loop().run_in_executor(self._thread, self._lapses.poll)
                self.trouble = None
            except OSError as error:
                if self.trouble is None:
                    _log.error("the log cannot be read now", why=str(error))
                self.trouble, found = str(error), []
            new = [lapse for lapse in found if not self._station.knows(lapse)]
            for start in range(0, len(new), _AT_ONCE):
                at = self._clock()
                await self.append([LapseEntry(at=at, lapse=lapse) for lapse in new[start : start + _AT_ONCE]])
            await self._take_actions()
            await asyncio.sleep(POLL)

    async def _take_actions(self) -> None:
        found = self._store.actions(self._taken)
        if found:
            self._taken = found[-1][0]
            at = self._clock()
            await self.append([ActionEntry(at=at, action=read_record(data).action) for _, data in found])


class EmbeddedDesk:
    """The whole service: the journal's file, the desk, the outbox, the API, until it is told to stop."""

    def __init__(self, settings: DeskSettings, path: Path, lapses: Lapses) -> None:
        """Prepare; nothing is open and nothing listens yet.

        Args:
            settings: How it runs.
            path: The desk's own file.
            lapses: Where lapses come from.

        Raises:
            PeopleError: when the file of people cannot be used.
            ReceiverError: when a receiver cannot be.
            ValueError: when it is told to listen nowhere.
        """
        self._settings = settings
        self._path = path
        self._lapses = lapses
        self._doors = Doorkeeper(settings.people)
        self._ports = settings.ports()
        self._stopped = asyncio.Event()
        self._fault: BaseException | None = None

    async def serve(self, ready: Callable[[str], object] = lambda _: None) -> None:
        """Run until ``SIGTERM``, ``SIGINT`` or a fault of our own, which is raised.

        Args:
            ready: Is told where the API is, once it listens.

        Raises:
            StoreError: when the file cannot be used, holds a state of another version, or another desk has it.
            OSError: when nothing can listen there.
        """
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._stopped.set)
        with contextlib.closing(Alone(self._path)), Store(self._path) as store:
            settings = self._settings
            embedded = Embedded(
                store,
                settings.policy,
                self._lapses,
                self._ports,
                run=settings.run,
                clock=utc,
                crash=self._crash,
                patience=settings.patience,
            )
            side = Side(embedded.act, store.head, lambda: embedded.trouble)
            server = settings.server(side, self._doors)
            await server.start()
            try:
                embedded.start()
                side.runner = embedded.runner
                ready(server.url)
                await self._stopped.wait()
            finally:
                side.runner = None
                await embedded.stop()
                await server.stop()
        if self._fault is not None:
            raise self._fault

    def _crash(self, error: BaseException) -> None:
        self._fault = self._fault or error
        self._stopped.set()
