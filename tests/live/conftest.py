"""The order of the tests of the live watch, and topics in which something stands."""

import pytest
from kafka import KafkaProducer

from streams.log.admin import Admin
from streams.topics import INPUTS, catalogue, in_run


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the one that takes longest, so that others run beside it and none waits for it at the end."""
    items.sort(key=lambda item: "away_for_a_minute" not in item.name)


@pytest.fixture
def topics(kafka: str, run: str) -> str:
    """The topics of a run, with three records in one partition of each input."""
    with Admin(kafka) as admin:
        admin.create(catalogue(2, run))
    producer = KafkaProducer(bootstrap_servers=kafka)
    for topic in INPUTS:
        for number in range(3):
            producer.send(in_run(topic, run), value=str(number).encode(), partition=1, timestamp_ms=1_000).get(10)
    producer.close()
    return run
