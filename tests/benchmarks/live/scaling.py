"""What more workers, and a million channels, come to: a rebalance measured, the rest reckoned from what was measured."""

import tempfile
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path
from statistics import median
from typing import NamedTuple

from producers.plan import Plan
from producers.synthetic import generate
from streams.partition import PartitionWatch
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.watch import Watch
from tests.benchmarks.live.ground import PARTITIONS, Log, broker
from tests.benchmarks.live.rebalance import RATE, STILL, Stood, rebalance
from tests.benchmarks.live.rules import MANY_CHANNELS
from tests.benchmarks.live.throughput import through
from tests.benchmarks.load import rules, write
from tests.benchmarks.measure import drive
from tests.benchmarks.oracle import digest
from tests.benchmarks.peers.side_by_side import Say
from tests.benchmarks.replay import compared

MILLION = 1_000_000
_TICKS = timedelta(minutes=1)
_BATCH = 1_000


class Sizes(NamedTuple):
    """How much is measured.

    Attributes:
        runs: How often a second worker comes and goes.
        channels: Few and many.
        hours: How long the load of each lasts, in its own time.
        kafka: How many events one worker is given, and how many another time.
    """

    runs: int = 3
    channels: tuple[int, int] = (1_000, MANY_CHANNELS)
    hours: float = 9
    kafka: tuple[int, int] = (20_000, 220_000)
    seed: int = 1

    def events(self, channels: int) -> int:
        """Events of so many channels in that time: a check a minute of each, and a hundredth of the rest."""
        return int(channels * 60 * self.hours * 1.01)


SMOKE = Sizes(runs=1, channels=(200, 1_000), hours=0.5, kafka=(5_000, 15_000))


class Cost(NamedTuple):
    """What so many channels cost.

    Attributes:
        event: Processor seconds of the embedded core for an event.
        memory: The most memory that it held, bytes: Python, the rules and all.
    """

    channels: int
    events: int
    event: float
    memory: float


def report(sizes: Sizes, say: Say) -> str:
    """Measure everything."""
    return "\n".join([*_rebalances(sizes, say), "", *_million(sizes, say)])


def _rebalances(sizes: Sizes, say: Say) -> Iterator[str]:
    found: defaultdict[str, list[Stood]] = defaultdict(list)
    for number in range(sizes.runs):
        with broker() as bootstrap:
            for what, stood in rebalance(Log(bootstrap, None), number):
                found[what].append(stood)
                say(f"a second worker {what}: {stood}")
    yield "### A second worker, under way"
    yield ""
    yield _text(
        f"A worker lives by its own clock on {PARTITIONS} partitions while {RATE:g} events a second come; another joins it, "
        "leaves, joins again and is killed. A partition stands still from one tick that it passes to the next, where that is "
        f"more than {STILL:g} s; a tick comes each second. Latency is that of the events "
        "sent from the change until 6 s after everybody was at work again, from just before an event is sent to the arrival of "
        "its lapse at a reader; no event was without. A worker that is killed says nothing: its partitions wait for the end of "
        "its session (`STEADYLINE_SESSION_SECONDS`, 10 s). Three figures are the least, the median and the most."
    )
    yield ""
    yield "| the second worker | partitions that stood still | the longest, s | event to lapse, ms: p99 | worst |"
    yield "|---|---|---|---|---|"
    for what, runs in found.items():
        yield (
            f"| {what} | {_spread([one.stopped for one in runs], 'g')} | {_spread([one.longest for one in runs], '.1f')}"
            f" | {_spread([one.p99 for one in runs], ',.0f')} | {_spread([one.worst for one in runs], ',.0f')} |"
        )


