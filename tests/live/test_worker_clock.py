"""The live topics: one clock, and lapses that do not wait for it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.stack import Stack
from deploy.stack.kafka import Kafka
from streams.agreements.load import load_builtin
from streams.events.decode import decode
from streams.lapses import decode_lapse
from streams.routes import Homes, routes_of
from streams.rulebook import RuleBook
from streams.topics import INPUTS, LAPSES
from tests.broker import SETTINGS, quiet
from tests.live.running import Ground, until, worker

HOMES = Homes.of(RuleBook(load_builtin()))
PARTITIONS = 4


@pytest.fixture(scope="module")
def live(real: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The live topics, on a broker of their own."""
    stack = Stack([Kafka(SETTINGS)], "live", tmp_path_factory.mktemp("live"))
    (report,) = stack.up(quiet)
    yield Ground(str(report.facts["bootstrap"]), None, PARTITIONS)
    stack.down(quiet, wipe=True)


def stamped(ground: Ground, topic: str) -> list[tuple[int, bytes]]:
    """All records of a topic with the broker's stamp, in milliseconds."""
    with KafkaConsumer(bootstrap_servers=ground.bootstrap, enable_auto_commit=False) as consumer:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        found = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=200).values():
                found += [(record.timestamp, record.value) for record in records]
        return found


def launch(number: int, party: str, now: datetime) -> bytes:
    stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"specversion":"1.0","type":"org.steadyline.launch.observation.v1","id":"launch-{number}","source":"urn:test",'
        f'"time":"{stamp}","ingested":"{stamp}","data":{{"party":"{party}","launch":"launch-{number}","class":"srbm",'
        '"range_km":450,"site":{"lat":10.0,"lon":10.0},"impact":{"lat":14.0,"lon":10.0}}}'
    ).encode()


COUNT = 600
"""How many launches are sent."""


@pytest.mark.alone
def test_a_launch_without_notice_is_a_lapse_within_a_quarter_of_a_second(live: Ground) -> None:
    """At two hundred events a second, half of them; both moments are the broker's. The benchmark holds the slowest to it."""
    with worker(live) as process:
        process.ready()
        until(lambda: live.end(INPUTS[0]) > 2 * PARTITIONS, f"ticks\n{process.said()}")
        launched(live, COUNT)
        until(lambda: told(live, COUNT), f"lapses: {len(live.records(LAPSES))}\n{process.said()}", 20)
        assert process.end() == 0, process.said()
    waited = sorted(waits(live))
    assert len(waited) >= COUNT // 2
    assert waited[len(waited) // 2] < 250, waited


def told(live: Ground, many: int) -> bool:
    """Whether so many lapses are told."""
    return len({decode_lapse(record).id for _, record in stamped(live, LAPSES)}) >= many


def launched(live: Ground, many: int) -> None:
    """Send a launch without notice every five milliseconds."""
    producer, began = KafkaProducer(bootstrap_servers=live.bootstrap, linger_ms=0), time.monotonic()
    for number in range(many):
        time.sleep(max(0.0, began + number * 0.005 - time.monotonic()))
        record = launch(number, f"S{number % 20 + 1:02}", datetime.now(UTC))
        for topic, partition, key in routes_of(decode(record), HOMES, PARTITIONS):
            producer.send(topic, record, key=key, partition=partition)
    producer.flush(20)
    producer.close()


def waits(live: Ground) -> Iterator[int]:
    """How long each of the launches waited for its lapse, milliseconds."""
    came = {decode(record).id: moment for moment, record in stamped(live, "launches")}
    for moment, record in stamped(live, LAPSES):
        lapse = decode_lapse(record)
        if lapse.revision == 1 and lapse.because in came:
            yield moment - came[lapse.because]
