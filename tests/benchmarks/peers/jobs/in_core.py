"""The job by the embedded core: everything validated, every lapse explained, kept and taken back where it must be."""

from pathlib import Path

from tests.benchmarks.load import rules
from tests.benchmarks.measure import WHAT
from tests.benchmarks.oracle import Lapse
from tests.benchmarks.peers.job import begun


def found(path: str) -> list[Lapse]:
    """Drive the watch to the end of the file, as the benchmark of the core alone does."""
    return list(WHAT["core"](Path(path), [rules()], begun))
