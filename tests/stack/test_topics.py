"""``steadyline topics`` against a real broker, and what the broker then does with records."""

import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError
from typer.testing import CliRunner, Result

from deploy.commands import topics as command
from deploy.stack.processes import until
from streams.log.admin import Admin, BrokerError
from streams.topics import INPUTS, LAPSES, STATES, Topic, catalogue, in_run

Call = Callable[..., Result]

KOSOVO = datetime(1999, 5, 7, 21, 45, tzinfo=UTC)
YEARS = [datetime(year, 5, 7, tzinfo=UTC) for year in range(1962, 2062, 4)]


@pytest.fixture
def call() -> Call:
    """Runs ``steadyline topics`` with these arguments."""
    return lambda *arguments: CliRunner().invoke(command.app, list(arguments))


def lines(result: Result) -> list[Any]:
    """The JSON of each line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def millis(moment: datetime) -> int:
    """Milliseconds since 1970, as Kafka stamps records."""
    return int(moment.timestamp() * 1_000)


def producer(bootstrap: str) -> KafkaProducer:
    """A producer that gives up within the test."""
    return KafkaProducer(
        bootstrap_servers=bootstrap, delivery_timeout_ms=20_000, request_timeout_ms=10_000, max_block_ms=10_000
    )


def begins(bootstrap: str, topic: str) -> int:
    """The offset of the first record that is still in partition 0."""
    partition = TopicPartition(topic, 0)
    with KafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        return int(consumer.beginning_offsets([partition])[partition])


def read(bootstrap: str, topic: str, count: int) -> list[Any]:
    """The first records of a topic, of all its partitions."""
    with KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False) as consumer:
        consumer.assign([TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())])
        found: list[Any] = []
        end = time.monotonic() + 20
        while len(found) < count and time.monotonic() < end:
            for records in consumer.poll(timeout_ms=500).values():
                found += records
        return found


def test_topics_are_created_once(kafka: str, run: str, call: Call) -> None:
    arguments = ("--bootstrap", kafka, "--run", run, "--partitions", "3", "--json")
    missing = call("check", *arguments)
    assert missing.exit_code == 2
    assert [row["differences"] for row in lines(missing)] == [
        [{"setting": "partitions", "expected": str(count), "found": None}] for count in (3, 3, 3, 1, 1, 1, 1, 1)
    ]
    first, second, check = call("create", *arguments), call("create", *arguments), call("check", *arguments)
    for result, created in ((first, True), (second, False), (check, False)):
        assert result.exit_code == 0, result.output
        rows = lines(result)
        assert [row["topic"] for row in rows] == [topic.name for topic in catalogue(run=run)]
        assert all(row["ok"] and row["created"] is created for row in rows)


def test_every_difference_is_told_at_once(kafka: str, run: str, call: Call) -> None:
    launches, channels = in_run("launches", run), in_run("channels", run)
    with Admin(kafka) as admin:
        admin.create([Topic(launches, 2, "", 604_800_000, "compact"), Topic(channels, 8, "", -1)])
    result = call("create", "--bootstrap", kafka, "--run", run)
    assert result.exit_code == 2
    for difference in (
        f"{launches}: expected partitions 8, found 2",
        f"{launches}: expected cleanup.policy delete, found compact",
        f"{launches}: expected retention.ms -1, found 604800000",
        f"{channels}: expected segment.ms {2**63 - 1}, found 604800000",
        f"{in_run('incidents', run)}: created, 8 partitions",
    ):
        assert difference in result.stdout.splitlines()
    assert "the partitions of a topic that has records stay as they are" in result.stderr


def test_a_wrong_count_of_partitions_is_an_error_and_no_hang(kafka: str, run: str, call: Call) -> None:
    assert call("create", "--bootstrap", kafka, "--run", run, "--partitions", "2").exit_code == 0
    started = time.monotonic()
    result = call("check", "--bootstrap", kafka, "--run", run, "--partitions", "4", "--json")
    assert time.monotonic() - started < 5
    assert result.exit_code == 2
    assert {row["topic"]: row["differences"] for row in lines(result) if not row["ok"]} == {
        in_run(name, run): [{"setting": "partitions", "expected": "4", "found": "2"}]
        for name in ("launches", "channels", "incidents")
    }


def test_a_broker_without_an_authorizer_lets_everybody_and_says_so(kafka: str, call: Call) -> None:
    result = call("allow", "page", "User:page", "--bootstrap", kafka)
    assert result.exit_code == 3
    assert "SecurityDisabled" in result.stderr


def test_what_would_be_allowed_is_said_without_a_broker(call: Call) -> None:
    told = lines(call("allow", "page", "User:page", "--run", "drill-1", "--dry-run", "--json"))
    assert {row["deed"] for row in told} == {"READ"}
    assert {row["name"] for row in told} == {in_run(name, "drill-1") for name in (*INPUTS, LAPSES, STATES)}
    assert {(row["principal"], row["kind"], row["allowed"]) for row in told} == {("User:page", "topic", False)}
    for wrong in (("page", "anybody"), ("page", "User:"), ("page", "User:a", "--run", "a b"), ("page", "User:a")):
        assert call("allow", *wrong).exit_code == 2


def test_who_is_to_be_admitted_has_a_role_and_a_file_for_its_owner_alone(call: Call, tmp_path: Path) -> None:
    (tmp_path / "open").write_text("a password")
    (tmp_path / "open").chmod(0o644)
    for wrong, why in (
        ("anybody=x", "expected one of topics, gateway"),
        ("worker", "such as worker=FILE"),
        (f"worker={tmp_path / 'none'}", "worker: expected a file that can be read"),
        (f"worker={tmp_path / 'open'}", "worker: expected a file that only its owner can read"),
    ):
        result = call("admit", wrong, "--bootstrap", "127.0.0.1:1")
        assert result.exit_code == 2
        assert why in " ".join(result.stderr.split())
        assert "a password" not in result.output


def test_no_broker_is_told_in_time(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        started = time.monotonic()
        result = call("check", "--bootstrap", f"127.0.0.1:{port}")
        assert time.monotonic() - started < 8
    assert result.exit_code == 3
    assert f"no Kafka broker answers at 127.0.0.1:{port} (something listens, and speaks no Kafka, not yet" in result.stderr
    with pytest.raises(BrokerError, match=rf"no Kafka broker answers at 127.0.0.1:{port} \(Connection refused\)"):
        Admin(f"127.0.0.1:{port}", patience=0.5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kafka-io-steadyline")]


@pytest.mark.parametrize("bootstrap", ["rubbish", "host:", ":9092", "host:port", "host:70000"])
def test_an_address_that_is_none_is_told(call: Call, bootstrap: str) -> None:
    result = call("check", "--bootstrap", bootstrap)
    assert result.exit_code == 3
    assert "expected HOST:PORT" in result.stderr


def test_a_run_without_a_name_is_bad_use(call: Call) -> None:
    assert call("check", "--bootstrap", "127.0.0.1:1", "--run", "a b").exit_code == 2


def test_nothing_is_created_by_accident(kafka: str, run: str) -> None:
    with KafkaProducer(bootstrap_servers=kafka, max_block_ms=500) as sender, pytest.raises(KafkaTimeoutError):
        sender.send(f"accident-{run}", b"x")
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        assert f"accident-{run}" not in admin.list_topics()


def test_records_come_back_as_they_were_sent_one_key_in_one_partition(kafka: str, run: str) -> None:
    topic = in_run("channels", run)
    with Admin(kafka) as admin:
        admin.create(catalogue(partitions=4, run=run))
    with producer(kafka) as sender:
        sent = [
            sender.send(topic, key=key, value=f"{key!r} {number}".encode(), headers=[("n", b"%d" % number)])
            for number in range(50)
            for key in (b"PRC-US", b"DPRK-ROK")
        ]
        sender.flush(10)
        assert all(future.get(timeout=10).offset >= 0 for future in sent)
    found = read(kafka, topic, 100)
    for key in (b"PRC-US", b"DPRK-ROK"):
        mine = [record for record in found if record.key == key]
        assert len({record.partition for record in mine}) == 1
        assert [record.value for record in mine] == [f"{key!r} {number}".encode() for number in range(50)]
        assert [list(record.headers) for record in mine] == [[("n", b"%d" % number)] for number in range(50)]


def test_a_record_of_1999_outlives_the_retention_in_a_run(kafka: str, run: str) -> None:
    kept, brief = in_run("incidents", run), f"brief-{run}"
    week = Topic(brief, 1, "", 604_800_000, config={"file.delete.delay.ms": "0"})
    with Admin(kafka) as admin:
        admin.create([*catalogue(partitions=1, run=run), week])
    with producer(kafka) as sender:
        for topic in (kept, brief):
            sender.send(topic, b"Belgrade", partition=0, timestamp_ms=millis(KOSOVO)).get(timeout=10)
    assert until(lambda: begins(kafka, brief) == 1, 30), "where retention goes by the stamp, it is deleted"
    (record,) = read(kafka, kept, 1)
    assert (record.value, record.timestamp) == (b"Belgrade", millis(KOSOVO))


def test_a_century_of_a_story_is_one_segment_the_future_included(kafka: str, run: str, request: pytest.FixtureRequest) -> None:
    topic = in_run("launches", run)
    with Admin(kafka) as admin:
        admin.create(catalogue(partitions=1, run=run))
    with producer(kafka) as sender:
        for moment in YEARS:
            sender.send(topic, b"launch", partition=0, timestamp_ms=millis(moment)).get(timeout=10)
    assert [record.timestamp for record in read(kafka, topic, len(YEARS))] == list(map(millis, YEARS))
    data = request.config.rootpath / ".pytest_cache" / "stack" / "tests" / "kafka" / "data"
    assert len(list((data / f"{topic}-0").glob("*.log"))) == 1


def test_the_broker_stamps_what_comes_in_live_whatever_the_producers_clock_says(kafka: str, run: str) -> None:
    live = catalogue(partitions=1)[0]._replace(name=f"live-{run}")
    with Admin(kafka) as admin:
        admin.create([live])
    before = time.time() * 1_000 - 1
    with producer(kafka) as sender:
        for moment in (KOSOVO, datetime(2099, 1, 1, tzinfo=UTC)):
            sender.send(live.name, b"x", timestamp_ms=millis(moment)).get(timeout=10)
    assert all(before <= record.timestamp <= time.time() * 1_000 + 1 for record in read(kafka, live.name, 2))


def test_a_dead_letter_may_be_larger_than_the_record_was(kafka: str, run: str) -> None:
    topic = in_run("dead-letters", run)
    with Admin(kafka) as admin:
        admin.create(catalogue(partitions=1, run=run))
    with KafkaProducer(bootstrap_servers=kafka, max_request_size=4_194_304) as sender:
        sender.send(topic, b"x" * 2_000_000).get(timeout=20)
    (record,) = read(kafka, topic, 1)
    assert len(record.value) == 2_000_000
