"""``steadyline dead-letters --bootstrap``: the dead letters of a real broker, listed, shown and retried."""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

import deploy.kafka.letters
from deploy.cli import app
from deploy.stack import Stack
from deploy.stack.kafka import Kafka
from streams.agreements.load import load_builtin
from streams.events import FeedHeartbeat, Tick
from streams.events.decode import decode
from streams.lapses import Lapse
from streams.letters import encode_letter, of_line, of_record
from streams.log.kafka import KafkaRecord, TopicReader, together
from streams.partition import PartitionWatch
from streams.topics import DEAD_LETTERS, INPUTS, in_run
from tests.broker import SETTINGS, quiet
from tests.deploy.records import DECLINED, meeting, record
from tests.live.running import Ground

AGREEMENTS = load_builtin()
HOSTILE = b"\x1b[2J\x1b]0;owned\x07\x00 \xff\xc2\x9b \xe2\x80\xae[bold]"
UNSEEN = "\x1b\x07\x00\x9b\u202e"
GOOD = [line.encode() for line in DECLINED]
BEAT = record("feed.heartbeat", "beat", "2023-02-05T00:00:00Z", {"feed": "navwarnings-us-rus"}).encode()
CHECK = record("channel.check", "c1", "2022-08-30T12:00:00Z", {"channel": "incsea-review", "outcome": "answered"}).encode()
"""A channel of another dyad than ``DECLINED``."""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def live(real: None, tmp_path: Path) -> Iterator[Ground]:
    """The live topics, on a broker of their own."""
    stack = Stack([Kafka(SETTINGS)], "letters", tmp_path / "stack")
    (report,) = stack.up(quiet)
    yield Ground(str(report.facts["bootstrap"]), None, 3)
    stack.down(quiet, wipe=True)


def steadyline(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def put(kafka: str, topic: str, values: Sequence[bytes | None]) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka)
    for future in [producer.send(topic, value, key=b"k", partition=0) for value in values]:
        future.get(20)
    producer.close()


