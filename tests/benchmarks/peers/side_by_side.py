"""Each job in a process of its own on one core, in turns, held against the oracle."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.oracle import digest, expected
from tests.benchmarks.peers.job import FIRST
from tests.benchmarks.peers.venvs import BYTEWAX, FLINK, PATHWAY, Peer, packages, python, reason

ROOT = Path(__file__).parents[3]
_WITHIN = 1_200.0

Say = Callable[[str], None]


class Job(NamedTuple):
    """One way to do the job.

    Attributes:
        module: The module of ``jobs`` that does it.
        said: What the table calls it.
        peer: Whose environment it needs; our own without one.
        slow: Whether it gets the smaller load.
        environment: What its guide has one set.
    """

    module: str
    said: str
    peer: Peer | None = None
    slow: bool = False
    environment: tuple[tuple[str, str], ...] = ()


CORE = Job("in_core", "**Steadyline, the embedded core**")
BARE = Job("in_bare_loop", "the bare loop (the yardstick)")
JOBS = (
    CORE,
    BARE,
    Job("in_bytewax_windows", f"{BYTEWAX.said}, its windows by event time", BYTEWAX),
    Job("in_bytewax_items", f"{BYTEWAX.said}, steps of one's own, event by event", BYTEWAX),
    Job("in_bytewax", f"{BYTEWAX.said}, the same tuned: whole batches, one step", BYTEWAX),
    Job("in_pathway", PATHWAY.said, PATHWAY, slow=True, environment=(("PATHWAY_THREADS", "1"),)),
    Job("in_flink", f"{FLINK.said}, mini cluster", FLINK, slow=True, environment=(("JVM_ARGS", "-Xmx1g"),)),
)


class Took(NamedTuple):
    """One run.

    Attributes:
        seconds: From the first event in the job's hands to the end of the run, by the wall's clock.
        processor: Processor seconds of all its processes in that time.
        around: What came before and after: imports, the start of a runtime, its end; seconds.
        peak_kib: The most memory, of all its processes.
    """

    seconds: float
    processor: float
    around: float
    peak_kib: int


class Load(NamedTuple):
    """Events in a file, and what must be found in them."""

    path: Path
    events: int
    lapses: int
    digest: str

    @classmethod
    def of(cls, path: Path, events: int) -> "Load":
        """The events in this file, with what the oracle finds."""
        with path.open("rb") as file:
            found = expected(file)
        return cls(path, events, len(found), digest(found))


def take_turns(jobs: Sequence[Job], load: Load, runs: int, say: Say) -> dict[Job, list[Took] | str]:
    """Let each do the job so often, in turns; of one that cannot, the reason."""
    took: dict[Job, list[Took] | str] = {}
    for job in jobs:
        missing = None if job.peer is None else reason(job.peer)
        took[job] = [] if missing is None else missing
        if missing is not None:
            say(f"{job.said}: not measured: {missing}")
    for _ in range(runs):
        for job, so_far in took.items():
            if isinstance(so_far, list):
                so_far.append(_once(job, load))
                say(f"{job.said}: {so_far[-1]}")
    return took


def _interpreter(job: Job) -> Path:
    return Path(sys.executable) if job.peer is None else python(job.peer)


def _once(job: Job, load: Load) -> Took:
    interpreter = _interpreter(job)
    path = [str(ROOT), *([] if job.peer is None else [str(packages(interpreter))])]
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        environment = {
            **os.environ,
            **dict(job.environment),
            # Flink's threads of Python see nothing of the environment but by this.
            "PYTHONPATH": os.pathsep.join(path),
            FIRST: str(Path(folder) / "first"),
        }
        core = max(os.sched_getaffinity(0))
        command = [str(interpreter), "-m", "tests.benchmarks.peers.job", job.module, str(load.path), str(core)]
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            start_new_session=True,
            check=False,
            capture_output=True,
            text=True,
            timeout=_WITHIN,
        )
        whole = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(f"{job.said} failed:\n{done.stdout[-1_000:]}\n{done.stderr[-3_000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    if told["digest"] != load.digest:
        raise SystemExit(
            f"{job.said} found {told['lapses']} lapses, set {told['digest']}; the oracle {load.lapses}, set {load.digest}:"
            " its time says nothing"
        )
    return Took(told["seconds"], told["processor"], whole - told["seconds"], told["peak_kib"])
