"""The worker's producer: where it cannot connect, nothing of it stays open, and what lay through a sleep is not sent."""

import asyncio
import socket
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.live import outputs
from streams.live.pulse import SleptError
from streams.live.settings import WorkerSettings
from streams.topics import LAPSES
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
