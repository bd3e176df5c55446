"""Records of the input topics come as pairs, and those of others whole; aiokafka is as that needs it."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from kafka import KafkaProducer

from streams.live.pairs import Fetched, pair
from streams.topics import CHANNELS, LAUNCHES
from tests.live.running import Ground


def test_what_is_fetched_comes_in_pairs_where_that_is_wanted(kafka: str, run: str) -> None:
    ground = Ground(kafka, run, 1)
    paired, whole = (TopicPartition(ground.topic(name), 0) for name in (CHANNELS, LAUNCHES))
    with KafkaProducer(bootstrap_servers=kafka) as producer:
        for number in range(3):
            for place in (paired, whole):
                value = None if number == 2 else f"{number}".encode()
                producer.send(place.topic, value, key=b"k", partition=0).get(20)

    async def read() -> dict[TopicPartition, list[Any]]:
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            pair(consumer, lambda place: place == paired)
            pair(consumer, lambda place: place == paired)
            consumer.assign([paired, whole])
            found: dict[TopicPartition, list[Any]] = {paired: [], whole: []}
            async with asyncio.timeout(20):
                while min(map(len, found.values())) < 3:
                    for place, records in (await consumer.getmany(timeout_ms=200)).items():
                        found[place] += records
            assert [await consumer.position(place) for place in (paired, whole)] == [3, 3]
            return found
        finally:
            await consumer.stop()

    found = asyncio.run(read())
    assert found[paired] == [(0, b"0"), (1, b"1"), (2, None)]
    assert [(one.offset, one.key, one.value) for one in found[whole]] == [(0, b"k", b"0"), (1, b"k", b"1"), (2, b"k", None)]


def test_a_consumer_that_is_made_otherwise_is_left_alone() -> None:
    class Other:
        """A test double of a consumer of another version."""

        _fetcher: Any = None

    consumer = Other()
    pair(consumer, lambda _: True)
    consumer._fetcher = Fetcher
    pair(consumer, lambda _: True)
    assert not isinstance(getattr(Fetcher, "_records", None), Fetched)
