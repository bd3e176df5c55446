"""A broker of the benchmarks' own, a log on it that is judged as often as wanted, and what was found in it."""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from deploy.stack import Stack
from deploy.stack.kafka import Kafka
from producers.plan import Plan
from producers.publish import Publisher
from streams.agreements.model import Agreement
from streams.lapses import Lapse, decode_lapse
from streams.live.settings import APP_ID
from streams.log.admin import Admin, BrokerError
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.topics import INPUTS, LAPSES, catalogue, in_run
from tests.benchmarks.live import judge
from tests.benchmarks.oracle import Found
from tests.broker import quiet
from tests.live.running import Ground, Worker, worker

PARTITIONS = 8
SETTINGS = {
    # Kafka's own default: members that come within it share the first assignment.
    "group.initial.rebalance.delay.ms": "3000"
}
HEAP_MB = 1_024


@contextmanager
def broker() -> Iterator[str]:
    """The address of a broker that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        stack = Stack([Kafka(SETTINGS, HEAP_MB)], "bench", Path(folder))
        (report,) = stack.up(quiet)
        try:
            yield str(report.facts["bootstrap"])
        finally:
            stack.down(quiet, wipe=True)


class Log(Ground):
    """The topics of one run, or the live ones where there is no run."""

    def __init__(self, bootstrap: str, run: str | None, partitions: int = PARTITIONS) -> None:
        super().__init__(bootstrap, run, partitions)
        self.sent = 0

    def publish(self, lines: Iterable[bytes], agreements: list[Agreement], every: timedelta) -> None:
        """Send events with a tick everywhere at each ``every`` of their time, and one at the end."""
        plan = Plan(Homes.of(RuleBook(agreements)), self.partitions, str(self.run), every=every)
        with Publisher(self.bootstrap, {one.name: in_run(one.name, self.run) for one in catalogue()}, 60.0) as publisher:
            for sendings in chain(map(plan.take, (line.rstrip() for line in lines)), map(Plan.close, [plan])):
                for topic, partition, key, value, timestamp in sendings:
                    publisher.send(topic, partition, key, value, timestamp)
            publisher.flush()
            self.sent += publisher.records

    def ends(self) -> dict[tuple[str, int], int]:
        """The offset after the newest record of each input topic's partitions."""
        with Admin(self.bootstrap, 30.0) as admin:
            return {place: bounds.end for place, bounds in admin.bounds([self.topic(name) for name in INPUTS]).items()}

    def lapses_end(self) -> int:
        """How many records the lapses topic has."""
        return self.end(self.topic(LAPSES))

    def lapses(self, since: int = 0) -> list[Lapse]:
        """The lapses in their last revisions, of the records from that offset on."""
        last: dict[str, Lapse] = {}
        with KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False) as consumer:
            place = TopicPartition(self.topic(LAPSES), 0)
            consumer.assign([place])
            consumer.seek(place, since)
            end = consumer.end_offsets([place])[place]
            while consumer.position(place) < end:
                for records in consumer.poll(timeout_ms=200).values():
                    for record in records:
                        lapse = decode_lapse(record.value)
                        if lapse.id not in last or lapse.revision > last[lapse.id].revision:
                            last[lapse.id] = lapse
        return list(last.values())

    def found(self, since: int = 0, agreement: str | None = None) -> Found:
        """What they come to: withdrawn ones left out."""
        return frozenset(
            (lapse.rule, lapse.subject, lapse.onset)
            for lapse in self.lapses(since)
            if lapse.state != "withdrawn" and agreement in (None, lapse.agreement)
        )


class Judged(Worker):
    """A worker that takes notes."""

    notes_file: Path

    def notes(self) -> list[judge.Note]:
        """What it noted so far."""
        if not self.notes_file.exists():
            return []
        with self.notes_file.open("rb") as file:
            return judge.read(file)


@contextmanager
def judging(log: Log, group: str, rules: str, **environment: str) -> Iterator[Judged]:
    """A worker of that group; killed at the end where it still runs."""
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        notes = Path(folder) / "notes"
        told = {
            "BENCH_GROUP": group,
            "BENCH_RULES": rules,
            "BENCH_NOTES": str(notes),
            "STEADYLINE_HEALTH_BIND": "off",
            **environment,
        }
        with worker(log, app="tests.benchmarks.live.judge:app", **told) as process:
            judged = Judged(process.process, process.log)
            judged.notes_file = notes
            yield judged


def group_named(log: Log, number: object) -> str:
    """A group that nobody has used, of that name."""
    return f"{APP_ID}-bench-{log.run or 'live'}-{number}-{os.getpid()}"


def wait(condition: Callable[[], bool], processes: Iterable[Worker], patience: float, step: float = 0.05) -> None:
    """Wait for ``condition``.

    Raises:
        SystemExit: when it does not come true in time, or a process ends.
    """
    processes = list(processes)
    end = time.monotonic() + patience
    while not condition():
        ended = [process for process in processes if process.process.poll() is not None]
        if ended or time.monotonic() > end:
            tails = "\n".join(process.said()[-3_000:] for process in processes)
            raise SystemExit(f"{'a worker ended' if ended else f'waited {patience:g} s in vain'}:\n{tails}")
        time.sleep(step)


def committed_all(log: Log, group: str, ends: Mapping[tuple[str, int], int]) -> Callable[[Admin], bool]:
    """Whether the group has committed all that there is."""

    def asked(admin: Admin) -> bool:
        try:
            committed = admin.committed(group)
        except BrokerError:
            # The topic of the groups' offsets comes to be with the first group.
            return False
        return all(committed.get(place, 0) >= end for place, end in ends.items())

    return asked
