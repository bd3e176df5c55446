"""Speed and memory of the embedded watch under the synthetic load: ``python -m tests.benchmarks.replay``.

Writes ``RESULTS.md`` beside itself. Speeds are ratios to a bare loop in the same run, since a machine's own speed says
nothing about the watch.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from producers.synthetic import BLOCK_CHANNELS
from tests.benchmarks.load import write

RESULTS = Path(__file__).with_name("RESULTS.md")
CHANNELS = (10, BLOCK_CHANNELS, 10_000)
GROWTH = (0.1, 0.3, 1.0, 3.0)
SPEEDS = {
    "yardstick": "bare loop, three rules (the yardstick)",
    "decode": "decoding and validating alone",
    "core": "the core, decoding included",
    "replay": "`steadyline replay`'s loop, under all agreements",
}


class Run(NamedTuple):
    """One measurement: processor seconds and those of them before the first event, KiB before and at the peak, the lapses."""

    seconds: float
    start_seconds: float
    before_kib: int
    peak_kib: int
    lapses: int
    digest: str


def measure(what: str, path: Path, channels: int = BLOCK_CHANNELS) -> Run:
    """Measure in a process of its own.

    Raises:
        subprocess.CalledProcessError: when that fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.measure", what, str(path), str(channels)],
        check=True,
        stdout=subprocess.PIPE,
    )
    return Run(**json.loads(done.stdout))


def compared(path: Path, whats: Sequence[str], runs: int, channels: int = BLOCK_CHANNELS) -> dict[str, list[Run]]:
    """Several measurements of each, taken in turns so that a slow minute of the machine hits all alike.

    Raises:
        SystemExit: when they do not find the same lapses.
    """
    result: dict[str, list[Run]] = {what: [] for what in whats}
    for _ in range(runs):
        for what in whats:
            result[what].append(measure(what, path, channels))
    digests = {run.digest for what, many in result.items() if what != "decode" for run in many}
    if len(digests) > 1:
        found = {what: (many[0].lapses, many[0].digest) for what, many in result.items()}
        raise SystemExit(f"the lapses differ, so the times say nothing: {found}")
    return result


def speed_table(events: int, result: dict[str, list[Run]]) -> Iterator[str]:
    """Ratios and events a second, min / median / max."""
    yield "| what | speed, of the bare loop's | events a second of processor time | peak memory |"
    yield "|---|---|---|---|"
    for what, runs in result.items():
        ratios = [mark.seconds / run.seconds for mark, run in zip(result["yardstick"], runs, strict=True)]
        speeds = [events / run.seconds for run in runs]
        peak = max(run.peak_kib for run in runs) / 1024
        yield (
            f"| {SPEEDS[what]} | {_spread(ratios, '.2f')} | {_spread([speed / 1_000 for speed in speeds], '.0f')} thousand"
            f" | {peak:.0f} MiB |"
        )


def _spread(values: Sequence[float], form: str) -> str:
    return " / ".join(format(value, form) for value in (min(values), median(values), max(values)))


def costs(result: dict[str, list[Run]]) -> str:
    """What an event costs the core, in events of the bare loop: with the time before the first event, and without."""
    pairs = list(zip(result["yardstick"], result["core"], strict=True))
    whole = [run.seconds / mark.seconds for mark, run in pairs]
    without = [(run.seconds - run.start_seconds) / mark.seconds for mark, run in pairs]
    return f"{_spread(whole, '.2f')} | {_spread(without, '.2f')}"


def growth_table(directory: Path, events: int, seed: int, runs: int) -> Iterator[str]:
    """Memory and cost of the core over more and more events."""
    yield "| events | lapses | cost of an event, in bare-loop events | without start-up | memory above the start |"
    yield "|---|---|---|---|---|"
    for share in GROWTH:
        count = int(events * share)
        path = directory / "growth.jsonl"
        write(path, count, seed)
        result = compared(path, ("yardstick", "core"), runs)
        grown = max(run.peak_kib - run.before_kib for run in result["core"]) / 1024
        yield f"| {count:,} | {result['core'][0].lapses:,} | {costs(result)} | {grown:.0f} MiB |"


def channels_table(directory: Path, events: int, seed: int, runs: int) -> Iterator[str]:
    """Cost of an event with few and with many channels."""
    yield "| channels | lapses | cost of an event, in bare-loop events | without start-up | memory above the start |"
    yield "|---|---|---|---|---|"
    for channels in CHANNELS:
        path = directory / "channels.jsonl"
        write(path, events, seed, channels)
        result = compared(path, ("yardstick", "core"), runs, channels)
        grown = max(run.peak_kib - run.before_kib for run in result["core"]) / 1024
        yield f"| {channels:,} | {result['core'][0].lapses:,} | {costs(result)} | {grown:.0f} MiB |"


def report(events: int, seed: int, runs: int) -> str:
    """Measure everything and say it in Markdown."""
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as name:
        directory = Path(name)
        path = directory / "load.jsonl"
        write(path, events, seed)
        speeds = compared(path, tuple(SPEEDS), runs)
        path.unlink()
        found = speeds["core"][0]
        lines = [
            "# Benchmarks",
            "",
            f"Written by `python -m tests.benchmarks.replay --events {events} --seed {seed} --runs {runs}` under"
            f" {platform.python_implementation()} {platform.python_version()}.",
            "",
            f"The load is that of `steadyline generate`: {BLOCK_CHANNELS} channels checked every minute, launches with and",
            "without notice, incidents with and without contact, late and repeated events. Every row is a process of its own",
            "on one core, timed by the processor's time; rows of one table are measured in turns. Three figures are the least,",
            f"the median and the most of {runs} runs. A row counts only if it found the same lapses as the others.",
            "",
            f"## Speed: {events:,} events, {found.lapses:,} lapses (set `{found.digest}`)",
            "",
            *speed_table(events, speeds),
            "",
            "The bare loop knows this load alone: it validates nothing, explains nothing, takes nothing back.",
            "",
            "## The number of events",
            "",
            "Start-up is what passes before the first event: duties are made for every channel, party and pair of the rules.",
            "",
            *growth_table(directory, events, seed, runs),
            "",
            "## The number of channels",
            "",
            f"The mix of events is the same in each row; {min(events, 300_000):,} events.",
            "",
            *channels_table(directory, min(events, 300_000), seed, runs),
            "",
        ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write ``RESULTS.md``."""
    parser = argparse.ArgumentParser(description="Speed and memory of the embedded watch under the synthetic load.")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many events")
    parser.add_argument("--seed", type=int, default=1, help="seed of the load")
    parser.add_argument("--runs", type=int, default=3, help="how often each speed is measured")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    given = parser.parse_args(arguments)
    text = report(given.events, given.seed, given.runs)
    given.output.write_text(text, encoding="utf-8")
    print(text)  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
