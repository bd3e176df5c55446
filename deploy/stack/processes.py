"""Processes by their identity: a number is given to another process as soon as its own has ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from deploy.stack.service import StackError

_GATE = 'read -r go && exec "$@" </dev/null'
"""Waits for a word before it becomes the command; when whoever should give it dies, it ends."""
_STEP = 0.02
_KILLED_WITHIN = 10.0


class _Child(subprocess.Popen[bytes]):
    """A process that is meant to outlive this program: nobody need be warned that it still runs."""

    def __del__(self) -> None:
        pass


_children: dict[int, _Child] = {}
"""Those that this very program started, so that it can take note of their end."""


class Process(msgspec.Struct, frozen=True):
    """One process and no other.

    Attributes:
        born: When it started, as the system tells it; with the boot, where that is known.
    """

    pid: int
    born: str


def born(pid: int) -> str | None:
    """When the process with this number started; ``None`` where there is none, or only what is left of one."""
    if sys.platform != "linux":
        told = subprocess.run(  # noqa: S603 - a fixed command
            ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout.strip()
        state, _, start = told.partition(" ")
        return None if not start or state.startswith("Z") else start.strip()
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in brackets may hold anything; the fields after it are counted from the last bracket.
    state, *fields = told.rpartition(")")[2].split()
    threads, start = int(fields[16]), fields[18]
    # The first thread may end before the others, which hold the ports until they have too.
    return None if state in "ZX" and threads <= 1 else f"{boot}/{start}"


def alive(process: Process) -> bool:
    """Whether this very process still runs."""
    runs = born(process.pid) == process.born
    child = _children.get(process.pid)
    if child is not None and child.poll() is not None:
        del _children[process.pid]
    return runs


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for the condition, at most so long; whether it came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_STEP)
    return True


def start(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Path,
    record: Callable[[Process], None],
) -> Process:
    """Start a command that outlives this program.

    It runs only after ``record`` has put down which process it is: a program that dies in between leaves nothing behind.

    Args:
        arguments: The command.
        folder: Its working directory.
        environment: What it gets besides the environment of this program.
        output: The file for whatever it prints; begun afresh.
        record: Puts down which process it is.
    """
    with output.open("wb") as printed:
        child = _Child(
            ["/bin/sh", "-c", _GATE, "sh", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    assert child.stdin is not None
    with child.stdin as gate:
        process = Process(child.pid, born(child.pid) or "")
        record(process)
        gate.write(b"go\n")
    return process


def end(process: Process, patience: float) -> bool:
    """End the process: ask it to, and after ``patience`` seconds make it. Whether it went by itself.

    Raises:
        StackError: when it is still there after that.
    """
    if not _send(process, signal.SIGTERM) or until(lambda: not alive(process), patience):
        return True
    _send(process, signal.SIGKILL)
    if not until(lambda: not alive(process), _KILLED_WITHIN):
        raise StackError(f"process {process.pid} does not end")
    return False


def _send(process: Process, number: signal.Signals) -> bool:
    """Send a signal to this process, never to another that has its number now; whether it was there."""
    if sys.platform == "linux":
        try:
            # What the descriptor stands for cannot be exchanged between the look at it and the signal.
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return False
        try:
            if not alive(process):
                return False
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True
    if not alive(process):
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True
