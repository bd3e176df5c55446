"""A recording of a log on Kafka is replayed to what the log's own partitions find, byte for byte."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.replaying.inputs import opened
from deploy.replaying.replay import Edges, replay
from producers.plan import Sending, milliseconds
from streams.agreements.load import load_builtin
from streams.events import AnyEvent, Tick
from streams.events.decode import decode
from streams.lapses import encode_lapse
from streams.live.clock import tick
from streams.log.admin import Admin
from streams.log.kafka import TopicReader, together
from streams.log.recording import Lines, Recording
from streams.log.sqlite import Entry, Log, Refusal
from streams.partition import PartitionWatch
from streams.routes import Homes, partition_of, routes_of
from streams.rulebook import RuleBook
from streams.topics import INPUTS, catalogue, in_run
from streams.watch import Watch
from tests.deploy.records import DECLINED, QUIET, meeting, record
from tests.deploy.records import tick as reading
from tests.live.running import Ground, Revisions, embedded, until, worker

AGREEMENTS = load_builtin()
STORIES = ("us-china-2022", "belgrade-1999", "balloon-2023")
PARTITIONS = 3


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("STEADYLINE_KAFKA", raising=False)


def steadyline(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def recorded(kafka: str, run: str, path: Path, *options: object, code: int = 0) -> dict[str, Any]:
    """The summary of a recording."""
    result = steadyline("record", "--bootstrap", kafka, "--run", run, path, "--json", *options)
    assert result.exit_code == code, result.output
    summary: dict[str, Any] = msgspec.json.decode(result.stdout)["summary"]
    return summary


def found_in(path: Path, run: str | None) -> Revisions:
    """What an embedded replay of a recording finds."""
    (batches,) = [[*Recording([path]).batches()]]
    return embedded([line for batch in batches if isinstance(batch, Lines) for line in batch.lines], run)


def found_by_partitions(kafka: str, run: str, partitions: int) -> Revisions:
    """What `verify` holds workers to."""
    found: Revisions = {}
    names = {in_run(topic, run): topic for topic in INPUTS}
    with ExitStack() as stack:
        readers = [stack.enter_context(TopicReader(kafka, topic)) for topic in names]
        for partition in range(partitions):
            watch = PartitionWatch(AGREEMENTS, partition, partitions, run=run)
            for topic, batch in together(readers, partition):
                for lapse in watch.take(names[topic], [(one.offset, one.value) for one in batch.records]).lapses:
                    found[lapse.exercise, lapse.id, lapse.revision] = encode_lapse(lapse)
    return found


def events_of(path: Path) -> list[AnyEvent]:
    """The events of a recording, without its ticks."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
    return [event for event in map(decode, lines) if not isinstance(event, Tick)]


def lines_of(story: str) -> list[bytes]:
    return [line for batch in opened(story, AGREEMENTS).source.batches() if isinstance(batch, Lines) for line in batch.lines]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_that_was_sent_and_recorded_is_replayed_to_the_same_lapses(
    kafka: str, run: str, tmp_path: Path, story: str
) -> None:
    sent = steadyline("replay", story, "--to", f"kafka://{kafka}", "--run", run, "--partitions", PARTITIONS)
    assert sent.exit_code == 0, sent.output
    path = tmp_path / "out.jsonl.gz"
    summary = recorded(kafka, run, path)
    given = opened(story, AGREEMENTS)
    direct = replay(
        Watch(AGREEMENTS), given.source, Edges(clock=lambda: 0.0), start=given.start, until=given.until
    ).history.values()
    wanted = {(one.exercise, one.id, one.revision): encode_lapse(one) for revisions in direct for one in revisions}
    assert wanted
    assert found_in(path, None) == wanted
    assert summary["same"] is True
    assert summary["revisions"] == len(wanted)
    # Each event once, however many partitions have it.
    assert sorted(one.id for one in events_of(path)) == sorted({decode(line).id for line in lines_of(story)})
    again = tmp_path / "again.jsonl.gz"
    recorded(kafka, run, again)
    assert again.read_bytes() == path.read_bytes()
    # What was recorded can be sent and recorded once more.
    sent = steadyline("replay", path, "--to", f"kafka://{kafka}", "--run", f"{run}-2", "--partitions", 2)
    assert sent.exit_code == 0, sent.output
    recorded(kafka, f"{run}-2", again)
    assert found_in(again, None) == wanted


