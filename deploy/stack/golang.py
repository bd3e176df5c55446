"""Go modules and Rust crates: what a server is built of, out of the registries that ``go`` and ``cargo`` are set to."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from deploy.stack import building
from deploy.stack.service import MissingError

GO = (1, 22)
_VERSION = re.compile(r"go(\d+)\.(\d+)")
_HELPS = {
    "go": "https://go.dev/dl, or on Debian and Ubuntu: apt install golang-go",
    "cargo": "https://rustup.rs, or on Debian and Ubuntu: apt install cargo",
    "gcc": "on Debian and Ubuntu: apt install gcc",
    "pkg-config": "on Debian and Ubuntu: apt install pkg-config",
}
PROGRAMS = tuple(_HELPS)


class Module(NamedTuple):
    """A Go module on this machine.

    Attributes:
        folder: Its sources; nobody may write there.
    """

    version: str
    folder: Path


def missing() -> str | None:
    """Every program that is missing, and what helps; ``None`` where all are there."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return "; ".join(f"no {name} on the PATH ({_HELPS[name]})" for name in absent)
    told = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    found = _VERSION.search(told)
    if found is None or (int(found[1]), int(found[2])) < GO:
        return f"expected Go {GO[0]}.{GO[1]} or newer, found {told.strip() or 'one that does not tell its version'}"
    return None


def needed(purpose: str) -> None:
    """Make sure that everything is there.

    Raises:
        MissingError: when a program is missing.
    """
    reason = missing()
    if reason is not None:
        raise MissingError(f"{purpose} is built from its sources, once: {reason}")


def download(module: str, version: str, folder: Path, within: float) -> Module:
    """The sources of a module, fetched where they are not there.

    Raises:
        StackError: when they cannot be had.
    """
    said = run(["go", "mod", "download", "-json", f"{module}@{version}"], folder, within, f"fetch {module} {version}")
    told = msgspec.json.decode(said, type=dict[str, object])
    return Module(version, Path(str(told["Dir"])))


def run(
    arguments: Sequence[str], folder: Path, within: float, purpose: str, environment: Mapping[str, str] | None = None
) -> str:
    """Run a builder; what it prints on standard output. ``purpose`` is what it is to do, as an infinitive.

    Raises:
        StackError: when it fails or takes more than ``within`` seconds.
    """
    # Whatever workspace or tool chain this machine prefers is not ours.
    ours = {"GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-buildvcs=false", **(environment or {})}
    return building.run(arguments, folder, within, f"{arguments[0]} did not {purpose}", ours)
