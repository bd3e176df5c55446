"""What workers wrote is held against the log: whatever is not what it ought to be is named, and nothing else is."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.replaying.inputs import opened
from producers.publish import Publisher
from streams.agreements.load import load_builtin
from streams.events.decode import decode, encode
from streams.lapses import Lapse, encode_lapse
from streams.letters import encode_letter, of_line, of_record
from streams.live.settings import WorkerSettings
from streams.log.kafka import TopicReader, together
from streams.log.recording import Lines
from streams.partition import PartitionWatch
from streams.severity import Severity
from streams.topics import DEAD_LETTERS, INPUTS, LAPSES, in_run
from tests.live.running import Ground, until, worker

AGREEMENTS = load_builtin()
STORY = "belgrade-1999"
PARTITIONS = 2


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")


def steadyline(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def verified(kafka: str, run: str, *options: object, code: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The differences, and the summary."""
    result = steadyline("verify", "--bootstrap", kafka, "--run", run, "--json", *options)
    assert result.exit_code == code, result.output
    *rows, last = map(msgspec.json.decode, result.stdout.splitlines())
    return rows, last["summary"]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The story, and a check on a channel that nobody knows: a dead letter of the workers'."""
    lines = [line for batch in opened(STORY, AGREEMENTS).source.batches() if isinstance(batch, Lines) for line in batch.lines]
    check = (
        b'{"specversion":"1.0","type":"org.steadyline.channel.check.v1","id":"c1","source":"urn:t",'
        b'"time":"1999-05-09T00:00:00Z","data":{"channel":"nowhere","outcome":"answered"}}'
    )
    found = sorted([*map(decode, lines), decode(check)], key=lambda one: one.known)
    path = tmp_path / "recording.jsonl"
    path.write_bytes(b"".join(encode(one) + b"\n" for one in found))
    return path


class Written:
    """What a worker of a run would write."""

    def __init__(self, kafka: str, run: str) -> None:
        self.kafka = kafka
        self.run = run
        self.lapses: list[Lapse] = []
        self.letters: list[bytes] = []
        names = {in_run(topic, run): topic for topic in INPUTS}
        with ExitStack() as stack:
            readers = [stack.enter_context(TopicReader(kafka, topic)) for topic in names]
            self.ends = {reader.topic: reader.bounds() for reader in readers}
            for partition in range(PARTITIONS):
                watch = PartitionWatch(AGREEMENTS, partition, PARTITIONS, run=run)
                for topic, batch in together(readers, partition):
                    taken = watch.take(names[topic], [(record.offset, record.value) for record in batch.records])
                    self.lapses += taken.lapses
                    for unread in taken.unread:
                        letter = of_record(in_run(unread.topic, run), partition, unread.offset, unread.record, unread.why)
                        self.letters.append(encode_letter(letter))
        self.records = [encode_lapse(lapse) for lapse in self.lapses]

    def write(self, *, done: bool = True) -> None:
        """Write it, and say that all of the log is done with."""
        names = {name: in_run(name, self.run) for name in (LAPSES, DEAD_LETTERS)}
        with Publisher(self.kafka, names) as publisher:
            for record in self.records:
                publisher.send(LAPSES, 0, b"k", record)
            for letter in self.letters:
                publisher.send(DEAD_LETTERS, 0, b"k", letter)
        if done:
            group = WorkerSettings(run=self.run).app_id
            with KafkaConsumer(bootstrap_servers=self.kafka, group_id=group, enable_auto_commit=False) as consumer:
                ends = {
                    TopicPartition(topic, partition): OffsetAndMetadata(bounds.end, "", -1)
                    for topic, each in self.ends.items()
                    for partition, bounds in each.items()
                }
                consumer.assign(list(ends))
                consumer.commit(ends)


def test_what_a_worker_wrote_is_what_the_log_says(kafka: str, run: str, recording: Path) -> None:
    sent = steadyline("replay", recording, "--to", f"kafka://{kafka}", "--run", run, "--partitions", PARTITIONS)
    assert sent.exit_code == 0, sent.output
    wanted = len(Written(kafka, run).records)
    assert wanted == 9
    ground = Ground(kafka, run, PARTITIONS)
    with worker(ground) as one:
        one.ready()
        until(lambda: len(ground.revisions()) >= wanted and len(ground.letters()) == 1, "all that there is")
        rows, summary = verified(kafka, run, "--against", recording, code=0)
        assert one.end() == 0
    assert rows == []
    assert (summary["revisions"], summary["revisions_by_log"], summary["revisions_by_story"]) == (wanted, wanted, wanted)
    assert (summary["dead_letters"], summary["dead_letters_by_log"]) == (1, 1)
    told = steadyline("verify", "--bootstrap", kafka, "--run", run).stdout
    assert "The same, byte for byte." in told
    assert "9 revisions written, 9 by the log." in told


def nothing(written: Written) -> None:
    written.records, written.letters = [], []


def all_twice(written: Written) -> None:
    written.records *= 2
    written.letters *= 2


def one_less(written: Written) -> None:
    del written.records[3]


def one_more(written: Written) -> None:
    written.records.append(encode_lapse(msgspec.structs.replace(written.lapses[0], id="0123456789abcdef")))


def one_otherwise(written: Written) -> None:
    changed = msgspec.structs.replace(written.lapses[2], severity=Severity.INFO, reason="expired")
    written.records[2] = encode_lapse(changed)


def one_in_two_ways(written: Written) -> None:
    written.records.append(encode_lapse(msgspec.structs.replace(written.lapses[2], clause="Something else")))


