"""What the fault tests share: a load that goes on while workers die, a broker of one's own, workers that come and go."""

import asyncio
import math
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from kafka import TopicPartition
from kafka.admin import MemberToRemove
from kafka.structs import OffsetAndMetadata

from deploy.stack import Stack
from deploy.stack.kafka import Kafka
from deploy.stack.processes import Process, end
from deploy.stack.state import read
from producers.plan import Sending
from producers.synthetic import generate
from streams.agreements.load import load_builtin
from streams.log.admin import Admin
from streams.partition import PartitionWatch
from streams.sequence import Memory
from streams.topics import INPUTS, LAPSES
from tests.broker import SETTINGS, quiet
from tests.live.changelogs import standing, states
from tests.live.running import READY, Ground, Worker, embedded, planned, until, worker

LONG = pytest.mark.skipif(not os.environ.get("STEADYLINE_FAULTS"), reason="takes long, with the others: `make faults`")
"""Whoever develops waits for a few of each kind."""
QUICK = {"STEADYLINE_SESSION_SECONDS": "6", "STEADYLINE_HEARTBEAT_SECONDS": "1", "STEADYLINE_COMMIT_SECONDS": "0.2"}
BACK_SOON = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""A node that was killed may come back only once it is given up for lost, after nine seconds by Kafka's own choice."""
_SLICE, _PAUSE = 1_000, 0.1
"""Records that are sent at once, and seconds between two such lots where there is no hurry."""


@cache
def load(events: int, channels: int = 40) -> tuple[bytes, ...]:
    """Lines of a load with lapses all along."""
    return tuple(line.rstrip() for line in generate(events, 7, channels=channels))


