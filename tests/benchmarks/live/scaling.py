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
from tests.benchmarks.oracle import digest, expected
from tests.benchmarks.peers.side_by_side import Say
from tests.benchmarks.replay import compared

MILLION = 1_000_000
_TICKS = timedelta(minutes=1)
_BATCH = 1_000


class Sizes(NamedTuple):
    """How much is measured."""

    runs: int = 3
    channels: tuple[int, ...] = (MANY_CHANNELS, 100_000)
    events: tuple[int, int] = (300_000, 800_000)
    kafka: tuple[int, int] = (20_000, 220_000)
    seed: int = 1


SMOKE = Sizes(runs=1, channels=(1_000, MANY_CHANNELS), events=(10_000, 30_000), kafka=(5_000, 15_000))


class Cost(NamedTuple):
    """What so many channels cost.

    Attributes:
        event: Processor seconds of the embedded core for an event.
        memory: The most memory that it held, bytes: Python, the rules and all.
        state: Bytes of the written state.
    """

    channels: int
    event: float
    memory: float
    state: float


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
            f"| {what} | {_spread([one.stopped for one in runs], 'd')} | {_spread([one.longest for one in runs], '.1f')}"
            f" | {_spread([one.p99 for one in runs], ',.0f')} | {_spread([one.worst for one in runs], ',.0f')} |"
        )


def _million(sizes: Sizes, say: Say) -> Iterator[str]:
    costs = [_cost(channels, sizes, say) for channels in sizes.channels]
    kafka = _kafka(sizes, say)
    few, many = sizes.events
    first, last = costs[0], costs[-1]
    # What one more channel takes; and what an event costs on Kafka beside the judging, with that of so many channels.
    memory, state = ((getattr(last, of) - getattr(first, of)) / (last.channels - first.channels) for of in ("memory", "state"))
    event, rate = kafka - first.event + last.event, MILLION / 60
    yield "### A million channels, on paper"
    yield ""
    yield _text(
        "What events and channels cost, measured on the load. An event is what more of them cost the embedded core on one "
        f"core, by the processor's time ({many:,} against {few:,}, so that no start is in it); memory is the most that it "
        "held, Python, rules and all; the state is what workers write into their changelog, every cell in its last version."
    )
    yield ""
    yield "| channels | an event, µs | memory, MiB | state, MiB |"
    yield "|---|---|---|---|"
    for cost in costs:
        yield f"| {cost.channels:,} | {cost.event * 1e6:.1f} | {cost.memory / 2**20:,.0f} | {cost.state / 2**20:,.1f} |"
    yield ""
    yield _text(
        f"On Kafka one worker takes {kafka * 1e6:.0f} µs of processor time for an event, with {MANY_CHANNELS:,} channels: "
        f"reading, judging, writing lapses and state ({sizes.kafka[1]:,} events against {sizes.kafka[0]:,}). The broker's own "
        "time comes on top."
    )
    yield ""
    yield _text(
        f"A million channels checked every minute are {rate:,.0f} events a second. At {event * 1e6:.0f} µs each (that of "
        f"Kafka, with the judging of {last.channels:,} channels in it) they keep {rate * event:.1f} cores busy; with as much "
        f"again, {rate * event * 2:.1f}, ten minutes' absence is made good in ten. By the table one more channel takes "
        f"{memory:,.0f} bytes of memory and {state:,.0f} of state: {MILLION * memory / 2**30:.1f} GiB in all workers "
        f"together, and {MILLION * state / 2**30:.1f} GiB in the changelog. A partition belongs to one worker, so there must "
        f"be at least as many as workers; with 64 of them, one holds {MILLION // 64:,} channels, takes {rate / 64:,.0f} events "
        f"a second, and has {MILLION * state / 64 / 2**20:.0f} MiB of state to be read back when it changes hands. Every "
        "worker knows all rules, so their share of the memory is not divided among workers. None of this paragraph was run: "
        "it is the table, multiplied."
    )


def _cost(channels: int, sizes: Sizes, say: Say) -> Cost:
    """What an event costs is what more of them cost: the start among so many channels is not in it."""
    few, many = sizes.events
    runs = []
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        for events in sizes.events:
            path = Path(folder) / "load.jsonl"
            write(path, events, sizes.seed, channels)
            (run,) = compared(path, ("core",), 1, channels)["core"]
            with path.open("rb") as file:
                found = expected(file)
            if run.digest != digest(found):
                raise SystemExit(
                    f"the lapses differ, so the times say nothing: {run.lapses} of the core, {len(found)} of the oracle"
                )
            say(f"{events:,} events, {channels:,} channels: {run}")
            runs.append(run)
    return Cost(channels, (runs[1].seconds - runs[0].seconds) / (many - few), runs[1].peak_kib * 1024, _state(channels, sizes))


def _state(channels: int, sizes: Sizes) -> int:
    """Bytes of all cells of all partitions behind the load."""
    agreements = [rules(channels)]
    plan = Plan(Homes.of(RuleBook(agreements)), PARTITIONS, "bench", every=_TICKS)
    watches = [_Kept(PartitionWatch(agreements, partition, PARTITIONS)) for partition in range(PARTITIONS)]
    lines = (line.rstrip() for line in generate(sizes.events[1], sizes.seed, channels))
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
