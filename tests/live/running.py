"""A run on a real broker: its topics, its records, its workers, and what they found."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.replaying.replay import Edges, replay
from producers.plan import Plan, Sending
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.lapses import decode_lapse, encode_lapse
from streams.log.access import access
from streams.log.admin import Admin
from streams.log.recording import Batch, Lines
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.topics import DEAD_LETTERS, INPUTS, LAPSES, catalogue, in_run
from streams.watch import Watch

Revisions = dict[tuple[bool, str, int], bytes]
"""Every revision of every lapse: drill or not, id, revision."""
PATIENCE = 60.0
READY = "watching partition numbers"
"""What a worker says once it judges."""


def until(condition: Callable[[], bool], what: str | Callable[[], str], patience: float = PATIENCE) -> None:
    """Wait for ``condition``; fail when it does not come true, and say for what it was waited."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:g} s for {what if isinstance(what, str) else what()}")
        time.sleep(0.05)


class Told:
    """Lines to replay."""

    size = None

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.lines = list(lines)

    def batches(self) -> Iterator[Batch]:
        yield Lines("told", 1, self.lines, 0)


def embedded(lines: Sequence[bytes], run: str | None, agreements: Sequence[Agreement] | None = None) -> Revisions:
    """What the embedded replay finds."""
    watch = Watch(load_builtin() if agreements is None else agreements, run=run)
    result = replay(watch, Told(lines), Edges(clock=lambda: 0.0))
    return {
        (lapse.exercise, lapse.id, lapse.revision): encode_lapse(lapse)
        for revisions in result.history.values()
        for lapse in revisions
    }


def planned(lines: Sequence[bytes], run: str, partitions: int, agreements: Sequence[Agreement] | None = None) -> list[Sending]:
    """The records of a replay, ticks and all."""
    plan = Plan(Homes.of(RuleBook(load_builtin() if agreements is None else agreements)), partitions, run)
    sendings = [sending for line in lines for sending in plan.take(line)]
    return sendings + plan.close()


class Ground:
    """The topics of one run, or the live ones of a broker of one's own."""

    def __init__(self, bootstrap: str, run: str | None, partitions: int) -> None:
        self.bootstrap = bootstrap
        self.run = run
        self.partitions = partitions
        with Admin(bootstrap) as admin:
            admin.create(catalogue(partitions, run))

    def topic(self, name: str) -> str:
        return in_run(name, self.run)

    def send(self, sendings: Iterable[Sending]) -> None:
        """Send records, all in their order."""
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=5, max_block_ms=20_000, **access().settings())
        sent = [
            producer.send(
                self.topic(one.topic), one.value, key=one.key, partition=one.partition, timestamp_ms=max(0, one.timestamp)
            )
            for one in sendings
        ]
        producer.flush(60)
        for future in sent:
            future.get(20)
        producer.close()

    def records(self, name: str) -> list[bytes]:
        """All records of one of the run's topics, in the order of the broker."""
        return [value for _, value in self.read(self.topic(name)) if value is not None]

    def read(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        """All records of a topic that are there now, with their keys."""
        with KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False, **access().settings()) as consumer:
            # A broker that has much to do may not tell of a topic at the first question.
            end = time.monotonic() + 10
            while not (numbers := consumer.partitions_for_topic(topic)) and time.monotonic() < end:
                time.sleep(0.05)
            places = [TopicPartition(topic, number) for number in sorted(numbers or ())]
            consumer.assign(places)
            consumer.seek_to_beginning()
            ends = consumer.end_offsets(places)
            found = []
            while any(consumer.position(place) < ends[place] for place in places):
                for records in consumer.poll(timeout_ms=200).values():
                    found += [(record.key, record.value) for record in records]
            return found

    def end(self, topic: str) -> int:
        """How many records were ever written to a topic that may not be there."""
        with KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False, **access().settings()) as consumer:
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            return sum(consumer.end_offsets(places).values()) if places else 0

    def grown(self, topic: str, since: int) -> bool:
        """Whether more than so many records were written to a topic."""
        return self.end(topic) > since

    def caught_up(self, share: float = 1.0) -> bool:
        """Whether the group has committed all that there is, or that share of it: what has no tick after it must wait."""
        return sum(self.committed().values()) >= share * sum(self.end(self.topic(name)) for name in INPUTS)

    def revisions(self) -> Revisions:
        """Every revision in the lapses topic. The same one may stand there twice, and says the same then."""
        found: Revisions = {}
        for record in self.records(LAPSES):
            lapse = decode_lapse(record)
            key = (lapse.exercise, lapse.id, lapse.revision)
            assert found.setdefault(key, record) == record, f"{key} stands there twice and differs"
        return found

    def letters(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(record) for record in self.records(DEAD_LETTERS)]

    def committed(self) -> dict[tuple[str, int], int]:
        """How far the group has committed, by the topic's live name and partition."""
        group = "steadyline" if self.run is None else f"steadyline-run-{self.run}"
        with KafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=group, enable_auto_commit=False, **access().settings()
        ) as consumer:
            found = {}
            for name in INPUTS:
                for number in range(self.partitions):
                    offset = consumer.committed(TopicPartition(self.topic(name), number))
                    found[name, number] = 0 if offset is None else int(offset)
            return found


class Worker:
    """A worker in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ready(self) -> "Worker":
        until(lambda: READY in self.said() or self.process.poll() is not None, f"a worker:\n{self.said()}")
        assert self.process.poll() is None, self.said()
        return self

    def end(self, patience: float = 15.0) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience)


@contextmanager
def worker(ground: Ground, *, app: str = "streams.app:app", **environment: str) -> Iterator[Worker]:
    """A worker of that run; killed at the end where it still runs."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        told = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STEADYLINE_")},
            "STEADYLINE_KAFKA": ground.bootstrap,
            "STEADYLINE_DATADIR": folder,
            "STEADYLINE_HEALTH_BIND": "127.0.0.1:0",
            **({} if ground.run is None else {"STEADYLINE_RUN": ground.run}),
            **environment,
        }
        with log.open("wb") as out:
            command = [str(Path(sys.executable).parent / "faust"), "-A", app, "worker", "-l", "info", "--without-web"]
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=told)
        try:
            yield Worker(process, log)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
