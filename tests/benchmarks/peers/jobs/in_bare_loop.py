"""The job by the bare loop, the yardstick of the other benchmarks too."""

from tests.benchmarks import yardstick
from tests.benchmarks.oracle import Lapse
from tests.benchmarks.peers.job import begun


def found(path: str) -> list[Lapse]:
    """Run the loop to the end of the file."""
    begun()
    with open(path, "rb") as file:  # noqa: PTH123 - as the others open it
        return list(yardstick.found(file))
