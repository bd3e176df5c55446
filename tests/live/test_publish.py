"""A replay sent to a real broker: what is read back from there is judged as the embedded replay is."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.replaying.inputs import opened
from deploy.replaying.replay import Edges, replay
from producers.history.story import builtin_stories
from producers.publish import Publisher, PublishError
from streams.agreements.load import load_builtin
from streams.events import Tick
from streams.events.decode import decode
from streams.lapses import encode_lapse
from streams.letters import decode_letter, encode_letter, of_record
from streams.log.admin import Admin
from streams.log.kafka import KafkaLogError, KafkaRecord, TopicReader, together
from streams.log.recording import Lines
from streams.partition import PartitionWatch
from streams.topics import CHANNELS, DEAD_LETTERS, INPUTS, LAUNCHES, catalogue, in_run
from streams.watch import Watch
from tests.live.running import until

AGREEMENTS = load_builtin()
LONG = {"steady"}
"""Stories of so many events that one partition must do."""

Revisions = dict[tuple[bool, str, int], bytes]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def steadyline(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def sent(kafka: str, run: str, what: object, *options: object, code: int = 0) -> dict[str, Any]:
    """The summary of what was sent."""
    result = steadyline("replay", what, "--to", f"kafka://{kafka}", "--run", run, "--json", *options)
    assert result.exit_code == code, result.output
    summary: dict[str, Any] = msgspec.json.decode(result.stdout)["summary"]
    return summary


def records(kafka: str, topic: str) -> Iterator[KafkaRecord]:
    with TopicReader(kafka, topic) as reader:
        for batch in reader.read_all():
            yield from batch.records


def judged(kafka: str, run: str, partitions: int) -> Revisions:
    """What the watches of all partition numbers say of a run."""
    found: Revisions = {}
    names = {in_run(topic, run): topic for topic in INPUTS}
    with ExitStack() as stack:
        readers = [stack.enter_context(TopicReader(kafka, topic)) for topic in names]
        for partition in range(partitions):
            watch = PartitionWatch(AGREEMENTS, partition, partitions, run=run)
            for topic, batch in together(readers, partition):
                taken = watch.take(names[topic], [(record.offset, record.value) for record in batch.records])
                for lapse in taken.lapses:
                    key = (lapse.exercise, lapse.id, lapse.revision)
                    assert key not in found, f"{key} is judged twice"
                    found[key] = encode_lapse(lapse)
            assert not watch.waiting
    return found


def embedded(what: str, run: str) -> Revisions:
    """What the embedded replay says."""
    given = opened(what, AGREEMENTS)
    watch = Watch(AGREEMENTS, run=run)
    result = replay(watch, given.source, Edges(clock=lambda: 0.0), start=given.start, until=given.until)
    return {
        (lapse.exercise, lapse.id, lapse.revision): encode_lapse(lapse)
        for revisions in result.history.values()
        for lapse in revisions
    }


@pytest.mark.parametrize("story", builtin_stories())
def test_a_story_on_kafka_is_judged_as_the_embedded_replay_is(kafka: str, run: str, story: str) -> None:
    partitions = 1 if story in LONG else 3
    summary = sent(kafka, run, story, "--partitions", partitions)
    assert summary["records"] == sum(1 for topic in INPUTS for _ in records(kafka, in_run(topic, run)))
    assert judged(kafka, run, partitions) == embedded(story, run)


@pytest.mark.parametrize(("story", "speed"), [("us-china-2022", "200d/s"), ("korea-2022", "4d/s")])
def test_at_a_pace_it_is_judged_the_same(kafka: str, run: str, story: str, speed: str) -> None:
    summary = sent(kafka, run, story, "--partitions", 2, "--speed", speed)
    plain = sent(kafka, f"{run}-plain", story, "--partitions", 2)
    assert summary["ticks"] > plain["ticks"]
    assert judged(kafka, run, 2) == embedded(story, run)


def test_records_are_the_events_own_bytes_under_their_key_at_their_time(kafka: str, run: str, tmp_path: Path) -> None:
    before_1970 = (
        b'{ "specversion":"1.0","type":"org.steadyline.channel.check.v1","id":"c1","source":"urn:t",'
        b'"time":"1963-08-30T12:00:00.5Z","data":{"channel":"dcl","outcome":"answered"} }'
    )
    last = before_1970.replace(b'"c1"', b'"c2"').replace(b"1963-08-30T12:00:00.5Z", b"1969-12-31T23:59:59.999Z")
    file = tmp_path / "old.jsonl"
    file.write_bytes(before_1970 + b"\n" + last + b"\n")
    sent(kafka, run, file, "--partitions", 1)
    found = [record for record in records(kafka, in_run(CHANNELS, run)) if not isinstance(decode(record.value or b""), Tick)]
    assert [record.value for record in found] == [before_1970, last]
    assert found[0].timestamp == -200_059_199_500
    # Kafka has no other word for "no timestamp".
    assert found[1].timestamp == -2
    assert all(record.key for record in found)


def test_a_story_of_1999_is_still_there_after_the_broker_has_looked_what_is_too_old(kafka: str, run: str) -> None:
    sent(kafka, run, "belgrade-1999", "--partitions", 1)
    told = [list(records(kafka, in_run(topic, run))) for topic in INPUTS]
    ordinary = f"{run}-kept-a-week"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics({ordinary: {"num_partitions": 1, "replication_factor": 1, "configs": {"retention.ms": "604800000"}}})
    admin.wait_for_topics([ordinary])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka)
    for record in told[0]:
        producer.send(ordinary, record.value, partition=0, timestamp_ms=record.timestamp)
    producer.close()
    with TopicReader(kafka, ordinary) as reader:
        until(lambda: reader.bounds()[0].first > 0, "the broker to delete what is older than a week")
    assert [list(records(kafka, in_run(topic, run))) for topic in INPUTS] == told


def test_a_run_is_sent_once(kafka: str, run: str) -> None:
    summary = sent(kafka, run, "ep3-2001", "--partitions", 2)
    result = steadyline("replay", "ep3-2001", "--to", f"kafka://{kafka}", "--run", run, "--partitions", 2)
    assert result.exit_code == 2
    assert f"run {run} has {summary['records']} records in its topics already" in result.stderr
    assert sum(1 for topic in INPUTS for _ in records(kafka, in_run(topic, run))) == summary["records"]


def test_topics_that_were_made_before_are_taken_where_they_fit(kafka: str, run: str) -> None:
    assert steadyline("topics", "create", "--bootstrap", kafka, "--run", run, "--partitions", 2).exit_code == 0
    result = steadyline("replay", "ep3-2001", "--to", f"kafka://{kafka}", "--run", run, "--partitions", 3)
    assert result.exit_code == 2
    assert "expected partitions 3, found 2" in result.stderr
    sent(kafka, run, "ep3-2001", "--partitions", 2)


def test_without_a_name_each_run_gets_one_of_its_own(kafka: str) -> None:
    result = steadyline("replay", "ep3-2001", "--to", f"kafka://{kafka}", "--partitions", 1, "--json")
    assert result.exit_code == 0
    run = msgspec.json.decode(result.stdout)["summary"]["run"]
    assert run.startswith("ep3-2001-2")
    assert list(records(kafka, in_run(LAUNCHES, run)))


def test_a_line_that_is_no_event_goes_to_the_dead_letters_with_its_place(kafka: str, run: str, tmp_path: Path) -> None:
    good = (
        b'{"specversion":"1.0","type":"org.steadyline.channel.check.v1","id":"c1","source":"urn:t",'
        b'"time":"2022-08-30T12:00:00Z","data":{"channel":"dcl","outcome":"answered"}}'
    )
    ahead = good.replace(b'"c1"', b'"c2"').replace(b"2022", b"2222")
    file = tmp_path / "mixed.jsonl"
    file.write_bytes(b"\n".join([good, b"", b"\xff no event", ahead, b"x" * 300_000, good]) + b"\n")
    summary = sent(kafka, run, file, "--partitions", 2, code=3)
    assert (summary["events"], summary["refused"]) == (2, 3)
    letters = [decode_letter(record.value or b"") for record in records(kafka, in_run(DEAD_LETTERS, run))]
    assert [(letter.place, letter.line, letter.topic) for letter in letters] == [(str(file), line, None) for line in (3, 4, 5)]
    assert letters[0].record == "/yBubyBldmVudA=="
    assert "which has not come yet" in letters[1].why
    assert "expected at most 262144 bytes" in letters[2].why


def test_a_letter_of_a_record_tells_its_place_and_its_bytes() -> None:
    for record, spelled in ((b"\xff", '"/w=="'), (None, "null")):
        letter = of_record("run.x.channels", 3, 17, record, 'no channel "x"')
        told = f'{{"topic":"run.x.channels","partition":3,"offset":17,"why":"no channel \\"x\\"","record":{spelled}}}'
        assert encode_letter(letter) == told.encode()
        assert decode_letter(encode_letter(letter)) == letter
        assert letter.key == b"run.x.channels/3/17"


def test_ticks_only_so_often_are_far_fewer_and_the_events_are_all_there(kafka: str, run: str) -> None:
    dense = sent(kafka, run, "korea-2022", "--partitions", 2)
    sparse = sent(kafka, f"{run}-sparse", "korea-2022", "--partitions", 2, "--tick-every", 30 * 86_400)
    assert sparse["ticks"] < dense["ticks"] / 3
    assert sparse["events_by_type"] == dense["events_by_type"]

    def events(name: str) -> Counter[bytes | None]:
        return Counter(
            record.value
            for topic in INPUTS
            for record in records(kafka, in_run(topic, name))
            if not isinstance(decode(record.value or b""), Tick)
        )

    assert events(run) == events(f"{run}-sparse")


def test_the_embedded_options_are_refused_with_to_and_its_own_without_it() -> None:
    for options, words in [
        (("--to", "kafka://127.0.0.1:1", "--explain"), "expected no --explain with --to"),
        (("--to", "127.0.0.1:9092"), "expected kafka://HOST:PORT"),
        (("--to", "kafka://127.0.0.1:1", "--run", "no spaces"), "expected a run named with"),
        (("--run", "x"), "expected --run only with --to"),
        (("--tick-every", "60"), "expected --tick-every only with --to"),
    ]:
        result = steadyline("replay", "ep3-2001", *options)
        assert result.exit_code == 2
        assert words in result.stderr


def test_without_a_broker_it_says_so() -> None:
    result = steadyline("replay", "ep3-2001", "--to", "kafka://127.0.0.1:1")
    assert result.exit_code == 3
    assert "no Kafka broker answers at 127.0.0.1:1" in result.stderr


def test_a_record_that_the_broker_refuses_ends_it(kafka: str, run: str) -> None:
    with Admin(kafka) as admin:
        small = {"max.message.bytes": "300"}
        admin.create([topic._replace(config={**small, **topic.config}) for topic in catalogue(1, run)])
    result = steadyline("replay", "us-china-2022", "--to", f"kafka://{kafka}", "--run", run, "--partitions", 1)
    assert result.exit_code == 3
    assert "does not take a record in" in result.stderr
    assert f"run {run} is not complete" in result.stderr


def test_a_refusal_is_not_lost_where_it_comes_with_the_last_record(kafka: str, run: str) -> None:
    topic = catalogue(1, run)[0]
    with Admin(kafka) as admin:
        admin.create([topic._replace(config={**topic.config, "max.message.bytes": "300"})])
    with pytest.raises(PublishError), Publisher(kafka, {LAUNCHES: topic.name}) as publisher:
        publisher.send(LAUNCHES, 0, None, b"x" * 1_000, 0)


@pytest.mark.parametrize("count", [0, 1, 2_500])
def test_a_reader_reads_to_the_end_that_was(kafka: str, run: str, count: int) -> None:
    with Admin(kafka) as admin:
        admin.create(catalogue(2, run))
    send: Callable[[Publisher, int], None] = lambda to, number: to.send(LAUNCHES, 1, b"k", b"%d" % number, number)  # noqa: E731
    with Publisher(kafka, {LAUNCHES: in_run(LAUNCHES, run)}) as publisher, TopicReader(kafka, in_run(LAUNCHES, run)) as reader:
        for number in range(count):
            send(publisher, number)
        publisher.flush()
        bounds = reader.bounds()
        send(publisher, count)
        publisher.flush()
        found = [(batch.partition, *record) for batch in reader.read_all(bounds) for record in batch.records]
        assert found == [(1, number, number, b"k", b"%d" % number) for number in range(count)]
        assert max((len(batch.records) for batch in reader.read(1)), default=0) <= 1_000
        # It can be read again, and then there is more.
        assert sum(len(batch.records) for batch in reader.read(1)) == count + 1
        with pytest.raises(KafkaLogError, match="has no partition 9"):
            list(reader.read(9))


def test_a_story_is_sent_as_it_is_replayed() -> None:
    """The tests above rest on it: a story's source gives the same lines each time."""
    source = opened("us-china-2022", AGREEMENTS).source
    first, second = ([batch.lines for batch in source.batches() if isinstance(batch, Lines)] for _ in range(2))
    assert first == second
