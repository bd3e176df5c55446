"""How fast the idiomatic Faust agent goes through the same log: the yardstick of the live path."""

import time
from datetime import UTC, datetime

import msgspec
from kafka import KafkaConsumer, TopicPartition

from streams.log.admin import Admin
from streams.topics import Topic
from tests.benchmarks.live.ground import Log, committed_all, group_named, wait
from tests.benchmarks.live.throughput import PATIENCE, Through, processor
from tests.benchmarks.oracle import Found, digest
from tests.benchmarks.peers.usage import high_water
from tests.live.running import worker

TABLES = ("checked", "told", "asked")
"""The idiomatic agent's."""


def idiomatic(log: Log, number: object) -> Through:
    """Let one worker of it take in the whole log."""
    group = group_named(log, f"idiomatic-{number}")
    with Admin(log.bootstrap, 30.0) as admin:
        ends = log.ends()
        # Faust gives up at a changelog that it has made itself and that the broker does not tell of at once.
        tables = [Topic(f"{group}-{name}-changelog", log.partitions, "the key", -1, "compact") for name in TABLES]
        admin.create([Topic(f"{group}-lapses", 1, "nothing", -1), *tables])
        done = committed_all(log, group, ends)
        environment = {"BENCH_GROUP": group, "BENCH_RUN": str(log.run), "BENCH_PARTITIONS": str(log.partitions)}
        began = time.monotonic()
        with worker(log, app="tests.benchmarks.live.idiomatic:app", **environment) as process:
            wait(lambda: done(admin), [process], PATIENCE)
            whole, cpu = time.monotonic() - began, processor(process.process.pid)
            peak = high_water(process.process.pid)
            process.end()
    first, last = _written(log, f"{group}-checked-changelog")
    found = told(log, f"{group}-lapses")
    return Through((last - first) / 1_000, whole, cpu, peak, len(found), digest(found))


def _written(log: Log, topic: str) -> tuple[int, int]:
    """When the first and the last record of a changelog were written, milliseconds: it gets one for each check."""
    stamps = []
    with KafkaConsumer(bootstrap_servers=log.bootstrap, enable_auto_commit=False) as consumer:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = consumer.end_offsets(places)
        for place in (place for place in places if ends[place]):
            for offset in (0, ends[place] - 1):
                consumer.assign([place])
                consumer.seek(place, offset)
                told: dict[TopicPartition, list[object]] = {}
                while not told:
                    told = consumer.poll(timeout_ms=500, max_records=1)
                stamps.append(int(told[place][0].timestamp))  # type: ignore[attr-defined]
    return min(stamps), max(stamps)


def told(log: Log, topic: str) -> Found:
    found: set[tuple[str, str, datetime]] = set()
    for _, value in log.read(topic):
        lapse = msgspec.json.decode(value or b"")
        onset = datetime.fromtimestamp(round(lapse["onset"], 3), UTC)
        (found.discard if lapse["withdrawn"] else found.add)((lapse["rule"], lapse["subject"], onset))
    return frozenset(found)