class Letters:
    """A run with dead letters."""

    def __init__(self, kafka: str, run: str, values: Sequence[bytes | None]) -> None:
        self.of = ("--bootstrap", kafka, "--run", run)
        self.ground = Ground(kafka, run, 3)
        self.topic = in_run(DEAD_LETTERS, run)
        put(kafka, self.topic, values)

    def rows(self) -> list[dict[str, Any]]:
        result = steadyline("dead-letters", "list", *self.of, "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def does(self, command: str, *arguments: object, stdin: bytes | None = None) -> Result:
        return steadyline("dead-letters", command, *arguments, *self.of, stdin=stdin)


def a_letter(offset: int, data: bytes | None = b"{", why: str = "why", topic: str = "run.x.channels") -> bytes:
    return encode_letter(of_record(topic, 0, offset, data, why))


def inputs(kafka: str, run: str | None) -> dict[tuple[str, int], list[KafkaRecord]]:
    """What the input topics hold, by live name and partition."""
    found: dict[tuple[str, int], list[KafkaRecord]] = {}
    for topic in INPUTS:
        with TopicReader(kafka, in_run(topic, run)) as reader:
            for batch in reader.read_all():
                found.setdefault((topic, batch.partition), []).extend(batch.records)
    return found


def events(kafka: str, run: str | None) -> dict[tuple[str, int], list[bytes]]:
    """The input topics' records that are no ticks."""
    found = {
        place: [one.value for one in records if one.value is not None and not isinstance(decode(one.value), Tick)]
        for place, records in inputs(kafka, run).items()
    }
    return {place: values for place, values in found.items() if values}


def judged(kafka: str, run: str, partitions: int = 3) -> dict[str, tuple[str, str, int]]:
    """What the last revision of each lapse says, and how many there are; nothing may still wait for a tick."""
    found: dict[str, Lapse] = {}
    names = {in_run(topic, run): topic for topic in INPUTS}
    with ExitStack() as stack:
        readers = [stack.enter_context(TopicReader(kafka, topic)) for topic in names]
        for partition in range(partitions):
            watch = PartitionWatch(AGREEMENTS, partition, partitions, run=run)
            for topic, batch in together(readers, partition):
                taken = watch.take(names[topic], [(one.offset, one.value) for one in batch.records])
                found |= {lapse.id: lapse for lapse in taken.lapses}
            assert not watch.waiting, f"in partition {partition} an event waits for a tick"
    return {name: (lapse.state, lapse.reason, lapse.revision) for name, lapse in found.items()}


def sent(kafka: str, run: str, lines: Sequence[bytes], folder: Path, *options: object) -> None:
    """A run sent as a user would."""
    file = folder / f"{run}.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    result = steadyline("replay", file, "--to", f"kafka://{kafka}", "--run", run, "--partitions", 3, *options)
    assert result.exit_code in {0, 3}, result.output


def test_they_are_listed_once_each_in_order(kafka: str, run: str) -> None:
    line = encode_letter(of_line("old\n.jsonl", 7, b"nonsense", "no JSON"))
    written = Letters(kafka, run, [a_letter(4), a_letter(2, b"\xff\xfe"), a_letter(4), line, a_letter(9, None), line])
    rows = written.rows()
    assert [(row["number"], row["topic"], row["partition"], row["offset"]) for row in rows] == [
        (0, "run.x.channels", 0, 4),
        (1, "run.x.channels", 0, 2),
        (3, None, None, None),
        (4, "run.x.channels", 0, 9),
    ]
    assert [(row["place"], row["line"], row["reason"]) for row in rows[1:3]] == [
        (None, None, "why"),
        ("old\n.jsonl", 7, "no JSON"),
    ]
    assert [(row["data"], row["data_base64"]) for row in rows] == [
        ("{", "ew=="),
        ("\\xff\\xfe", "//4="),
        ("nonsense", "bm9uc2Vuc2U="),
        (None, None),
    ]
    assert all(abs(datetime.fromisoformat(row["first_seen"]) - datetime.now(UTC)) < timedelta(minutes=10) for row in rows)
    told = written.does("list").stdout.splitlines()
    assert [text.split("  ")[-3:] for text in told] == [
        ["run.x.channels/0/4", "why", "{"],
        ["run.x.channels/0/2", "why", "\\xff\\xfe"],
        ["old\\x0a.jsonl:7", "no JSON", "nonsense"],
        ["run.x.channels/0/9", "why", "(no bytes)"],
    ]


def test_the_names_in_json_are_those_of_the_embedded_log(kafka: str, run: str, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(b"nonsense\n")
    steadyline("replay", file)
    embedded = json.loads(steadyline("dead-letters", "show", 1, "--json").stdout)
    sent(kafka, run, [b"nonsense"], tmp_path)
    (row,) = [json.loads(steadyline("dead-letters", "show", 0, "--bootstrap", kafka, "--run", run, "--json").stdout)]
    assert embedded.keys() - row.keys() == {"state"}, "nothing on Kafka says what was mended"
    assert [row[name] for name in ("line", "data", "reason")] == [embedded[name] for name in ("line", "data", "reason")]


def test_what_is_remembered_of_copies_is_bounded(kafka: str, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy.kafka.letters, "REMEMBERED", 2)
    written = Letters(kafka, run, [a_letter(offset) for offset in (1, 2, 1, 3, 1, 4, 5, 1)])
    assert [row["offset"] for row in written.rows()] == [1, 2, 3, 4, 5, 1]


def test_another_record_at_the_same_place_is_another_letter(kafka: str, run: str) -> None:
    """As after a topic was deleted and made anew."""
    assert len(Letters(kafka, run, [a_letter(0, b"{"), a_letter(0, b"[")]).rows()) == 2


def test_one_is_shown_in_full_with_its_bytes(kafka: str, run: str) -> None:
    data = b"{" + bytes(range(256)) * 1_200
    written = Letters(kafka, run, [a_letter(0), a_letter(1, data, "expected an object")])
    lines = written.does("show", 1).stdout.splitlines()
    assert lines[0].startswith("1. run.x.channels/0/1, first seen 20")
    assert lines[1] == "expected an object"
    assert len(lines) == 3
    assert lines[2].count("\\xff") == 1_200
    assert base64.b64decode(json.loads(written.does("show", 1, "--json").stdout)["data_base64"]) == data
    assert len(written.does("list").stdout.splitlines()[1]) < 200


@pytest.mark.parametrize(
    "value",
    [
        encode_letter(of_record("run." + HOSTILE.decode("latin-1"), 0, 1, HOSTILE, HOSTILE.decode("latin-1"))),
        encode_letter(of_line(HOSTILE.decode("latin-1"), 1, HOSTILE, HOSTILE.decode("latin-1"))),
        b'{"topic": ' + HOSTILE,
        HOSTILE,
    ],
    ids=["record", "line", "half a letter", "no letter"],
)
def test_hostile_bytes_do_not_reach_the_terminal(kafka: str, run: str, value: bytes) -> None:
    written = Letters(kafka, run, [value])
    for command in (("list",), ("list", "--json"), ("show", 0), ("show", 0, "--json"), ("retry", 0), ("retry", 0, "--json")):
        result = written.does(*command)
        assert result.exit_code == (3 if command[0] == "retry" else 0)
        assert result.output
        assert not set(UNSEEN) & set(result.output), command
    assert "\\x1b[2J" in written.does("show", 0).stdout
    (row,) = written.rows()
    assert base64.b64decode(row["data_base64"]).endswith(HOSTILE)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"[" * 100_000,
        b'{"topic":null,"partition":null,"offset":null,"why":"w","record":null}',
        b'{"topic":"t","partition":0,"offset":null,"why":"w","record":null}',
        b'{"topic":"t","partition":0,"offset":1,"why":"w","record":"=not base64="}',
        b'{"topic":"t","partition":0,"offset":1,"why":"w","record":null,"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["tombstone", "empty", "deep", "no place", "half a place", "no base64", "deep inside"],
)
def test_a_record_that_is_no_letter_is_listed_as_that(kafka: str, run: str, value: bytes | None) -> None:
    written = Letters(kafka, run, [value, a_letter(3)])
    first, second = written.rows()
    assert (first["topic"], first["offset"]) == (written.topic, 0)
    assert first["reason"].startswith("no dead letter: ")
    assert second["offset"] == 3


def test_numbers_stay_and_unknown_ones_are_bad_use(kafka: str, run: str) -> None:
    written = Letters(kafka, run, [a_letter(4), a_letter(4), a_letter(5)])
    assert [row["number"] for row in written.rows()] == [0, 2]
    for command in ("show", "retry"):
        result = written.does(command, 3)
        assert result.exit_code == 2
        assert f"no dead letter has the number 3 in topic {written.topic}: it holds 0 to 2" in result.stderr


def test_there_are_none_at_first(kafka: str, run: str) -> None:
    written = Letters(kafka, run, [])
    assert written.does("list").stdout == "no dead letters\n"
    assert written.rows() == []
    assert "there are none" in written.does("show", 0).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("list", "--run", "x"), 2, "--bootstrap"),
        (("list", "--bootstrap", "BROKER", "--log", "l.db"), 2, "--log (a file), got both"),
        (("list", "--bootstrap", "BROKER", "--run", "no/name"), 2, "expected a run named"),
        (("list", "--bootstrap", "BROKER", "--run", "nobody-sent-it"), 2, "no topic run.nobody-sent-it.dead-letters"),
        (("show", "0", "--bootstrap", "BROKER", "--run", "nobody-sent-it"), 2, "run nobody-sent-it is not there"),
        (("retry", "--bootstrap", "BROKER"), 2, "expected the numbers"),
        (("list", "--bootstrap", "127.0.0.1:1"), 3, "no Kafka broker answers at 127.0.0.1:1"),
        (("retry", "0", "--bootstrap", "127.0.0.1:1"), 3, "no Kafka broker answers at 127.0.0.1:1"),
        (("list", "--bootstrap", "nowhere"), 3, "expected HOST:PORT"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_asked_wrongly_is_refused(kafka: str, arguments: tuple[str, ...], code: int, told: str) -> None:
    result = steadyline("dead-letters", *(kafka if word == "BROKER" else word for word in arguments))
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in " ".join(result.stderr.split())


def test_the_environment_does_not_turn_it_away_from_the_embedded_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYLINE_KAFKA", "127.0.0.1:1")
    assert steadyline("dead-letters", "list").stdout == "no dead letters\n"


def test_a_mended_one_is_judged_in_a_run_that_is_over(kafka: str, run: str, tmp_path: Path) -> None:
    end = meeting("end", "2023-03-01T00:00:00Z").encode()
    sent(kafka, f"{run}-whole", [*GOOD, end], tmp_path)
    sent(kafka, run, [GOOD[0], GOOD[1].replace(b"20:00:00Z", b"20:00:00", 1), end], tmp_path)
    whole = judged(kafka, f"{run}-whole")
    assert judged(kafka, run) != whole
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(json.loads(GOOD[1]), indent=2))
    of = ("--bootstrap", kafka, "--run", run)
    for _ in range(3):
        # The same event under the same id, however often it is sent.
        result = steadyline("dead-letters", "retry", 0, "--with", mended, *of)
        assert result.stdout == "0: mended, in the log as declined, judged by the run's workers at the tick sent after it\n"
        assert result.exit_code == 0
        assert judged(kafka, run) == whole
    assert len(steadyline("dead-letters", "list", *of).stdout.splitlines()) == 1, "the topic forgets nothing"


