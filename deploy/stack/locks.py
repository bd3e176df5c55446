"""A lock between programs, which the system takes back from one that dies."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.stack.processes import until
from deploy.stack.service import StackError


@contextlib.contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock of this file.

    Raises:
        StackError: when another program still holds it after ``patience`` seconds, or the system has no such locks.
    """
    if sys.platform == "win32":
        raise StackError("the native stack needs Linux or macOS")
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if not until(taken, patience):
            raise StackError(f"another program has been at work on {path.parent} for {patience:.0f} s")
        yield
