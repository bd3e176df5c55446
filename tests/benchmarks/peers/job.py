"""One job of one framework on one core, in the framework's own environment: a line of JSON out.

``python -m tests.benchmarks.peers.job MODULE FILE CORE``; the module's ``found(FILE)`` does the work. The clock runs from the
first event in the job's hands, ``begun``, which may be in another process or thread of the framework's, to the end of the run.
"""

import json
import os
import sys
import time
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path

from tests.benchmarks.oracle import CONTACT_WITHIN, Lapse, digest
from tests.benchmarks.peers.usage import peak_kib, processor

FIRST = "BENCH_FIRST"
"""The variable that names the file in which it stands when the first event came."""


def begun() -> None:
    """Note that the first event is there; called again, it changes nothing."""
    with suppress(FileExistsError), open(os.environ[FIRST], "x", encoding="ascii") as file:  # noqa: PTH123 - atomic
        file.write(f"{time.monotonic()} {processor()}")


def main(module: str, path: Path, core: int) -> None:
    """Do the job, and print what it took."""
    os.sched_setaffinity(0, {core})
    found: list[Lapse] = import_module(f"tests.benchmarks.peers.jobs.{module}").found(str(path))
    now, used, peak = time.monotonic(), processor(), peak_kib()
    first, before = (float(field) for field in Path(os.environ[FIRST]).read_text(encoding="ascii").split())
    lapses = {lapse for lapse in found if due(lapse) < as_of(path)}
    told = {
        "seconds": now - first,
        "processor": used - before,
        "peak_kib": peak,
        "lapses": len(lapses),
        "digest": digest(lapses),
    }
    print(json.dumps(told), flush=True)  # noqa: T201 - its one output


def due(lapse: Lapse) -> datetime:
    """When that which did not happen ought to have happened at the latest."""
    rule, _, onset = lapse
    return onset + CONTACT_WITHIN if rule == "contact" else onset


def as_of(path: Path) -> datetime:
    """When the last event of a file arrived: what is due later is no lapse yet."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 4_096), os.SEEK_END)
        return datetime.fromisoformat(json.loads(file.readlines()[-1])["ingested"])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
