"""All measurements of the live path, in Markdown."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from statistics import median
from typing import NamedTuple

from producers.synthetic import generate
from streams.watch import Watch
from tests.benchmarks.bars import kept
from tests.benchmarks.live.absence import absence
from tests.benchmarks.live.catchup import CURRENT, catch_up
from tests.benchmarks.live.ground import PARTITIONS, Log, broker
from tests.benchmarks.live.latency import WARM_UP, Spread, latency, mixed, salvo
from tests.benchmarks.live.quix import quix
from tests.benchmarks.live.rules import ABSENCE_CHANNELS, ABSENCE_GAP
from tests.benchmarks.live.throughput import Through, same, through
from tests.benchmarks.live.yardstick import idiomatic
from tests.benchmarks.load import rules
from tests.benchmarks.measure import drive
from tests.benchmarks.oracle import digest
from tests.benchmarks.peers.venvs import QUIX, reason

TICKS = timedelta(minutes=1)
FASTEST, LATENCY_BAR, ABSENCE_BAR = 45_000, 250, 1_500
"""What must be kept: events a second of one worker; milliseconds of the 99th of a hundred; milliseconds of the worst."""


class Sizes(NamedTuple):
    """How much is measured: events, times, seconds."""

    events: int = 1_000_000
    few: int = 50_000
    lag: int = 100_000
    rate: float = 200
    seconds: float = 30
    salvo: float = 15
    rounds: int = 1
    runs: int = 3
    brief: bool = False
    seed: int = 1


SMOKE = Sizes(events=5_000, few=2_000, lag=2_000, seconds=2, runs=1, brief=True)

Say = Callable[[str], None]


def report(sizes: Sizes, say: Say) -> str:
    """Measure how fast: throughput, and latency while all is well.

    Args:
        sizes: How much.
        say: Told of each measurement as it ends.

    Raises:
        SystemExit: when lapses differ from those of the embedded core, or do not come.
    """
    return "\n".join([*_throughput(sizes, say), *_latency(sizes, say)])


def report_late(sizes: Sizes, say: Say) -> str:
    """Measure what waits for its time: lapses of what did not come, and a worker that was away.

    Raises:
        SystemExit: when lapses do not come.
    """
    return "\n".join([*_absence(sizes, say), *_catch_up(sizes, say)])


def _throughput(sizes: Sizes, say: Say) -> Iterator[str]:
    lines = list(generate(sizes.events, sizes.seed))
    expected, few = drive(Watch([rules()]), lines), drive(Watch([rules()]), lines[: sizes.few])
    ones: list[Through] = []
    twos: list[Through] = []
    plain: list[Through] = []
    others: list[Through] = []
    lacking = reason(QUIX)
    marks: list[Through] = []
    with broker() as bootstrap:
        log, short = Log(bootstrap, "bench"), Log(bootstrap, "bench-few")
        log.publish(lines, [rules()], TICKS)
        short.publish(lines[: sizes.few], [rules()], TICKS)
        del lines
        for number in range(sizes.runs):
            marks.append(idiomatic(short, number))
            say(f"idiomatic: {marks[-1]}")
            ones.append(through(log, 1, number))
            say(f"one worker: {ones[-1]}")
            if lacking is None:
                others.append(quix(log, number))
                say(f"{QUIX.said}: {others[-1]}")
            if not sizes.brief:
                plain.append(through(short, 1, f"{number}-plain", STEADYLINE_PLAIN_AGENT="yes"))
                say(f"one by one: {plain[-1]}")
                twos.append(through(log, 2, number))
                say(f"two workers: {twos[-1]}")
    same(digest(expected), [*ones, *twos, *others])
    same(digest(few), [*marks, *plain])
    yield f"### Throughput: {sizes.events:,} events, {len(expected):,} lapses (set `{digest(expected)}`)"
    yield ""
    yield _text(
        "The load of `steadyline generate` stands in the log beforehand, with a tick a minute of its time in all "
        f"{PARTITIONS} "
        f"partitions of the three topics: {log.sent:,} records. Events a second count from the first record in a "
        "watch's hands "
        "to the moment when the broker has acknowledged the last lapse and the last of the state; with start-up, "
        "from the start "
        "of the process to the commit of the last offset (the broker waits three seconds for members of a new "
        "group). "
        "A run counts only if its lapses are those of the embedded core on the same events, whose set is named "
        "above. "
        f"The slow ones had the first {sizes.few:,} events ({len(few):,} lapses, set "
        f"`{digest(few)}`); each was held against the embedded core too."
    )
    yield ""
    yield "| what | events a second, thousands | of the idiomatic agent's | with start-up, thousands | processor s | memory |"
    yield "|---|---|---|---|---|---|"
    for name, runs, events in (
        ("one worker", ones, sizes.events),
        ("two workers", twos, sizes.events),
        (QUIX.said, others, sizes.events),
        ("one worker, records one by one (`--plain`)", plain, sizes.few),
        ("idiomatic Faust agent (the yardstick)", marks, sizes.few),
    ):
        if not runs:
            continue
        speeds = [events / run.seconds for run in runs]
        ratios = [speed * mark.seconds / sizes.few for speed, mark in zip(speeds, marks, strict=True)]
        yield (
            f"| {name} | {_spread([speed / 1_000 for speed in speeds], '.1f')} | {_spread(ratios, '.1f')}"
            f" | {_spread([events / run.whole / 1_000 for run in runs], '.1f')} | {_spread([run.cpu for run in runs], '.1f')}"
            f" | {max(run.peak_kib for run in runs) / 1024:.0f} MiB |"
        )
    if lacking is not None:
        yield f"| {QUIX.said} | not measured: {lacking} | | | | |"
    yield ""
    yield _text(
        "The idiomatic agent is one as Faust's own guide has it: typed records, one at a time, a write to a table "
        "for each event, "
        "ticks to notice what is missing; the same three rules and the same lapses. Quix Streams does the same by its "
        "own guide, with state in RocksDB and its changelog; its time ends when it has handled the last record, before what "
        "it commits every five seconds is written. Both take back only what a late contact undoes, and explain nothing."
    )
    yield kept("one worker, events a second", median(sizes.events / run.seconds for run in ones), "more than", FASTEST)
    if others:
        yield kept(
            f"one worker against {QUIX.said}, events a second",
            median(sizes.events / run.seconds for run in ones),
            "more than",
            median(sizes.events / run.seconds for run in others),
        )
    yield ""


def _latency(sizes: Sizes, say: Say) -> Iterator[str]:
    steady: list[Spread] = []
    massive: list[Spread] = []
    for number in range(sizes.runs):
        for name, runs, make, by, seconds in (
            ("latency", steady, mixed, "calls", sizes.seconds),
            ("salvo", massive, salvo, "load", sizes.salvo),
        ):
            if make is salvo and sizes.brief:
                continue
            with broker() as bootstrap:
                runs.append(latency(Log(bootstrap, None), number, make, by, rate=sizes.rate, seconds=seconds))
            say(f"{name}: {runs[-1]}")
    yield f"### From an event to its lapse, at {sizes.rate:g} events a second"
    yield ""
    yield _text(
        "On the live topics, by the worker's own clock: from just before the event is sent to the arrival of its "
        "lapse at a reader "
        f"of the lapses topic. The first {WARM_UP:g} s do not count. Milliseconds; each column the least, the "
        "median and the most of "
        f"{sizes.runs} runs."
    )
    yield ""
    yield "| what | lapses | p50 | p99 | worst |"
    yield "|---|---|---|---|---|"
    yield _row(f"checks that are answered, calls that are declined, launches without notice; {sizes.seconds:g} s", steady)
    if massive:
        yield _row(f"launches alone, each of 20 parties from one place, ten a second; {sizes.salvo:g} s", massive)
    yield ""
    yield kept("first row, p99 in ms", median(run.p99 for run in steady), "less than", LATENCY_BAR)
    if massive:
        yield kept("second row, p99 in ms", median(run.p99 for run in massive), "less than", LATENCY_BAR)
    yield ""


def _absence(sizes: Sizes, say: Say) -> Iterator[str]:
    found: dict[bool, list[Spread]] = {False: [], True: []}
    for number in range(sizes.runs):
        for feed, runs in found.items():
            with broker() as bootstrap:
                runs.append(absence(Log(bootstrap, None), number, feed=feed, rounds=sizes.rounds))
            say(f"absence{' with a feed' if feed else ''}: {runs[-1]}")
    yield "### From a deadline to the lapse of what did not come"
    yield ""
    yield _text(
        f"{ABSENCE_CHANNELS} channels must be checked at least every {ABSENCE_GAP} s, are checked every 2 s, and "
        "then no more. From the "
        "deadline to the arrival of the lapse at a reader, milliseconds, as above. The clock ticks each second. "
        "Where a feed carries "
        "the checks, it must have vouched for the time first: its heartbeat, each second here, comes on top."
    )
    yield ""
    yield "| what | lapses | p50 | p99 | worst |"
    yield "|---|---|---|---|---|"
    yield _row("no feed", found[False])
    yield _row("a feed that beats each second", found[True])
    yield ""
    yield kept("no feed, the worst in ms", max(run.worst for run in found[False]), "at most", ABSENCE_BAR)
    yield kept("with a feed, the worst in ms", max(run.worst for run in found[True]), "at most", ABSENCE_BAR)
    yield ""


def _catch_up(sizes: Sizes, say: Say) -> Iterator[str]:
    yield f"### Catching up with {sizes.lag:,} events"
    yield ""
    yield _text(
        "A live worker is ended, the events are sent, another is started. Current is a worker whose partitions "
        "have all passed a "
        f"tick no older than {CURRENT:g} s. Of the events one in a hundred means a lapse, and every one of those "
        "was waited for."
    )
    yield ""
    yield "| how the first one ended | from start to current, s | of it from the first record on, s | events a second in that |"
    yield "|---|---|---|---|"
    for how, said in (("ended", "asked to end (SIGTERM)"), ("killed", "killed (SIGKILL)")):
        runs = []
        for number in range(sizes.runs):
            with broker() as bootstrap:
                runs.append(catch_up(Log(bootstrap, None), number, "killed" if how == "killed" else "ended", sizes.lag))
            say(f"{how}: {runs[-1]}")
        yield (
            f"| {said} | {_spread([run.whole for run in runs], '.1f')} | {_spread([run.judging for run in runs], '.1f')}"
            f" | {_spread([sizes.lag / run.judging / 1_000 for run in runs], '.0f')} thousand |"
        )
    yield ""


def _text(told: str) -> str:
    return textwrap.fill(told, 120)


def _row(name: str, runs: Sequence[Spread]) -> str:
    cells = (_spread([getattr(run, column) for run in runs], ".0f") for column in ("p50", "p99", "worst"))
    return f"| {name} | {sum(run.number for run in runs):,} | {' | '.join(cells)} |"


def _spread(values: Sequence[float], form: str) -> str:
    return " / ".join(format(value, form) for value in (min(values), median(values), max(values)))
