"""Starts, asks and ends the servers of one stack."""

import contextlib
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from deploy.places import state_log
from deploy.stack import ports, processes, state
from deploy.stack.locks import locked
from deploy.stack.service import Service, Silent, StackError, Tell
from deploy.stack.state import Known, State

STARTED_WITHIN = 90.0
"""Seconds that a server is given to answer after its start."""
ENDED_WITHIN = 30.0
"""Seconds that a server is given to end by itself."""
ASKED_FOR = 5.0
"""Seconds that a server is given to answer when it runs."""
_AT_WORK = 900.0
_TRIES = 3
_SHOWN = 1_500
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Report(msgspec.Struct, frozen=True):
    """How one server is.

    Attributes:
        state: ``running`` and answering; ``silent``: it runs and gives no answer; ``crashed``: it ended, and nobody took it
            down; ``stopped``.
        facts: What it says of itself.
    """

    service: str
    state: Literal["running", "silent", "crashed", "stopped"]
    version: str
    pid: int | None = None
    ports: dict[str, int] = {}
    facts: dict[str, str | int] = {}


class Stack:
    """A set of servers on this machine, under one name."""

    def __init__(self, services: Sequence[Service], name: str = "main", home: Path | None = None) -> None:
        """Say which stack is meant; nothing is done yet.

        Args:
            services: The servers, in the order in which they are started.
            name: What keeps it apart from other stacks of the same user.
            home: Where its files go; without it ``$XDG_STATE_HOME/steadyline/stack``.

        Raises:
            StackError: when a stack cannot be called so.
        """
        if not _NAME.fullmatch(name):
            raise StackError(f"expected a name of small letters, digits and hyphens (at most 32), got {name!r}")
        self.services = tuple(services)
        self.folder = (home or state_log().parent / "stack") / name
        self._state = self.folder / "stack.json"

    def up(self, tell: Tell) -> list[Report]:
        """Start what does not run yet, and wait until everything answers.

        Raises:
            StackError: when a server does not start; it is not left running then.
        """
        with self._locked():
            return [self._up(service, tell) for service in self.services]

    def status(self) -> list[Report]:
        """Ask every server how it is."""
        known = state.read(self._state).services
        return [self._look(service, known.get(service.name)) for service in self.services]

    def down(self, tell: Tell, *, wipe: bool = False) -> list[Report]:
        """End what was started here, the last first, and nothing else.

        Args:
            tell: Where remarks go.
            wipe: Remove the data and logs of the servers too.

        Raises:
            StackError: when a server does not end even when it is made to.
        """
        if not self.folder.exists():
            return [Report(service.name, "stopped", service.version) for service in reversed(self.services)]
        with self._locked():
            ended = []
            for service in reversed(self.services):
                known = state.read(self._state).services.get(service.name)
                if known is not None and known.process is not None:
                    if not processes.end(known.process, ENDED_WITHIN):
                        tell(f"{service.name} did not end within {ENDED_WITHIN:.0f} s and was made to")
                    self._put(service, Known(known.version, known.ports))
                if wipe:
                    shutil.rmtree(self._home(service), ignore_errors=True)
                    self._put(service, None)
                ended.append(self._look(service, state.read(self._state).services.get(service.name)))
            return ended

    def _up(self, service: Service, tell: Tell) -> Report:
        known = state.read(self._state).services.get(service.name)
        if known is not None and known.process is not None and processes.alive(known.process):
            return self._ready(service, known)
        home = self._home(service)
        home.mkdir(parents=True, exist_ok=True)
        service.prepare(home, tell)
        for left in reversed(range(_TRIES)):
            chosen = ports.choose(service.ports, known.ports if known is not None else {})
            known = self._start(service, home, chosen)
            assert known.process is not None
            try:
                return self._ready(service, known)
            except BaseException as failure:
                went = not processes.alive(known.process)
                processes.end(known.process, ENDED_WITHIN)
                known = Known(known.version, known.ports)
                self._put(service, known)
                # Between the choice of a port and its use another program may have taken it.
                outrun = went and isinstance(failure, StackError) and not all(map(ports.is_free, chosen.values()))
                if not outrun or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _start(self, service: Service, home: Path, chosen: dict[str, int]) -> Known:
        command = service.command(home, chosen)

        def record(process: processes.Process) -> None:
            self._put(service, Known(service.version, chosen, process))

        process = processes.start(
            command.arguments,
            folder=home,
            environment=command.environment,
            output=home / f"{service.name}.out",
            record=record,
        )
        return Known(service.version, chosen, process)

    def _ready(self, service: Service, known: Known) -> Report:
        """Wait until the server answers.

        Raises:
            StackError: when it ends before, or time is up.
        """
        assert known.process is not None
        process, end = known.process, time.monotonic() + STARTED_WITHIN

        def moved() -> bool:
            return ports.listens(known.ports[service.ports[0]]) or not processes.alive(process)

        while time.monotonic() < end:
            if not processes.until(moved, end - time.monotonic()):
                break
            if not processes.alive(process):
                raise StackError(f"{service.name} ended while it started. {self._last_words(service)}")
            with contextlib.suppress(Silent):
                return _running(service, self._home(service), known, ASKED_FOR)
        raise StackError(
            f"{service.name} (process {process.pid}) gave no answer for {STARTED_WITHIN:.0f} s. {self._last_words(service)}"
        )

    def _look(self, service: Service, known: Known | None) -> Report:
        if known is None:
            return Report(service.name, "stopped", service.version)
        if known.process is None:
            return Report(service.name, "stopped", known.version, ports=known.ports)
        if not processes.alive(known.process):
            return Report(service.name, "crashed", known.version, ports=known.ports)
        try:
            return _running(service, self._home(service), known, ASKED_FOR)
        except Silent:
            return Report(service.name, "silent", known.version, known.process.pid, known.ports)

    def _last_words(self, service: Service) -> str:
        home = self._home(service)
        said = ""
        for name in (*service.logs, f"{service.name}.out"):
            with contextlib.suppress(FileNotFoundError):
                text = (home / name).read_text("utf-8", "replace").strip()[-_SHOWN:]
                said += f"\nThe end of {home / name}:\n{text}" if text else ""
        return said or f"It left no word in {home}."

    def _put(self, service: Service, known: Known | None) -> None:
        others = {name: other for name, other in state.read(self._state).services.items() if name != service.name}
        state.write(self._state, State(services=others if known is None else {**others, service.name: known}))

    def _home(self, service: Service) -> Path:
        return self.folder / service.name

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whoever comes second to a first start waits for the download as well.
        with locked(self.folder / "lock", _AT_WORK):
            yield


def _running(service: Service, home: Path, known: Known, patience: float) -> Report:
    assert known.process is not None
    facts = service.ask(home, known.ports, patience)
    return Report(service.name, "running", known.version, known.process.pid, known.ports, facts)