class Live:
    """A log as producers and a clock write it: the broker's time on each record, ticks by the clock, early ones by owners."""

    def __init__(self, kafka: str, run: str, partitions: int) -> None:
        topics = zip(catalogue(partitions, run), catalogue(partitions), strict=True)
        with Admin(kafka) as admin:
            admin.create([live._replace(name=named.name) for named, live in topics])
        self.ground = Ground(kafka, run, partitions)
        self.homes = Homes.of(RuleBook(AGREEMENTS))
        self.sendings: list[Sending] = []

    def event(self, line: bytes) -> list[Sending]:
        event = decode(line)
        return [
            Sending(topic, partition, key, line, milliseconds(event.time))
            for topic, partition, key in routes_of(event, self.homes, self.ground.partitions)
        ]

    def clock(self, now: datetime) -> list[Sending]:
        return [Sending(t, p, None, tick(now), 0) for p in range(self.ground.partitions) for t in INPUTS]

    def early(self, now: datetime, partition: int) -> list[Sending]:
        return [Sending(topic, partition, None, tick(now, partition), 0) for topic in INPUTS]


def as_if_live(live: Live, lines: list[bytes], seed: int) -> Iterator[Sending]:
    """Ticks at odd moments, some of them early ones of one partition, and events some of which come late."""
    random = Random(seed)
    waiting = sorted((decode(line).known + timedelta(seconds=random.choice((0, 0, 5, 86_400))), line) for line in lines)
    told = waiting[0][0]
    for known, line in waiting:
        # The clock comes to every partition, an early tick to one, and within a second of the clock's.
        if random.random() < 0.6:
            # No deadline lies between the clock's tick and an early one: that would truly be judged in two ways.
            told = known + timedelta(seconds=0.25)
            yield from live.clock(told)
        if random.random() < 0.3:
            yield from live.early(told + timedelta(seconds=random.random() / 2), random.randrange(live.ground.partitions))
        yield from live.event(line)
    yield from live.clock(waiting[-1][0] + timedelta(days=30))


@pytest.mark.parametrize(
    ("story", "seed"), [("us-china-2022", 1), ("taiwan-2022", 2), ("belgrade-1999", 3), ("black-sea-2023", 4)]
)
def test_a_live_log_is_replayed_to_what_its_partitions_find(
    kafka: str, run: str, tmp_path: Path, story: str, seed: int
) -> None:
    live = Live(kafka, run, PARTITIONS)
    live.ground.send(as_if_live(live, lines_of(story), seed))
    path = tmp_path / "live.jsonl"
    summary = recorded(kafka, run, path)
    assert found_in(path, run) == found_by_partitions(kafka, run, PARTITIONS) != {}
    assert summary["same"] is True
    assert summary["events"] == len(lines_of(story))
    assert summary["events_waiting"] == 0
    # The broker's time is no evidence: no event has one that it did not come with.
    assert {one.id: one.ingested for one in events_of(path)} == {one.id: one.ingested for one in map(decode, lines_of(story))}
    again = tmp_path / "again.jsonl"
    recorded(kafka, run, again)
    assert again.read_bytes() == path.read_bytes()


def test_what_a_worker_wrote_is_what_a_replay_of_the_recording_finds(kafka: str, run: str, tmp_path: Path) -> None:
    live = Live(kafka, run, 2)
    live.ground.send(as_if_live(live, lines_of("us-china-2022"), 5))
    wanted = found_by_partitions(kafka, run, 2)
    with worker(live.ground) as one:
        one.ready()
        until(lambda: len(live.ground.revisions()) >= len(wanted), "all revisions")
        assert one.end() == 0
    assert steadyline("verify", "--bootstrap", kafka, "--run", run).exit_code == 0
    recorded(kafka, run, tmp_path / "out.jsonl")
    assert found_in(tmp_path / "out.jsonl", run) == live.ground.revisions()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_events_without_a_tick_after_them_are_left_out_unless_wanted(kafka: str, run: str, tmp_path: Path) -> None:
    live = Live(kafka, run, 2)
    placed, declined = (line.encode() for line in DECLINED)
    live.ground.send(
        [
            *live.clock(at("2023-02-04T19:30:00Z")),
            *live.event(placed),
            *live.clock(at("2023-02-04T19:31:00Z")),
            *live.event(declined),
            # One partition is ahead of the other: the log was judged as a whole up to the clock's last tick only.
            *live.early(at("2023-02-09T00:00:00Z"), 0),
            *live.early(at("2023-02-09T00:00:00Z"), 1)[:1],
        ]
    )
    path = tmp_path / "out.jsonl"
    summary = recorded(kafka, run, path)
    assert [one.id for one in events_of(path)] == ["placed"]
    assert summary["events_waiting"] == 1
    assert summary["until"] == "2023-02-04T19:31:00Z"
    assert "1 event left out: not every partition" in steadyline("record", "--bootstrap", kafka, "--run", run, path).stderr
    summary = recorded(kafka, run, path, "--waiting")
    assert [one.id for one in events_of(path)] == ["placed", "declined"]
    assert summary["events_waiting"] == 0


