"""The worker's producer: where it cannot connect, nothing of it stays open."""

import asyncio
import gc
import socket
import warnings

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.live.outputs import Outputs
from streams.live.settings import WorkerSettings


def test_a_producer_that_finds_no_broker_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outputs = Outputs(WorkerSettings(bootstrap=f"127.0.0.1:{port}"))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(KafkaConnectionError):
            asyncio.run(outputs.start())
        gc.collect()
    assert [str(each.message) for each in told if "Unclosed" in str(each.message)] == []
