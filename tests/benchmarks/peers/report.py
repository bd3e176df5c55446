"""The side by side in Markdown."""

import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.bars import kept
from tests.benchmarks.load import write
from tests.benchmarks.peers.side_by_side import BARE, CORE, JOBS, Job, Load, Say, Took, take_turns

_COLUMNS = (
    "what",
    "speed, of the core's",
    "events a second of processor time, thousands",
    "by the wall's clock",
    "start and end, s",
    "memory",
)


def report(events: int, few: int, runs: int, seed: int, say: Say) -> str:
    """Measure everything."""
    if sys.platform != "linux":
        return "Not measured here: one core for each, and what a framework's own processes use, is asked of Linux.\n"
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        loads = []
        for count in (events, few):
            path = Path(folder) / f"{count}.jsonl"
            write(path, count, seed)
            loads.append(Load.of(path, count))
        whole = take_turns([job for job in JOBS if not job.slow], loads[0], runs, say)
        part = take_turns([CORE, *(job for job in JOBS if job.slow)], loads[1], runs, say)
    return "\n".join([*_told(runs), "", *_table(loads[0], whole), "", *_table(loads[1], part), "", *_bars(loads, whole, part)])


def _told(runs: int) -> Iterator[str]:
    yield _text(
        "The load of `steadyline generate` and the three rules of the embedded benchmark, as one job for each framework, on "
        "one file: decoded (the Python ones with msgspec), judged by the events' time with events up to 30 s late, the lapses "
        "collected. Every run is a process of its own with all that belongs to it, Java and threads of Rust too, held to one "
        "core. Its time runs from the first event in its hands to its last lapse; what it takes to begin and to end stands "
        "beside it, and so does the most memory, that of all its processes together. It counts only if its lapses are those "
        "of the oracle, whose set is named. Three figures are the least, the median and the most of the runs "
        f"({runs}, taken in turns); a ratio is of one turn and of processor time, that of all threads and processes of a job, "
        "which other work on the machine disturbs less than the wall's clock."
    )
    yield ""
    yield _text(
        "All but the core read of an event only what these rules look at. They validate nothing else, explain nothing, take "
        "nothing back, and know no other rules: they are what a good programmer would write for this one job. Each says in "
        "its module (`tests/benchmarks/peers/jobs/`) what it counts on."
    )


def _table(load: Load, took: Mapping[Job, list[Took] | str]) -> Iterator[str]:
    yield f"### {load.events:,} events, {load.lapses:,} lapses (set `{load.digest}`)"
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield "|" + "---|" * len(_COLUMNS)
    marks = took[CORE]
    for job, runs in took.items():
        if isinstance(runs, str):
            yield f"| {job.said} | not measured: {runs} |{' |' * (len(_COLUMNS) - 2)}"
            continue
        ratios = [mark.processor / run.processor for mark, run in zip(marks, runs, strict=True) if isinstance(mark, Took)]
        yield (
            f"| {job.said} | {_spread(ratios, '.2f')} | {_spread([load.events / run.processor / 1_000 for run in runs], '.0f')}"
            f" | {_spread([load.events / run.seconds / 1_000 for run in runs], '.0f')}"
            f" | {_spread([run.around for run in runs], '.1f')} | {max(run.peak_kib for run in runs) / 1024:.0f} MiB |"
        )


def _bars(loads: Sequence[Load], *tables: Mapping[Job, list[Took] | str]) -> Iterator[str]:
    for load, took in zip(loads, tables, strict=True):
        mine = _median(load, took[CORE])
        for job, runs in took.items():
            if job not in (CORE, BARE) and not isinstance(runs, str):
                yield kept(f"events a second, the core against {job.said}", mine, "more than", _median(load, runs))


def _median(load: Load, runs: list[Took] | str) -> float:
    return median(load.events / run.processor for run in runs if isinstance(run, Took))


def _spread(values: Sequence[float], form: str) -> str:
    return " / ".join(format(value, form) for value in (min(values), median(values), max(values)))


def _text(told: str) -> str:
    return textwrap.fill(told, 120)
