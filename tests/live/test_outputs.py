"""The worker's producer: where it cannot connect, nothing of it stays open, and what lay through a sleep is not sent."""

import asyncio
import socket
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from kafka import KafkaConsumer

from streams.live import outputs
from streams.live.ledger import meant
from streams.live.pulse import SleptError
from streams.live.settings import WorkerSettings
from streams.topics import DEAD_LETTERS, LAPSES
from tests.live.running import Ground


def awake() -> None:
    """Somebody who never sleeps."""


def test_what_was_handed_over_before_a_sleep_is_not_sent_after_it(kafka: str, run: str) -> None:
    ground = Ground(kafka, run, 1)
    slept = False

    def feel() -> None:
        if slept:
            raise SleptError("stood still")

    async def write() -> None:
        nonlocal slept
        producer = outputs.Outputs(WorkerSettings(bootstrap=kafka, run=run), feel)
        await producer.start()
        topic = ground.topic(LAPSES)
        try:
            await (await producer.records(topic, 0, [(b"1", b"before")])).arrived()
            under_way = await producer.records(topic, 0, [(b"2", b"under way")])
            slept = True
            with pytest.raises(outputs.TooLateError, match="stood still"):
                await under_way.arrived()
        finally:
            await producer.stop()

    asyncio.run(write())
    assert list(ground.records(LAPSES)) == [b"before"]


def test_cells_stand_in_their_order_and_each_says_where(kafka: str, run: str) -> None:
    """However many batches they are: some are larger than one batch, and one is a tombstone."""
    ground = Ground(kafka, run, 1)
    sizes = [10, 200_000, 100_000, 900_000, 0, *[3] * 500]
    cells = [(f"0/{number}".encode(), b"x" * size or None) for number, size in enumerate(sizes)]

    async def write() -> tuple[list[int], list[int]]:
        producer = outputs.Outputs(WorkerSettings(bootstrap=kafka, run=run), awake)
        await producer.start()
        try:
            topic = ground.topic(DEAD_LETTERS)
            first = await (await producer.cells(topic, 0, cells, 0)).arrived()
            none = await (await producer.cells(topic, 0, [], len(cells))).arrived()
            assert none == []
            return first, await (await producer.cells(topic, 0, cells[:1], len(cells))).arrived()
        finally:
            await producer.stop()

    first, second = asyncio.run(write())
    assert (first, second) == (list(range(len(cells))), [len(cells)])
    with KafkaConsumer(ground.topic(DEAD_LETTERS), bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        found = [next(consumer) for _ in range(len(cells) + 1)]
    assert [(one.key, one.value) for one in found] == [*cells, cells[0]]
    assert [meant(one.headers) for one in found] == list(range(len(cells) + 1))


def test_a_producer_that_finds_no_broker_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[AIOKafkaProducer] = []

    def noted(**settings: Any) -> AIOKafkaProducer:
        made.append(AIOKafkaProducer(**settings))
        return made[-1]

    monkeypatch.setattr(outputs, "AIOKafkaProducer", noted)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(KafkaConnectionError):
        asyncio.run(outputs.Outputs(WorkerSettings(bootstrap=f"127.0.0.1:{port}"), awake).start())
    assert [producer._closed for producer in made] == [True]