def test_one_later_than_the_runs_time_waits_and_this_is_said(kafka: str, run: str, tmp_path: Path) -> None:
    sent(kafka, run, [GOOD[0], b"no event"], tmp_path)
    before = judged(kafka, run)
    of = ("--bootstrap", kafka, "--run", run, "--with", "-")
    result = steadyline("dead-letters", "retry", 0, *of, stdin=GOOD[1])
    assert result.exit_code == 0
    assert "judged by nobody yet: it is later than the run's last tick, 2023-02-04 19:00Z" in result.stdout
    assert json.loads(steadyline("dead-letters", "retry", 0, *of, "--json", stdin=GOOD[1]).stdout)["needs_tick"] is True
    assert judged(kafka, run) == before, "nothing else falls due"


def test_the_tick_after_it_is_found_however_far_back_the_last_one_is(kafka: str, run: str) -> None:
    ground = Ground(kafka, run, 1)
    tick = record("tick", "t1", "2023-02-06T00:00:00Z", {}).encode()
    put(kafka, in_run("channels", run), [b"no event", tick, *[CHECK] * 1_500, b"{"])
    put(kafka, in_run(DEAD_LETTERS, run), [a_letter(0)])
    result = steadyline("dead-letters", "retry", 0, "--with", "-", "--bootstrap", kafka, "--run", run, stdin=GOOD[0])
    assert "at the tick sent after it" in result.stdout, result.output
    for topic in INPUTS:
        last = decode(ground.records(topic)[-1])
        assert isinstance(last, Tick)
        assert (last.time, last.run) == (datetime(2023, 2, 6, tzinfo=UTC), run)
        assert last.id > "t1"