def _million(sizes: Sizes, say: Say) -> Iterator[str]:
    first, last = (_cost(channels, sizes, say) for channels in sizes.channels)
    state = _state(first.channels, sizes) / first.channels
    kafka = _kafka(sizes, say)
    memory = (last.memory - first.memory) / (last.channels - first.channels)
    rate = MILLION / 60
    yield "### A million channels, on paper"
    yield ""
    yield _text(
        f"What events and channels cost, measured on {sizes.hours:g} hours of the load by its own time, after which what is "
        "held of checks grows no more. An event is what the second half of them cost the embedded core on one core, by the "
        "processor's time; memory is the most that it held, Python, rules and all."
    )
    yield ""
    yield "| channels | events | an event, µs | memory, MiB |"
    yield "|---|---|---|---|"
    for cost in (first, last):
        yield f"| {cost.channels:,} | {cost.events:,} | {cost.event * 1e6:.1f} | {cost.memory / 2**20:,.0f} |"
    yield ""
    yield _text(
        f"By the table one more channel takes {memory / 1_000:,.1f} kB of memory. What workers remember of it in their "
        f"changelog, every cell in its last version, is {state / 1_000:,.1f} kB (of {first.channels:,} channels, behind the "
        f"same load). On Kafka one worker takes {kafka * 1e6:.0f} µs of processor time for an event of {MANY_CHANNELS:,} "
        "channels: reading, judging, writing lapses and state "
        f"({sizes.kafka[1]:,} events against {sizes.kafka[0]:,}), in full batches, as it does when it catches up; live, its "
        "batches are small and cost more. The broker's own time comes on top."
    )
    yield ""
    yield _text(
        f"A million channels checked every minute are {rate:,.0f} events a second. At {kafka * 1e6:.0f} µs each they keep "
        f"{rate * kafka:.1f} cores busy; with as much again, {rate * kafka * 2:.1f}, ten minutes' absence is made good in ten. "
        f"They take {MILLION * memory / 2**30:.0f} GiB of memory in all workers together, and in the changelog "
        f"{MILLION * state / 2**30:.1f} GiB. A partition belongs to one worker, so there must be at least as many as workers; "
        f"each of 64 holds {MILLION // 64:,} channels, takes {rate / 64:,.0f} events a second, "
        f"{MILLION * memory / 64 / 2**30:.1f} GiB of memory, and has {MILLION * state / 64 / 2**20:,.0f} MiB of state to be "
        "read back when it changes hands. Every worker knows all rules, and that share of the memory is not divided. None of "
        "this paragraph was run: it is what was measured, multiplied."
    )


def _cost(channels: int, sizes: Sizes, say: Say) -> Cost:
    events = sizes.events(channels)
    runs = []
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        path = Path(folder) / "load.jsonl"
        for count in (events // 2, events):
            write(path, count, sizes.seed, channels)
            # The bare loop says whether the lapses are right.
            runs.append(compared(path, ("yardstick", "core"), 1, channels)["core"][0])
            say(f"{count:,} events, {channels:,} channels: {runs[-1]}")
    half, whole = runs
    return Cost(channels, events, (whole.seconds - half.seconds) / (events - events // 2), whole.peak_kib * 1024)


def _state(channels: int, sizes: Sizes) -> int:
    """Bytes of all cells of all partitions behind the load."""
    agreements = [rules(channels)]
    plan = Plan(Homes.of(RuleBook(agreements)), PARTITIONS, "bench", every=_TICKS)
    watches = [_Kept(PartitionWatch(agreements, partition, PARTITIONS)) for partition in range(PARTITIONS)]
    lines = (line.rstrip() for line in generate(sizes.events(channels), sizes.seed, channels))
    for sendings in chain(map(plan.take, lines), map(Plan.close, [plan])):
        for sending in sendings:
            watches[sending.partition].put(sending.topic, sending.value)
    return sum(watch.size() for watch in watches)


class _Kept:
    """The state of one partition, as a worker writes it: after each batch."""

    def __init__(self, watch: PartitionWatch) -> None:
        self._watch = watch
        self._cells: dict[str, bytes | None] = {}
        self._waiting: defaultdict[str, list[tuple[int, bytes | None]]] = defaultdict(list)
        self._offsets: Counter[str] = Counter()

    def put(self, topic: str, value: bytes) -> None:
        self._waiting[topic].append((self._offsets[topic], value))
        self._offsets[topic] += 1
        if len(self._waiting[topic]) == _BATCH:
            self._flush()

    def _flush(self) -> None:
        for topic, records in self._waiting.items():
            self._watch.take(topic, records)
        self._waiting.clear()
        self._cells |= self._watch.changes()

    def size(self) -> int:
        """Bytes of all cells in their last versions, names and all."""
        self._flush()
        return sum(len(name) + len(cell) for name, cell in self._cells.items() if cell is not None)


def _kafka(sizes: Sizes, say: Say) -> float:
    """Processor seconds of a worker for an event, with many channels."""
    by, spent = f"load-{MANY_CHANNELS}", []
    with broker() as bootstrap:
        for count in sizes.kafka:
            lines = list(generate(count, sizes.seed, MANY_CHANNELS))
            log = Log(bootstrap, f"bench-{count}")
            log.publish(lines, [rules(MANY_CHANNELS)], _TICKS)
            run = through(log, 1, count, by)
            if run.digest != digest(drive(Watch([rules(MANY_CHANNELS)]), lines)):
                raise SystemExit(f"the lapses of {count:,} events differ, so the time says nothing")
            say(f"{count:,} events, {MANY_CHANNELS:,} channels: {run}")
            spent.append(run.cpu)
    few, many = sizes.kafka
    return (spent[1] - spent[0]) / (many - few)


def _spread(values: Sequence[float], form: str) -> str:
    return " / ".join(format(value, form) for value in (min(values), median(values), max(values)))


def _text(told: str) -> str:
    return textwrap.fill(told, 120)
