"""The job by the embedded core: everything validated, every lapse explained, kept and taken back where it must be."""

from streams.watch import Watch
from tests.benchmarks.load import rules
from tests.benchmarks.measure import drive
from tests.benchmarks.oracle import Lapse
from tests.benchmarks.peers.job import begun


def found(path: str) -> list[Lapse]:
    """Drive the watch to the end of the file."""
    watch = Watch([rules()])
    begun()
    with open(path, "rb") as file:  # noqa: PTH123 - as the others open it
        return list(drive(watch, file))