def no_lapse(written: Written) -> None:
    written.records.append(b"{")


def no_letter(written: Written) -> None:
    written.letters.clear()


def another_letter(written: Written) -> None:
    topic = in_run(INPUTS[0], written.run)
    written.letters.append(encode_letter(of_record(topic, 0, 4_711, b"{", "why")))


def a_letter_otherwise(written: Written) -> None:
    written.letters[0] = written.letters[0].replace(b'"why":"', b'"why":"not ')


def a_line_not_sent(written: Written) -> None:
    written.letters.append(encode_letter(of_line("file", 3, b"{", "why")))


@pytest.mark.parametrize(
    ("tamper", "lapses", "letters"),
    [
        (lambda _: None, {}, {}),
        (all_twice, {}, {}),
        (a_line_not_sent, {}, {}),
        (nothing, {"missing": 9}, {"missing": 1}),
        (one_less, {"missing": 1}, {}),
        (one_more, {"unexpected": 1}, {}),
        (one_otherwise, {"different": 1}, {}),
        (one_in_two_ways, {"contradictory": 1}, {}),
        (no_lapse, {"unreadable": 1}, {}),
        (no_letter, {}, {"missing": 1}),
        (another_letter, {}, {"unexpected": 1}),
        (a_letter_otherwise, {}, {"different": 1}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_difference_is_named(
    kafka: str,
    run: str,
    recording: Path,
    tamper: Callable[[Written], None],
    lapses: dict[str, int],
    letters: dict[str, int],
) -> None:
    assert steadyline("replay", recording, "--to", f"kafka://{kafka}", "--run", run, "--partitions", PARTITIONS).exit_code == 0
    written = Written(kafka, run)
    tamper(written)
    written.write()
    rows, summary = verified(kafka, run, code=1 if lapses or letters else 0)
    assert summary["lapse_differences"] == lapses
    assert summary["dead_letter_differences"] == letters
    assert len(rows) == sum(lapses.values()) + sum(letters.values())
    assert summary["same"] is not bool(rows)
    told = steadyline("verify", "--bootstrap", kafka, "--run", run)
    for row in rows:
        assert row["difference"] in told.stdout
    if tamper is one_otherwise:
        assert rows[0]["fields"] == ["severity", "reason"]
        assert rows[0]["expected"]["severity"] == written.lapses[2].severity.value
        assert rows[0]["found"]["severity"] == "info"
        assert "in severity, reason" in told.stdout
    if tamper is all_twice:
        assert summary["revisions_repeated"] == 9
    if tamper is a_line_not_sent:
        assert summary["lines_not_sent"] == 1


def test_what_workers_have_not_reached_is_behind_and_not_missing(kafka: str, run: str) -> None:
    assert steadyline("replay", STORY, "--to", f"kafka://{kafka}", "--run", run, "--partitions", PARTITIONS).exit_code == 0
    written = Written(kafka, run)
    del written.records[4:]
    written.write(done=False)
    rows, summary = verified(kafka, run, code=1)
    assert summary["lapse_differences"] == {"behind": 5}
    assert {row["difference"] for row in rows} == {"behind"}
    told = steadyline("verify", "--bootstrap", kafka, "--run", run)
    assert f"behind: 5 are not written yet; let a worker of run {run} catch up, and verify again" in told.stderr


def test_events_after_the_last_tick_are_told_to_wait(kafka: str, run: str) -> None:
    assert steadyline("replay", STORY, "--to", f"kafka://{kafka}", "--run", run, "--partitions", PARTITIONS).exit_code == 0
    written = Written(kafka, run)
    written.write()
    (line, *_) = next(batch.lines for batch in opened(STORY, AGREEMENTS).source.batches() if isinstance(batch, Lines))
    with Publisher(kafka, {INPUTS[1]: in_run(INPUTS[1], run)}) as publisher:
        publisher.send(INPUTS[1], 1, None, line, 0)
    _, summary = verified(kafka, run, code=0)
    assert summary["partitions_waiting"] == [1]
    assert "in partition 1 events wait for a tick" in steadyline("verify", "--bootstrap", kafka, "--run", run).stderr


def test_it_is_held_against_the_story_as_well(kafka: str, run: str) -> None:
    assert steadyline("replay", STORY, "--to", f"kafka://{kafka}", "--run", run, "--partitions", PARTITIONS).exit_code == 0
    Written(kafka, run).write()
    verified(kafka, run, "--against", STORY, code=0)
    rows, _ = verified(kafka, run, "--against", "ep3-2001", code=1)
    assert {(row["by"], row["difference"]) for row in rows} == {("story", "missing"), ("story", "unexpected")}
    # The replay that is compared ends where it is told to.
    rows, _ = verified(kafka, run, "--against", STORY, "--until", "1999-05-08", code=1)
    assert {(row["by"], row["difference"]) for row in rows} == {("story", "unexpected")}


def test_a_run_that_is_not_there_is_bad_use(kafka: str, run: str) -> None:
    result = steadyline("verify", "--bootstrap", kafka, "--run", run)
    assert result.exit_code == 2
    assert f"run {run} is not there: no topic run.{run}.launches" in result.stderr
    assert steadyline("verify", "--bootstrap", kafka, "--run", "no spaces").exit_code == 2
    assert steadyline("verify", "--bootstrap", kafka, "--run", run, "--against", "no-such-story").exit_code == 2


def test_without_a_broker_it_says_so() -> None:
    result = steadyline("verify", "--bootstrap", "127.0.0.1:1")
    assert result.exit_code == 3
    assert "no Kafka broker answers at 127.0.0.1:1" in result.stderr