def test_in_a_run_without_a_tick_it_waits(kafka: str, run: str) -> None:
    written = Letters(kafka, run, [a_letter(0)])
    result = written.does("retry", 0, "--with", "-", stdin=CHECK)
    assert (result.exit_code, result.stdout) == (
        0,
        "0: mended, in the log as c1, judged by nobody before the run's next tick\n",
    )
    assert list(events(kafka, run).values()) == [[CHECK]]


def test_several_go_where_each_belongs(kafka: str, run: str) -> None:
    written = Letters(kafka, run, [a_letter(0), a_letter(1, CHECK), a_letter(2), a_letter(3)])
    text = b"\n".join([GOOD[0], CHECK.replace(b'"incsea-review"', b'"unheard-of"'), BEAT])
    result = written.does("retry", 0, 2, 3, "--with", "-", "--json", stdin=text)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["number"], row["state"], row["event"]) for row in rows] == [
        (0, "mended", "placed"),
        (2, "waiting", None),
        (3, "mended", "beat"),
    ]
    assert "unheard-of" in rows[1]["reason"]
    assert result.exit_code == 3, "one is still refused"
    assert written.does("retry", 1).exit_code == 0, "its own bytes are an event now"
    found = events(kafka, run)
    assert {place for place, values in found.items() if BEAT in values} == {
        (topic, part) for topic in INPUTS for part in range(3)
    }
    for value in (GOOD[0], CHECK):
        ((topic, partition),) = [place for place, values in found.items() if value in values]
        (stored,) = [one for one in inputs(kafka, run)[topic, partition] if one.value == value]
        assert topic == "channels"
        assert stored.key
        assert stored.timestamp == int(decode(value).time.timestamp() * 1_000), "a run's record has the time of its event"
    assert isinstance(decode(BEAT), FeedHeartbeat)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{", "truncated"),
        (CHECK.replace(b"2022", b"2922"), "which has not come yet"),
        (CHECK.replace(b'"incsea-review"', b'"unheard-of"'), "unheard-of"),
        (b"", "truncated"),
    ],
    ids=["no event", "ahead", "unknown", "empty"],
)
def test_what_is_still_no_event_is_not_sent(kafka: str, run: str, text: bytes, told: str) -> None:
    written = Letters(kafka, run, [a_letter(0, None)])
    result = written.does("retry", 0, "--with", "-", stdin=text)
    assert result.exit_code == 3
    assert told in result.stdout
    assert "no bytes" in written.does("retry", 0).stdout
    assert not inputs(kafka, run)


def test_to_the_live_log_no_tick_is_sent(live: Ground) -> None:
    ground, kafka = live, live.bootstrap
    put(kafka, DEAD_LETTERS, [a_letter(0, topic="channels")])
    number = ground.end(DEAD_LETTERS) - 1
    tick = record("tick", "t1", "2023-02-06T00:00:00Z", {}).encode()
    refused = steadyline("dead-letters", "retry", number, "--with", "-", "--bootstrap", kafka, stdin=tick)
    assert refused.exit_code == 3
    assert "a clock of its own" in refused.stdout
    before = sum(ground.end(topic) for topic in INPUTS)
    result = steadyline("dead-letters", "retry", number, "--with", "-", "--bootstrap", kafka, stdin=CHECK)
    assert (result.exit_code, result.stdout) == (
        0,
        f"{number}: mended, in the log as c1, judged at the live clock's next tick\n",
    )
    assert sum(ground.end(topic) for topic in INPUTS) == before + 1
