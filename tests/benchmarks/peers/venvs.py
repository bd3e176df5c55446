"""An environment of its own for each framework, made once in the user's cache: their needs and ours do not go together."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec

from deploy.places import cache
from deploy.stack import building
from deploy.stack.java import java
from deploy.stack.locks import locked
from deploy.stack.service import StackError

_WITHIN = 1_800.0
_READY = ".ready"


class Peer(NamedTuple):
    """A framework in the version that is measured.

    Attributes:
        package: Its name for pip.
        java: Whether it runs on Java.
    """

    package: str
    version: str
    java: bool = False

    @property
    def said(self) -> str:
        """Its name and version for people."""
        name = {"apache-flink": "PyFlink", "quixstreams": "Quix Streams"}.get(self.package, self.package.capitalize())
        return f"{name} {self.version}"


BYTEWAX = Peer("bytewax", "0.21.1")
PATHWAY = Peer("pathway", "0.33.0")
FLINK = Peer("apache-flink", "2.3.0", java=True)
QUIX = Peer("quixstreams", "3.28.1")


def python(peer: Peer) -> Path:
    """The Python of that framework's environment, which is made where there is none.

    Raises:
        StackError: when it cannot be had here; the message is the reason.
    """
    if peer.java:
        java(peer.said)
    version = ".".join(map(str, sys.version_info[:2]))
    folder = cache() / "peers" / f"{peer.package}-{peer.version}-python{version}"
    with locked(folder.parent / f"{folder.name}.lock", _WITHIN):
        if not (folder / _READY).exists():
            _make(folder, peer)
    return folder / "bin" / "python"


def reason(peer: Peer) -> str | None:
    """Why a framework cannot be had here, in one line; ``None`` where it can."""
    try:
        python(peer)
    except StackError as error:
        return " ".join(str(error).split())[:300]
    return None


def packages(python: Path) -> Path:
    """Where the packages of an environment are."""
    (folder,) = (python.parent.parent / "lib").glob("python3*/site-packages")
    return folder


def _make(folder: Path, peer: Peer) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    wanted = [f"{peer.package}=={peer.version}", f"msgspec=={msgspec.__version__}"]
    building.run([sys.executable, "-m", "venv", str(folder)], folder.parent, _WITHIN, f"no environment for {peer.said}")
    building.run(
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
        folder.parent,
        _WITHIN,
        f"pip could not install {peer.said}",
    )
    (folder / _READY).touch()