class Case:
    """A load in a run of its own, and what the embedded replay makes of it."""

    def __init__(self, kafka: str, run: str, partitions: int, lines: Sequence[bytes]) -> None:
        self.ground = Ground(kafka, run, partitions)
        self.lines = lines
        self.sendings = planned(lines, run, partitions)
        self.expected = embedded(lines, run)
        self.changelog = f"steadyline-run-{run}-state-changelog"

    def part(self, first: float, last: float) -> list[Sending]:
        """The records from one share of the load to another."""
        return self.sendings[int(first * len(self.sendings)) : int(last * len(self.sendings))]

    def done(self) -> float:
        """Which share of the load the group has committed."""
        return sum(self.ground.committed().values()) / len(self.sendings)

    def moved(self) -> Callable[[], bool]:
        """Whether every partition number has been judged further than now."""
        since = self._judged()
        return lambda: all(now > then for now, then in zip(self._judged(), since, strict=True))

    def _judged(self) -> list[int]:
        committed = self.ground.committed()
        return [sum(committed[name, number] for name in INPUTS) for number in range(self.ground.partitions)]

    def reach(self, share: float, said: Callable[[], str]) -> None:
        """Wait until that share of the load is committed."""
        until(lambda: self.done() >= share, lambda: f"{share:.0%} of the load\n{said()}")

    def midway(self) -> float:
        """The share that is committed; fails unless it is really in mid-stream, with some lapses told and others to come."""
        share = self.done()
        assert 0 < share < 1, f"{share:.0%} of the load is committed: this is not mid-stream"
        found = self.ground.revisions()
        assert [(told, self.expected.get(key)) for key, told in found.items() if self.expected.get(key) != told] == []
        assert len(found) < len(self.expected), "all lapses were told already"
        return share

    def complete(self) -> bool:
        """Whether every revision has been told."""
        return self.ground.revisions().keys() >= self.expected.keys()

    def told(self, *workers: Worker) -> str:
        """How far it is, and what workers have said."""
        place = f"{self.done():.1%} done, {len(self.ground.revisions())} of {len(self.expected)} revisions"
        return "\n".join([place, str(self.ground.committed()), told(*workers)])

    def finish(self, *workers: Worker) -> None:
        """Wait until all is judged, end the workers, and hold everything against the embedded replay."""
        until(lambda: self.complete() and self.ground.caught_up(), lambda: f"the end\n{self.told(*workers)}", 90)
        for each in workers:
            assert each.end() == 0, each.said()
        self.verify()

    def verify(self, *, restarted: bool = False) -> None:
        """The lapses are those of the embedded replay, byte for byte, no record is lost, and the state is what it would be.

        Args:
            restarted: The broker was gone for a while, so that the log may hold a record twice; see ``log``.
        """
        found = self.ground.revisions()
        assert sorted(self.expected.keys() - found.keys()) == [], "missing"
        assert sorted(found.keys() - self.expected.keys()) == [], "unexpected"
        assert [(found[key], told) for key, told in self.expected.items() if found[key] != told] == [], "different"
        assert self.ground.letters() == []
        assert self.ground.caught_up()
        kept = states(self.ground, self.changelog)
        for partition, cells in self.undisturbed(restarted=restarted).items():
            state = self.recalled(partition, kept[partition].cells)
            assert sorted(state.keys() ^ cells.keys()) == []
            assert [name for name, cell in cells.items() if state[name] != cell] == []

    def undisturbed(self, *, restarted: bool = False) -> dict[int, dict[str, bytes]]:
        """The cells of watches to which nothing happened, by partition number."""
        found = {}
        for partition in range(self.ground.partitions):
            watch = PartitionWatch(load_builtin(), partition, self.ground.partitions, run=self.ground.run)
            for topic, records in (self.log if restarted else self.records)(partition).items():
                watch.take(topic, records)
            changes = watch.changes(clock=True)
            found[partition] = self.recalled(partition, {name: cell for name, cell in changes.items() if cell is not None})
        return found

    def records(self, partition: int) -> dict[str, list[tuple[int, bytes | None]]]:
        """The log of a partition number as it was sent, by topic, with the offsets."""
        found: dict[str, list[tuple[int, bytes | None]]] = {topic: [] for topic in INPUTS}
        for sending in self.sendings:
            if sending.partition == partition:
                found[sending.topic].append((len(found[sending.topic]), sending.value))
        return found

    def log(self, partition: int) -> dict[str, list[tuple[int, bytes | None]]]:
        """The log of a partition number as it stands, by topic, with the offsets: all that was sent, in that order.

        A record may stand there twice. A producer sends again what it has no answer for, and the broker knows it again by the
        producer's number. But it keeps those numbers for a day by the records' own time, and forgets them at its next start
        where that time, as in every run, is long past.
        """
        found = {}
        for topic, sent in self.records(partition).items():
            stands = [value for _, value in standing(self.ground, self.ground.topic(topic), partition)]
            assert list(dict.fromkeys(stands)) == list(dict.fromkeys(value for _, value in sent)), f"{topic}, {partition}"
            found[topic] = list(enumerate(stands))
        return found

    def positions(self, cells: dict[str, bytes]) -> dict[str, int]:
        """By topic, how far a state has read."""
        return dict(zip(INPUTS, msgspec.msgpack.decode(cells["sequence"], type=Memory).positions, strict=True))

    def skip(self) -> None:
        """Set the offsets of the group to the end of the log, whatever was judged. It must have no members."""
        group, ground = f"steadyline-run-{self.ground.run}", self.ground
        with Admin(ground.bootstrap) as admin:
            bounds = admin.bounds([ground.topic(name) for name in INPUTS])
            told = admin._client.alter_group_offsets(
                group, {TopicPartition(*place): OffsetAndMetadata(held.end, "", -1) for place, held in bounds.items()}
            )
        assert {str(error.__name__) for error in told.values()} == {"NoError"}, told

    def recalled(self, partition: int, cells: dict[str, bytes]) -> dict[str, bytes]:
        """The cells with those that whoever goes on from them writes anew: duties that nobody has judged yet."""
        watch = PartitionWatch(load_builtin(), partition, self.ground.partitions, run=self.ground.run)
        assert watch.recall(cells) == []
        whole = {**cells, **watch.changes()}
        return {name: cell for name, cell in whole.items() if cell is not None}