def test_a_log_that_nothing_ticks_in_is_recorded_whole_in_the_order_known(kafka: str, run: str, tmp_path: Path) -> None:
    live = Live(kafka, run, 2)
    lines = lines_of("us-china-2022")
    live.ground.send(sending for line in lines for sending in live.event(line))
    path = tmp_path / "out.jsonl"
    result = steadyline("record", "--bootstrap", kafka, "--run", run, path)
    assert "nothing ticks in this log" in result.stderr
    known = [one.known for one in events_of(path)]
    assert len(known) == len(lines)
    assert known == sorted(known)
    assert found_in(path, None).keys() == embedded(lines, None).keys()


def test_what_came_before_the_first_tick_waits_for_its_own_time(kafka: str, run: str, tmp_path: Path) -> None:
    live = Live(kafka, run, PARTITIONS)
    lines = lines_of("us-china-2022")
    end = max(decode(line).known for line in lines)
    live.ground.send([*(one for line in reversed(lines) for one in live.event(line)), *live.clock(end)])
    path = tmp_path / "out.jsonl"
    assert recorded(kafka, run, path)["same"] is True
    assert found_in(path, run) == found_by_partitions(kafka, run, PARTITIONS) != {}
    first = decode(path.read_bytes().splitlines()[0])
    assert isinstance(first, Tick)


def test_a_span_of_the_log_is_what_was_judged_in_it(kafka: str, run: str, tmp_path: Path) -> None:
    live = Live(kafka, run, 2)
    days = range(1, 7)
    live.ground.send(
        one
        for day in days
        for one in (
            *live.event(meeting(f"d{day}", f"2023-01-0{day}T12:00:00Z").encode()),
            *live.clock(at(f"2023-01-0{day}T13:00Z")),
        )
    )
    path = tmp_path / "out.jsonl"
    summary = recorded(kafka, run, path, "--from", "2023-01-02", "--until", "2023-01-04T12:30Z")
    assert [one.id for one in events_of(path)] == ["d3"]
    assert (summary["events_left_out"], summary["events_waiting"]) == (5, 0)
    assert summary["until"] == "2023-01-04T12:30:00Z"
    recorded(kafka, run, path, "--until", "2023-01-04T13:00Z")
    assert [one.id for one in events_of(path)] == ["d1", "d2", "d3", "d4"]


def test_what_is_no_event_is_kept_aside(kafka: str, run: str, tmp_path: Path) -> None:
    live = Live(kafka, run, 2)
    live.ground.send(
        [
            Sending(INPUTS[1], 1, b"k", b"{", 0),
            *live.event(QUIET[0].encode()),
            *live.clock(at("2023-01-02T00:00Z")),
        ]
    )
    path = tmp_path / "out.jsonl"
    aside = tmp_path / "out.dead.jsonl"
    summary = recorded(kafka, run, path)
    assert (summary["dead_letters"], summary["dead_letters_file"]) == (1, str(aside))
    letter = msgspec.json.decode(aside.read_bytes())
    assert (letter["topic"], letter["partition"], letter["offset"], letter["record"]) == (in_run(INPUTS[1], run), 1, 0, "ew==")
    assert "truncated" in letter["why"]
    # It is no recording: a directory is replayed without it.
    assert steadyline("replay", tmp_path).exit_code == 0
    assert steadyline("record", "--bootstrap", kafka, "--run", run, path).exit_code == 0
    assert {one.name for one in tmp_path.iterdir() if one.is_file()} == {"out.jsonl", "out.dead.jsonl"}


