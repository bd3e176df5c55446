"""The gateway over a real Kafka broker."""

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka.letters import letters
from producers.appending import AppendError, open_log
from streams.log.admin import Admin, hushed
from streams.log.kafka import TopicReader
from streams.topics import INPUTS, catalogue, in_run
from tests.gateway.running import BATCH, FEED, book, event, incident, running
from tests.live.faults import Broker


def topics(kafka: str, run: str, partitions: int = 3) -> None:
    with Admin(kafka) as admin:
        admin.create(catalogue(partitions, run))


def values(kafka: str, run: str, topic: str) -> list[bytes | None]:
    with TopicReader(kafka, in_run(topic, run)) as reader:
        return [record.value for batch in reader.read_all() for record in batch.records]


def test_an_event_goes_where_it_belongs_and_a_heartbeat_everywhere(kafka: str, run: str, tmp_path: Path) -> None:
    topics(kafka, run)
    with running(tmp_path, f"kafka://{kafka}", run=run) as gateway:
        assert gateway.client.get("/readyz").status_code == 200
        sent = [incident("k-1"), incident("k-1"), {"bad": 1}, event("feed.heartbeat", "k-2", {"feed": FEED})]
        told = gateway.post(sent, BATCH).json()
        assert (told["accepted"], told["duplicates"], told["refused_total"]) == (2, 1, 1)
        found = {topic: values(kafka, run, topic) for topic in INPUTS}
        assert {topic: len(each) for topic, each in found.items()} == {"launches": 3, "channels": 3, "incidents": 4}
        assert sum(b'"k-1"' in (value or b"") for value in found["incidents"]) == 1
        (letter,) = letters(kafka, run)
        assert letter.data == b'{"bad":1}'


def test_topics_that_are_not_what_they_ought_to_be_are_not_written(kafka: str, run: str) -> None:
    with pytest.raises(AppendError, match="launches is missing"):
        open_log(f"kafka://{kafka}", book(), run=run, patience=5)
    with Admin(kafka) as admin:
        for topic in catalogue(3, run):
            admin.create([topic._replace(partitions=2) if topic.name.endswith("channels") else topic])
    with pytest.raises(AppendError, match="channels: expected 3 partitions, found 2"):
        open_log(f"kafka://{kafka}", book(), run=run, patience=5)


@pytest.fixture
def broker(real: None, tmp_path: Path) -> Iterator[Broker]:
    """One of the test's own, to be ended."""
    broker = Broker(tmp_path)
    with hushed():
        # What is logged is kept by pytest to its end, and with it the sockets.
        yield broker
    broker.gone()
    for _ in range(5):
        # Here and now, not in somebody else's test.
        gc.collect()


# Kafka's client leaves it to the collector to close the sockets of attempts that failed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_while_the_broker_is_away_events_are_not_taken_and_afterwards_they_are(
    broker: Broker, run: str, tmp_path: Path
) -> None:
    topics(broker.bootstrap, run)
    with running(tmp_path / "gateway", f"kafka://{broker.bootstrap}", run=run, patience=2.0) as gateway:
        assert gateway.post(incident("before")).status_code == 202
        broker.kill()
        for _ in range(2):
            answer = gateway.post(incident("meanwhile"))
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert broker.bootstrap not in answer.text
        assert gateway.client.get("/readyz").status_code == 503
        assert gateway.client.get("/healthz").status_code == 200
        assert "steadyline_gateway_log_up 0.0" in gateway.client.get("/metrics").text
        assert broker.up()
        end = time.monotonic() + 40
        while (answer := gateway.post(incident("meanwhile"))).status_code == 503 and time.monotonic() < end:
            time.sleep(0.1)
        assert (answer.status_code, answer.json()["duplicates"]) == (202, 0)
        assert gateway.client.get("/readyz").status_code == 200
    found = values(broker.bootstrap, run, "incidents")
    assert sum(b'"before"' in (value or b"") for value in found) == 1
    assert any(b'"meanwhile"' in (value or b"") for value in found)