class Feeder(threading.Thread):
    """Sends records in their order while other things happen; goes on where a broker was away and came back."""

    def __init__(self, ground: Ground, sendings: Sequence[Sending], seconds: float = 0.0, *, lingers: bool = False) -> None:
        """Begin.

        Args:
            ground: Where to.
            sendings: What.
            seconds: Over how long it is spread, at least.
            lingers: In each span of so many seconds half of what is left is sent, so that there is more to come however
                long the other things take; what is left then goes all at once when ``done`` is asked.
        """
        super().__init__(name="feeder", daemon=True)
        self._ground, self._sendings, self._seconds, self._lingers = ground, sendings, seconds, lingers
        self._hurry = threading.Event()
        self._failure: BaseException | None = None
        self.sent = 0
        self.start()

    def done(self, patience: float = 60.0) -> None:
        """Wait until all was sent."""
        if self._lingers:
            self._hurry.set()
        self.join(patience)
        assert not self.is_alive(), f"only {self.sent} of {len(self._sendings)} records were sent in {patience:g} s"
        if self._failure is not None:
            raise self._failure

    def run(self) -> None:
        try:
            asyncio.run(self._send())
        except BaseException as failure:  # noqa: BLE001 - whoever waits for it raises it
            self._failure = failure

    def _due(self, seconds: float) -> int:
        """How many records are to be sent so many seconds after the beginning."""
        if not self._seconds or self._hurry.is_set():
            return len(self._sendings)
        spans = seconds / self._seconds
        share = 1 - 0.5**spans if self._lingers else min(1.0, spans)
        return math.ceil(share * len(self._sendings))

    async def _send(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._ground.bootstrap,
            acks="all",
            enable_idempotence=True,
            max_batch_size=900_000,
            request_timeout_ms=150_000,
        )
        await producer.start()
        began = time.monotonic()
        try:
            while self.sent < len(self._sendings):
                slice_ = self._sendings[self.sent : min(self.sent + _SLICE, self._due(time.monotonic() - began))]
                batches = {}
                for one in slice_:
                    place = self._ground.topic(one.topic), one.partition
                    if place not in batches:
                        batches[place] = producer.create_batch()
                    stamp = max(0, one.timestamp)
                    assert batches[place].append(key=one.key, value=one.value, timestamp=stamp) is not None, "a batch is full"
                under_way = [
                    await producer.send_batch(batch, topic, partition=number) for (topic, number), batch in batches.items()
                ]
                await asyncio.gather(*under_way)
                self.sent += len(slice_)
                if len(slice_) < _SLICE:
                    await asyncio.sleep(_PAUSE)
        finally:
            await producer.stop()


def bury(ground: Ground) -> None:
    """Tell the broker that the members of the group are dead; by itself it finds out after their session."""
    group = "steadyline" if ground.run is None else f"steadyline-run-{ground.run}"
    with Admin(ground.bootstrap) as admin:
        told = admin._client.describe_groups([group])
        members = [MemberToRemove(member_id=member["member_id"]) for member in told[group]["members"]]
        if members:
            admin._client.remove_group_members(group, members)


class Broker:
    """A broker that can be taken away, under the same address each time."""

    def __init__(self, folder: Path) -> None:
        self._stack = Stack([Kafka({**SETTINGS, **BACK_SOON})], "faults", folder)
        self.bootstrap = self.up()

    def up(self) -> str:
        """Start it; its address."""
        (report,) = self._stack.up(quiet)
        return str(report.facts["bootstrap"])

    def down(self) -> None:
        """End it in good order."""
        self._stack.down(quiet)

    def kill(self) -> None:
        """Kill it."""
        known = read(self._stack.folder / "stack.json").services["kafka"].process
        assert known is not None
        end(Process(known.pid, known.born), 0.0)

    def gone(self) -> None:
        """End it for good."""
        self._stack.down(quiet, wipe=True)


class Crew:
    """Workers that come and go."""

    def __init__(self, ground: Ground, stack: ExitStack, **environment: str) -> None:
        self.ground = ground
        self._stack = stack
        self._environment = {**QUICK, **environment}

    def hire(self, app: str = "streams.app:app", **settings: str) -> Worker:
        """Start one; it is not ready yet."""
        return self._stack.enter_context(worker(self.ground, app=app, **self._environment, **settings))


def owned(process: Worker) -> set[int]:
    """The partition numbers that a worker judges, by its own word; none before the first."""
    said = re.findall(rf"{READY} ([\d, ]+|none) of", process.said())
    return set() if not said or said[-1] == "none" else {int(number) for number in said[-1].split(", ")}


def shared(*workers: Worker) -> bool:
    """Whether two workers have half of four partition numbers each."""
    return sorted(number for process in workers for number in owned(process)) == [0, 1, 2, 3] and all(
        len(owned(process)) == 2 for process in workers
    )


def told(*workers: Worker) -> str:
    """What each of them has said, and whether it still runs."""

    def state(process: Worker) -> str:
        code = process.process.poll()
        return "running" if code is None else f"ended with {code}"

    return "\n".join(f"--- worker {number}, {state(each)}\n{each.said()}" for number, each in enumerate(workers, 1))


def killed(process: Worker) -> None:
    """``kill -9``."""
    assert process.process.poll() is None, process.said()
    process.process.kill()
    process.process.wait(10)


def grown(ground: Ground, name: str = LAPSES) -> Callable[[], bool]:
    """Whether more records stand in a topic than now."""
    since = ground.end(ground.topic(name))
    return lambda: ground.end(ground.topic(name)) > since
