"""Events a second through workers that are given a full log; and through an idiomatic Faust agent on the same log."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from streams.log.admin import Admin
from tests.benchmarks.live.ground import Log, committed_all, group_named, judging, wait
from tests.benchmarks.oracle import digest
from tests.benchmarks.peers.usage import high_water

PATIENCE = 600.0


class Through(NamedTuple):
    """One run over a log.

    Attributes:
        seconds: From the first record in a watch's hands to the moment when the broker has all lapses and all state.
        whole: From the start of the processes to the commit of the last offset, seconds.
        cpu: Processor seconds of the workers, from their start.
        peak_kib: The most memory that each of them has held, added up.
        lapses: How many.
        digest: A hash of them.
    """

    seconds: float
    whole: float
    cpu: float
    peak_kib: int
    lapses: int
    digest: str


def through(log: Log, workers: int, number: object, rules: str = "load", **environment: str) -> Through:
    """Let so many workers, started together, judge the whole log."""
    group, since, ends = group_named(log, f"{workers}w-{number}"), log.lapses_end(), log.ends()
    done = committed_all(log, group, ends)
    with ExitStack() as stack:
        admin = stack.enter_context(Admin(log.bootstrap, 30.0))
        began = time.monotonic()
        processes = [stack.enter_context(judging(log, group, rules, **environment)) for _ in range(workers)]
        wait(lambda: done(admin), processes, PATIENCE)
        whole = time.monotonic() - began
        cpu = sum(processor(process.process.pid) for process in processes)
        peak = sum(high_water(process.process.pid) for process in processes)
        notes = [note for process in processes for note in process.notes()]
        shares = [len({note.partition for note in process.notes()}) for process in processes]
        for process in processes:
            process.end()
    if workers > 1 and min(shares) == 0:
        raise SystemExit(f"one worker did all the work: {shares}")
    first = min(note.at for note in notes if note.what == "begins")
    last = max(note.at for note in notes if note.what == "done")
    found = log.found(since, "synthetic-load")
    return Through(last - first, whole, cpu, peak, len(found), digest(found))


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where nobody says."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - no file of ours
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / 100


def same(expected: str, runs: Sequence[Through]) -> None:
    """Make sure that all found what was expected.

    Raises:
        SystemExit: when one did not.
    """
    others = [(run.lapses, run.digest) for run in runs if run.digest != expected]
    if others:
        raise SystemExit(f"the lapses differ, so the times say nothing: expected set {expected}, found {others}")
