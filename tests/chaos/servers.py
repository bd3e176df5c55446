"""The broker and the database of one house: they can be killed, stopped for a while, and run out of disk."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.stack import Report, Service, Stack
from deploy.stack.kafka import Kafka
from deploy.stack.ports import HOST
from deploy.stack.processes import Process, end
from deploy.stack.service import Ports
from deploy.stack.state import read
from tests.broker import SETTINGS, quiet
from tests.live.faults import BACK_SOON

_BALLAST = "ballast"
_PIECE = 65_536


class LinkedKafka(Kafka):
    """A broker that each of its clients reaches over a line of its own: it tells them the address of that line, not its own."""

    def __init__(self, links: Mapping[str, int]) -> None:
        """Say which lines there are: by their name, the port of this machine at which each begins."""
        super().__init__({**SETTINGS, **BACK_SOON})
        self._links = dict(links)
        self.ports = ("client", "controller", *links)

    def listeners(self, ports: Ports) -> dict[str, str]:
        """As the broker without lines, with a listener more for each."""
        own = {name.upper(): (ports[name], port) for name, port in self._links.items() if name in ports}
        told = super().listeners(ports)
        more = {
            "listeners": [f"{name}://{HOST}:{listens}" for name, (listens, _) in own.items()],
            "advertised.listeners": [f"{name}://{HOST}:{advertised}" for name, (_, advertised) in own.items()],
            "listener.security.protocol.map": [f"{name}:PLAINTEXT" for name in own],
        }
        return told | {setting: ",".join([told[setting], *some]) for setting, some in more.items()}


class Server:
    """One server of the native stack, in a stack of its own, so that it comes and goes without the other."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._stack = Stack([service], service.name, folder)
        self._service = service

    @property
    def home(self) -> Path:
        """Where all its files are."""
        return self._stack.folder / self._service.name

    @property
    def ports(self) -> dict[str, int]:
        """Those that it has."""
        return read(self._stack.folder / "stack.json").services[self._service.name].ports

    def up(self) -> Report:
        """Start it where it does not run; what it says of itself. Its ports are the same each time."""
        (report,) = self._stack.up(quiet)
        return report

    def kill(self) -> None:
        """``kill -9``."""
        end(self._process(), 0.0)

    def freeze(self) -> None:
        """Let it do nothing for a while: it is there, and does not answer."""
        os.kill(self._process().pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._process().pid, signal.SIGCONT)

    def gone(self) -> None:
        """End it for good, and remove what it kept."""
        self._stack.down(quiet, wipe=True)

    def _process(self) -> Process:
        known = read(self._stack.folder / "stack.json").services[self._service.name].process
        assert known is not None
        return known


class SmallDisk:
    """A file system of a few megabytes that can be filled to the brim."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        """Mount it.

        Raises:
            OSError: when this machine does not let us; the message says why.
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        mounted = _ran("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder))
        if mounted is not None:
            raise OSError(mounted)

    def fill(self) -> None:
        """Leave not a byte."""
        with (self.folder / _BALLAST).open("wb", buffering=0) as file:
            piece = b"\0" * _PIECE
            while piece:
                try:
                    if file.write(piece) < len(piece):
                        piece = piece[: len(piece) // 2]
                except OSError:
                    piece = piece[: len(piece) // 2]

    def free(self) -> int:
        """Bytes that are left."""
        return shutil.disk_usage(self.folder).free

    def empty(self) -> None:
        """Give it back."""
        (self.folder / _BALLAST).unlink(missing_ok=True)

    def gone(self) -> None:
        """Mount it no more."""
        _ran("umount", "-l", str(self.folder))


def cannot_mount(folder: Path) -> str | None:
    """Why no small disk can be had; ``None`` where one can."""
    try:
        disk = SmallDisk(folder / "trial", 1)
    except OSError as error:
        return f"no file system can be mounted here, and a full disk needs one of its own: {error}"
    disk.gone()
    return None


def _ran(*command: str) -> str | None:
    """Run a command of the system; what it complained of, where it failed."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except FileNotFoundError:
        return f"there is no {command[0]}"
    return None if ran.returncode == 0 else ran.stderr.strip() or f"{command[0]} failed with {ran.returncode}"
