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
from tests.benchmarks.live.rebalance import RATE, Stood, rebalance
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
    events: int = 500_000
    kafka: tuple[int, int] = (20_000, 220_000)
    seed: int = 1


SMOKE = Sizes(runs=1, channels=(1_000, MANY_CHANNELS), events=20_000, kafka=(5_000, 15_000))


class Cost(NamedTuple):
    """What so many channels cost.

    Attributes:
        event: Processor seconds of the embedded core for an event.
        channel: Bytes of memory for a channel.
        state: Bytes of the written state for a channel.
    """

    channels: int
    event: float
    channel: float
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
        "leaves, joins again and is killed. A partition stands still for the longest time in which it passes no tick, from its "
        "last one before the change on; a tick comes each second, so a second of it is nothing. Latency is that of the events "
        "sent from the change until 6 s after everybody was at work again, from just before an event is sent to the arrival of "
        "its lapse at a reader; no event was without. A worker that is killed says nothing: its partitions wait for the end of "
        "its session (`STEADYLINE_SESSION_SECONDS`, 10 s). Three figures are the least, the median and the most."
    )
    yield ""
    yield "| the second worker | stood still, s: the partition in the middle | the longest | event to lapse, ms: p99 | worst |"
    yield "|---|---|---|---|---|"
    for what, runs in found.items():
        yield (
            f"| {what} | {_spread([one.median for one in runs], '.1f')} | {_spread([one.longest for one in runs], '.1f')}"
            f" | {_spread([one.p99 for one in runs], ',.0f')} | {_spread([one.worst for one in runs], ',.0f')} |"
        )


def _million(sizes: Sizes, say: Say) -> Iterator[str]:
    costs = []
    for channels in sizes.channels:
        costs.append(_cost(channels, sizes))
        say(f"{costs[-1]}")
    kafka = _kafka(sizes, say)
    yield "### A million channels, on paper"
    yield ""
    yield _text(
        "What a channel and an event cost, measured. Events are those of the load, on one core and by the processor's time; "
        "memory is that of the embedded core above its start, the state what a worker writes into its changelog, cell by cell, "
        f"each in its last version. Both are of {sizes.events:,} events."
    )
    yield ""
    yield "| channels | an event, µs | memory for a channel, bytes | state for a channel, bytes |"
    yield "|---|---|---|---|"
    for cost in costs:
        yield f"| {cost.channels:,} | {cost.event * 1e6:.1f} | {cost.channel:,.0f} | {cost.state:,.0f} |"
    yield ""
    few, many = sizes.kafka
    last = costs[-1]
    # What an event costs on Kafka beside the judging, and what the judging costs among so many channels.
    event = kafka - costs[0].event + last.event
    rate = MILLION / 60
    yield _text(
        f"On Kafka one worker takes {kafka * 1e6:.0f} µs of processor time for an event, with {MANY_CHANNELS:,} channels: "
        f"reading, judging, writing lapses and state ({many - few:,} events more against {few:,}, so that no start is in "
        "it). The broker's own time comes on top."
    )
    yield ""
    yield _text(
        f"A million channels checked every minute are {rate:,.0f} events a second. At {event * 1e6:.0f} µs each (that of "
        f"Kafka, with the judging of {last.channels:,} channels in it) they keep {rate * event:.1f} cores busy; with as much "
        f"again, {rate * event * 2:.1f}, ten minutes' absence is made good in ten. They take "
        f"{MILLION * last.channel / 2**30:.1f} GiB of memory in all workers together, and in the changelog "
        f"{MILLION * last.state / 2**30:.1f} GiB of state, if a channel goes on costing what it does among "
        f"{last.channels:,}. A partition belongs to one worker, so there must be at least as many as workers; with 64 of them, "
        f"one holds {MILLION // 64:,} channels, takes {rate / 64:,.0f} events a second, and has "
        f"{MILLION * last.state / 64 / 2**20:.0f} MiB of state to be read back when it changes hands. None of this paragraph "
        "was run: it is the table, multiplied."
    )


def _cost(channels: int, sizes: Sizes) -> Cost:
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        path = Path(folder) / "load.jsonl"
        write(path, sizes.events, sizes.seed, channels)
        (run,) = compared(path, ("core",), 1, channels)["core"]
        with path.open("rb") as file:
            found = expected(file)
    if run.digest != digest(found):
        raise SystemExit(f"the lapses differ, so the times say nothing: {run.lapses} of the core, {len(found)} of the oracle")
    memory = (run.peak_kib - run.before_kib) * 1024
    return Cost(channels, run.seconds / sizes.events, memory / channels, _state(channels, sizes) / channels)


def _state(channels: int, sizes: Sizes) -> int:
    """Bytes of all cells of all partitions behind the load."""
    agreements = [rules(channels)]
    plan = Plan(Homes.of(RuleBook(agreements)), PARTITIONS, "bench", every=_TICKS)
    watches = [_Kept(PartitionWatch(agreements, partition, PARTITIONS)) for partition in range(PARTITIONS)]
    lines = (line.rstrip() for line in generate(sizes.events, sizes.seed, channels))
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
