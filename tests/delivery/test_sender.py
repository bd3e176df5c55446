"""From the spool to a gateway that is there, away, busy, or of another mind."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tenacity import Future, RetryCallState, Retrying

from producers.delivery.answers import AwayError
from producers.delivery.batches import INCOMPLETE
from producers.delivery.outbox import Outbox
from producers.delivery.sender import Courier, Sender, _Pause, turn
from producers.delivery.spool import Spool, SpoolError
from producers.delivery.target import Access, named, open_target
from streams.agreements.load import load_builtin
from streams.events.decode import decode
from streams.log.admin import Admin
from streams.log.kafka import TopicReader
from streams.log.sqlite import Log
from streams.rulebook import RuleBook
from streams.topics import CHANNELS, catalogue, in_run
from tests.delivery.build import NOW, beat, check
from tests.delivery.stub_gateway import TOKEN, Answer, StubGateway, stub_gateway

BUSY = Answer(503, {"Retry-After": "0"})


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubGateway]:
    monkeypatch.setenv("STEADYLINE_TOKEN", TOKEN)
    with stub_gateway() as stub:
        yield stub


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool.db") as spool:
        yield spool


def book() -> RuleBook:
    return RuleBook(load_builtin())


def sender(spool: Spool, target: str, **access: Any) -> Sender:
    return Sender(spool, target, partial(open_target, target, Access(book, **access)))


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def test_all_that_waits_goes_over_in_order_and_in_batches(spool: Spool, stub: StubGateway) -> None:
    names = [f"e{number}" for number in range(1_200)]
    spool.append([check(name) for name in names], stub.url, NOW)
    moved: list[int] = []
    with sender(spool, stub.url) as sending:
        drained = sending.drain(5.0, moved=moved.append)
    assert drained == ("done", 1_200, 0, None)
    assert stub.ids == names
    assert moved == [len(request) for _, request in stub.requests] == [500, 500, 200]
    assert spool.queues() == []


def test_large_events_go_over_a_few_at_a_time(spool: Spool, stub: StubGateway) -> None:
    names = [f"e{number}" for number in range(120)]
    spool.append([check(name, "x" * 19_000) for name in names], stub.url, NOW)
    with sender(spool, stub.url) as sending:
        assert sending.drain(5.0).sent == 120
    assert [len(request) for _, request in stub.requests] == [54, 54, 12]


@pytest.mark.parametrize("answer", [BUSY, Answer(429), Answer(500), Answer(0, drop=True), Answer(0, drop=True, took=True)])
def test_a_gateway_that_cannot_take_it_now_is_asked_again(spool: Spool, stub: StubGateway, answer: Answer) -> None:
    spool.append([check(name) for name in "abc"], stub.url, NOW)
    stub.answers.append(answer)
    with sender(spool, stub.url) as sending:
        assert sending.drain(20.0) == ("done", 3, 0, None)
    assert (stub.ids, len(stub.requests)) == (["a", "b", "c"], 2)


def test_a_gateway_that_asks_for_more_patience_than_there_is_is_not_waited_for(spool: Spool, stub: StubGateway) -> None:
    spool.append([check("a")], stub.url, NOW)
    stub.answers.append(Answer(429, {"Retry-After": "600"}))
    began = time.monotonic()
    with sender(spool, stub.url) as sending:
        drained = sending.drain(30.0)
    assert (drained.ending, drained.sent) == ("away", 0)
    assert "429" in (drained.why or "")
    assert time.monotonic() - began < 10
    assert spool.waiting(stub.url) == 1


def test_a_pause_is_never_shorter_than_asked_for_and_grows_at_random() -> None:
    def pause(attempt: int, asked: float | None) -> float:
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = attempt
        state.outcome = Future(attempt)
        state.outcome.set_exception(AwayError("away", asked))
        return _Pause()(state)

    assert all(5.0 <= pause(1, 5.0) <= 5.5 for _ in range(50))
    later = [pause(30, None) for _ in range(200)]
    assert max(later) <= 60.0
    assert min(later) < 20.0 < 40.0 < max(later), "full jitter: from nothing to the longest"


def test_one_that_is_refused_for_good_holds_up_nothing(spool: Spool, stub: StubGateway) -> None:
    spool.append([check(name) for name in "abcde"], stub.url, NOW)
    stub.refuse = lambda event: f"no such channel: {event['id']}" if event["id"] in "bd" else None
    with sender(spool, stub.url) as sending:
        assert sending.drain(5.0) == ("done", 3, 2, None)
    assert stub.ids == ["a", "c", "e"]
    assert [(letter.id, letter.reason) for letter in spool.dead_letters()] == [
        ("b", "no such channel: b"),
        ("d", "no such channel: d"),
    ]


@pytest.mark.parametrize("status", [400, 403, 409, 413, 422])
def test_a_batch_that_is_refused_whole_is_searched_for_the_one_at_fault(spool: Spool, stub: StubGateway, status: int) -> None:
    names = [f"e{number}" for number in range(40)]
    spool.append([check(name) for name in names], stub.url, NOW)
    stub.whole = lambda events: Answer(status) if any(event["id"] == "e17" for event in events) else None
    with sender(spool, stub.url) as sending:
        assert sending.drain(5.0) == ("done", 39, 1, None)
    assert stub.ids == [name for name in names if name != "e17"], "in order all the same"
    assert [(letter.id, letter.reason[:3]) for letter in spool.dead_letters()] == [("e17", str(status))]
    assert len(stub.requests) < 15


def test_too_many_bytes_for_the_gateway_is_no_fault_of_the_events(spool: Spool, stub: StubGateway) -> None:
    spool.append([check(f"e{number}") for number in range(100)], stub.url, NOW)
    stub.whole = lambda events: Answer(413) if len(events) > 10 else None
    with sender(spool, stub.url) as sending:
        assert sending.drain(5.0) == ("done", 100, 0, None)


@pytest.mark.parametrize("status", [401, 404, 415, 301, 200])
def test_what_is_no_fault_of_the_events_keeps_all_of_them(spool: Spool, stub: StubGateway, status: int) -> None:
    spool.append([check(name) for name in "abc"], stub.url, NOW)
    stub.whole = lambda events: Answer(status)
    with sender(spool, stub.url) as sending:
        drained = sending.drain(5.0)
    assert (drained.ending, drained.sent, drained.refused) == ("denied", 0, 0)
    assert len(stub.requests) == 1, "it would not help to ask again"
    assert spool.waiting(stub.url) == 3


def test_without_a_token_nothing_is_sent_and_nothing_is_lost(
    spool: Spool, stub: StubGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEADYLINE_TOKEN")
    spool.append([check("a")], stub.url, NOW)
    with sender(spool, stub.url) as sending:
        assert sending.drain(5.0).ending == "denied"
    assert (stub.requests, spool.waiting(stub.url)) == ([], 1)


def test_a_feed_is_not_complete_once_an_event_of_it_was_refused(spool: Spool, stub: StubGateway) -> None:
    spool.append([check("a"), beat("a-beat", "f"), check("bad"), beat("late", "f"), check("c")], stub.url, NOW, "f")
    spool.append([check("other"), beat("other-beat", "g")], stub.url, NOW, "g")
    stub.refuse = lambda event: "no such channel" if event["id"] == "bad" else None
    with sender(spool, stub.url) as sending:
        assert sending.drain(5.0) == ("done", 5, 2, None)
    assert stub.ids == ["a", "a-beat", "c", "other", "other-beat"]
    assert [(letter.id, letter.reason) for letter in spool.dead_letters()] == [("bad", "no such channel"), ("late", INCOMPLETE)]
    stub.refuse = lambda event: None
    spool.retry([letter.number for letter in spool.dead_letters()])
    with sender(spool, stub.url) as sending:
        assert sending.drain(5.0).sent == 2
    assert stub.ids[-2:] == ["bad", "late"], "mended, both go over in their order"


def test_one_sends_at_a_time(spool: Spool, stub: StubGateway) -> None:
    spool.append([check("a")], stub.url, NOW)
    with turn(spool.path, stub.url, 0.0, threading.Event()), sender(spool, stub.url) as sending:
        assert sending.drain(0.1).ending == "busy"
        assert stub.requests == []
        with turn(spool.path, "another target", 0.0, threading.Event()):
            pass
    with sender(spool, stub.url) as sending:
        assert sending.drain(0.1).ending == "done"


def test_a_lock_that_is_no_database_is_told_of(spool: Spool, stub: StubGateway) -> None:
    with turn(spool.path, stub.url, 0.0, threading.Event()):
        (lock,) = spool.path.parent.glob("*.turn")
    lock.write_bytes(b"x" * 5_000)
    with (
        pytest.raises(SpoolError, match=r"\.turn: cannot lock the spool"),
        turn(spool.path, stub.url, 0.0, threading.Event()),
    ):
        pass


def test_a_courier_brings_everything_once_the_gateway_is_there(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYLINE_TOKEN", TOKEN)
    with stub_gateway() as gone:
        url = gone.url
    told: list[str] = []
    courier = Courier(sender(spool, url), told.append)
    outbox = Outbox(spool, url, put=courier.wake)
    courier.start()
    try:
        for name in "abc":
            outbox.put([check(name)], NOW)
        until(lambda: bool(told))
        assert spool.waiting(url) == 3
        with stub_gateway(int(url.rpartition(":")[2])) as stub:
            until(lambda: stub.ids == ["a", "b", "c"], 60)
            outbox.put([check("d")], NOW)
            until(lambda: stub.ids == ["a", "b", "c", "d"])
    finally:
        courier.end(20)
    assert not courier.is_alive()
    assert len(told) == 1, "one cause is told once"
    assert "kept and not sent yet" in told[0]


def test_the_log_itself_can_be_the_target(spool: Spool, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    target = named(str(path))
    spool.append([check("a"), beat("b", "f")], target, NOW)
    with sender(spool, target) as sending:
        assert sending.drain(5.0) == ("done", 2, 0, None)
    spool.append([check("a"), check("c")], target, NOW)
    with sender(spool, target) as sending:
        assert sending.drain(5.0).sent == 2
    with Log(path) as log:
        assert [record.id for record in log.read()] == ["a", "b", "c"]


def test_a_log_that_cannot_be_written_is_away(spool: Spool, tmp_path: Path) -> None:
    target = named(str(tmp_path))
    spool.append([check("a")], target, NOW)
    with sender(spool, target) as sending:
        drained = sending.drain(0.0)
    assert (drained.ending, spool.waiting(target)) == ("away", 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "got nothing"),
        ("mqtt://broker", "got mqtt://"),
        ("kafka://", "another address of Kafka"),
        ("kafka://a:1?run=no run", "expected a run named"),
        ("kafka://a:1?other=1", "another address of Kafka"),
        ("kafka://user:secret@broker:9092", "another address of Kafka"),
        ("http://gateway.example", "--plain-http"),
    ],
)
def test_what_is_no_target_is_said_to_be_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        named(text)
    assert "secret" not in str(caught.value)


def test_the_same_target_has_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert named("log.db") == named(str(tmp_path / "log.db"))
    assert named("https://Gateway.example/") == named("https://gateway.example")
    assert named("kafka://a:1, b:2/") == "kafka://a:1,b:2"
    assert named("kafka://a:1/?run=drill-1") == "kafka://a:1?run=drill-1"


def test_kafka_can_be_the_target(spool: Spool, kafka: str, run: str) -> None:
    target = named(f"kafka://{kafka}?run={run}")
    spool.append([check("a")], target, NOW)
    with sender(spool, target) as sending:
        drained = sending.drain(0.0)
        assert drained.ending == "away", "its topics are not there yet"
        assert "is missing" in (drained.why or "")
    with Admin(kafka) as admin:
        admin.create(catalogue(2, run))
    with sender(spool, target) as sending:
        assert sending.drain(30.0) == ("done", 1, 0, None)
    with TopicReader(kafka, in_run(CHANNELS, run)) as reader:
        records = [record for batch in reader.read_all() for record in batch.records]
    assert [decode(record.value or b"").id for record in records] == ["a"]
