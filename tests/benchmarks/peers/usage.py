"""What a session of processes has used so far, as Linux tells it: a framework's own runtime counts like the job in it."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor() -> float:
    """Processor seconds of all processes of this session, and of those of their children that have ended."""
    return sum(sum(int(field) for field in fields[11:15]) for fields in _fields()) / _TICKS


def peak_kib() -> int:
    """The most memory that each process of this session has held at once, added up."""
    return sum(high_water(int(fields[-1])) for fields in _fields())


def high_water(process: int) -> int:
    """The most memory that a process has held at once, KiB; 0 where nobody says."""
    try:
        told = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in told.splitlines() if line.startswith("VmHWM:")), 0)


def _fields() -> Iterator[list[str]]:
    """What ``/proc`` says of each process of this session from its state on, and its number as the last."""
    mine = str(os.getsid(0))
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            # It has ended since.
            continue
        if fields[3] == mine:
            yield [*fields, path.parent.name]
