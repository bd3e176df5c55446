"""The worker's producer: where it cannot connect, nothing of it stays open."""

import asyncio
import socket
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.live import outputs
from streams.live.settings import WorkerSettings


def test_a_producer_that_finds_no_broker_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[AIOKafkaProducer] = []

    def noted(**settings: Any) -> AIOKafkaProducer:
        made.append(AIOKafkaProducer(**settings))
        return made[-1]

    monkeypatch.setattr(outputs, "AIOKafkaProducer", noted)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(KafkaConnectionError):
        asyncio.run(outputs.Outputs(WorkerSettings(bootstrap=f"127.0.0.1:{port}")).start())
    assert [producer._closed for producer in made] == [True]