def test_where_partitions_met_an_event_at_two_times_it_is_said_that_the_replay_differs(
    kafka: str, run: str, tmp_path: Path
) -> None:
    live = Live(kafka, run, 2)
    first, second = (
        live.event(record("feed.heartbeat", name, time, {"feed": "navarea-xi"}).encode())
        for name, time in (("b1", "2023-01-01T00:00:00Z"), ("b2", "2023-01-01T12:00:00Z"))
    )
    home = partition_of(b"navarea-xi", 2)
    sendings = [*first, *live.clock(at("2023-01-01T13:00:00Z")), *(one for one in second if one.partition == home)]
    # The feed is silent after 18 hours, for all whom its second word has not reached.
    sendings += [*live.clock(at("2023-01-02T00:00:00Z")), *live.clock(at("2023-01-03T00:00:00Z"))]
    sendings += [*(one for one in second if one.partition != home), *live.clock(at("2023-01-04T00:00:00Z"))]
    live.ground.send(sendings)
    summary = recorded(kafka, run, tmp_path / "out.jsonl", code=1)
    assert summary["same"] is False
    assert summary["revisions_differing"] > 0
    assert (
        "differs from the log's own lapses"
        in steadyline("record", "--bootstrap", kafka, "--run", run, tmp_path / "o.jsonl").stderr
    )


def test_a_sqlite_log_is_recorded_as_it_is(tmp_path: Path) -> None:
    log, path = tmp_path / "kept.db", tmp_path / "out.jsonl"
    lines = [
        line.encode() for line in (*QUIET[:1], reading("2023-01-01T01:00:00Z"), *DECLINED, reading("2023-03-01T00:00:00Z"))
    ]
    with Log(log) as opened_log:
        events = [(decode(line), line) for line in lines]
        opened_log.append((Entry(one.source, one.id, "x", line) for one, line in events), at("2023-03-01T00:00:00Z"))
        opened_log.refuse([Refusal("file", 7, b"{", "broken")], at("2023-03-01T00:00:00Z"))
    result = steadyline("record", "--log", log, path, "--json")
    assert result.exit_code == 0, result.output
    summary = msgspec.json.decode(result.stdout)["summary"]
    assert (summary["events"], summary["ticks"], summary["dead_letters"]) == (3, 3, 1)
    # One tick more than the log has: it must be ruled by its ticks from the first line.
    assert path.read_bytes().splitlines()[1:] == lines
    assert found_in(path, None) == embedded(lines, None) != {}
    assert msgspec.json.decode((tmp_path / "out.dead.jsonl").read_bytes())["line"] == 7


def test_what_cannot_be_recorded_leaves_what_was_there(kafka: str, run: str, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"before")
    cases: list[tuple[int, tuple[object, ...], str]] = [
        (2, ("--bootstrap", kafka, "--run", run, path), f"run {run} is not there"),
        (2, ("--bootstrap", kafka, "--run", "no spaces", path), "expected a run named"),
        (2, ("--bootstrap", kafka, tmp_path / "out.txt"), "expected a name that ends in .jsonl"),
        (2, (path,), "expected --bootstrap HOST:PORT or --log FILE"),
        (2, ("--log", "x.db", "--run", run, path), "expected no --run"),
        (3, ("--log", tmp_path / "none.db", path), "no such log"),
        (3, ("--bootstrap", "no-port", path), "expected HOST:PORT, got 'no-port'"),
    ]
    for code, arguments, words in cases:
        result = steadyline("record", *arguments)
        assert (result.exit_code, words in result.stderr) == (code, True), result.output
    live = Live(kafka, run, 1)
    live.ground.send([*live.event(QUIET[0].encode()), *live.clock(at("2023-02-01T00:00Z"))])
    result = steadyline("record", "--bootstrap", kafka, "--run", run, tmp_path / "nowhere" / "out.jsonl")
    assert result.exit_code == 3
    assert "No such file or directory" in result.stderr
    assert path.read_bytes() == b"before"
    assert {one.name for one in tmp_path.iterdir()} == {"out.jsonl"}
