"""How fast Quix Streams goes through the same log."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.log.admin import Admin
from streams.topics import Topic
from tests.benchmarks.live.ground import Log, committed_all, group_named, wait
from tests.benchmarks.live.throughput import PATIENCE, Through, processor
from tests.benchmarks.live.yardstick import told
from tests.benchmarks.oracle import digest
from tests.benchmarks.peers.job import FIRST
from tests.benchmarks.peers.side_by_side import ROOT
from tests.benchmarks.peers.usage import high_water
from tests.benchmarks.peers.venvs import QUIX, python
from tests.live.running import Worker


def quix(log: Log, number: object) -> Through:
    """Let one process of it take in the whole log.

    Raises:
        StackError: when Quix Streams cannot be had here.
    """
    interpreter, group = python(QUIX), group_named(log, f"quix-{number}")
    with Admin(log.bootstrap, 30.0) as admin, tempfile.TemporaryDirectory(prefix="steadyline-bench-") as directory:
        folder, ends = Path(directory), log.ends()
        admin.create([Topic(f"{group}-lapses", 1, "nothing", -1)])
        done = committed_all(log, group, ends)
        began = time.monotonic()
        with _running(interpreter, log, group, folder) as process:
            wait(lambda: done(admin), [process], PATIENCE)
            cpu, peak = processor(process.process.pid), high_water(process.process.pid)
            process.end()
        # It commits every five seconds by itself: that wait is not counted, nor is the last of its writing.
        first, last = (float((folder / name).read_text(encoding="ascii").split()[0]) for name in ("first", "last"))
    found = told(log, f"{group}-lapses")
    return Through(last - first, last - began, cpu, peak, len(found), digest(found))


@contextmanager
def _running(interpreter: Path, log: Log, group: str, folder: Path) -> Iterator[Worker]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STEADYLINE_KAFKA": log.bootstrap,
        "STEADYLINE_DATADIR": str(folder / "state"),
        "BENCH_GROUP": group,
        "BENCH_RUN": str(log.run),
        FIRST: str(folder / "first"),
        "BENCH_LAST": str(folder / "last"),
    }
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [str(interpreter), "-m", "tests.benchmarks.peers.jobs.in_quix"],
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Worker(process, said)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
