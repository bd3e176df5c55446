"""What the stack remembers of the servers it started."""

import os
from pathlib import Path

import msgspec

from deploy.stack.processes import Process
from deploy.stack.service import StackError


class Known(msgspec.Struct, frozen=True):
    """One server.

    Attributes:
        ports: Those it has, or had last.
        process: The one that was started; ``None`` once it was taken down.
    """

    version: str
    ports: dict[str, int]
    process: Process | None = None


class State(msgspec.Struct, frozen=True):
    """All servers of one stack; ``format`` tells later programs how to read it."""

    format: int = 1
    services: dict[str, Known] = {}


def read(path: Path) -> State:
    """The state, an empty one where none was written.

    Raises:
        StackError: when the file is none of ours.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except msgspec.DecodeError as error:
        raise StackError(f"{path} is no state of a stack ({error}); see what runs, then remove it") from error


def write(path: Path, state: State) -> None:
    """Put the state on the disk: all of it, or what was there before."""
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(state)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
