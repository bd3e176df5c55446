"""An address that is called says, by being called, that something works."""

from datetime import UTC, datetime

import msgspec
import pytest

from producers.gateway.buckets import Rates
from producers.gateway.intake import AwayError
from producers.gateway.ledger import Ledger
from streams.events import ChannelCheck, FeedHeartbeat
from streams.events.decode import decode
from tests.gateway.running import CHANNEL, FEED, Running, running


def said(gateway: Running) -> list[ChannelCheck | FeedHeartbeat]:
    """What the pings made, in order."""
    events = (decode(record.data) for record in gateway.records())
    return [event for event in events if isinstance(event, ChannelCheck | FeedHeartbeat) and event.id.startswith("ping-")]


ENDS = [("", "answered"), ("/0", "answered"), ("/fail", "unanswered"), ("/1", "unanswered"), ("/255", "unanswered")]


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize(("end", "outcome"), ENDS)
def test_a_ping_is_a_check_of_the_line(gateway: Running, method: str, end: str, outcome: str) -> None:
    answer = gateway.client.request(method, gateway.check(channel=CHANNEL) + end)
    assert (answer.status_code, answer.headers["ping-body-limit"]) == (200, "10000")
    check = said(gateway)[-1]
    assert isinstance(check, ChannelCheck)
    assert (check.data.channel, check.data.outcome, check.data.latency_ms) == (CHANNEL, outcome, None)


def test_from_start_to_success_is_the_latency_of_each_run(gateway: Running) -> None:
    path, before = gateway.check(channel=CHANNEL), len(said(gateway))
    for end in ("/start", "/start?rid=a", "", "?rid=b", "/fail?rid=a"):
        assert gateway.client.get(path + end).status_code == 200
    told = [(each.data.outcome, each.data.latency_ms is None) for each in said(gateway)[before:]]  # type: ignore[union-attr]
    assert told == [("answered", False), ("answered", True), ("unanswered", False)]


def test_a_feed_is_complete_up_to_where_its_work_began(gateway: Running) -> None:
    path, before = gateway.check(feed=FEED), len(said(gateway))
    for end in ("", "/start", "/fail", "/start", "", "/log"):
        assert gateway.client.get(path + end).status_code == 200
    first, second = said(gateway)[before:]
    assert isinstance(second, FeedHeartbeat)
    assert second.data.feed == FEED
    assert first.ingested is not None
    assert second.ingested is not None
    assert first.time < second.time < second.ingested


def test_a_ping_that_is_to_come_again_ends_the_same_run(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    path, before = gateway.check(feed=FEED), len(said(gateway))
    assert gateway.client.get(path + "/start").status_code == 200
    begun = datetime.now(UTC)
    with monkeypatch.context() as away:

        async def refused(_: object) -> None:
            raise AwayError("the log is away")

        away.setattr(gateway.gateway.intake, "put", refused)
        assert gateway.client.get(path).status_code == 503
    assert [gateway.client.get(path).status_code for _ in range(2)] == [200, 200]
    first, second = said(gateway)[before:]
    assert first.time < begun < second.time


def test_what_comes_with_a_ping_is_kept_and_a_log_is_only_that(gateway: Running) -> None:
    path, before = gateway.check(channel=CHANNEL), len(said(gateway))
    assert gateway.client.post(path + "/log", content=b"a note").status_code == 200
    assert len(said(gateway)) == before
    assert gateway.client.post(path + "/fail", content=b"\xffno carrier\x1b" + b"x" * 50_000).status_code == 200
    text = said(gateway)[-1].data.text  # type: ignore[union-attr]
    assert text is not None
    assert text.startswith("\ufffdno carrier\x1bxx")
    assert len(text) == 10_000
    assert gateway.client.post(path, content=b"x" * 200_000).status_code == 413
    ledger = Ledger(gateway.folder / "ledger.db")
    notes = ledger.notes(f"check-{path.rpartition('/')[2][:8]}")
    ledger.close()
    assert [(signal, note[:6]) for _, signal, note in notes] == [("log", "a note"), ("fail", "\ufffdno ca")]


@pytest.mark.parametrize("end", ["/256", "/-1", "/nonsense", "/\u0663", "/fail/more"])
def test_an_unknown_signal_is_as_unknown_as_an_unknown_check(gateway: Running, end: str) -> None:
    unknown = gateway.client.get("/ping/11111111-1111-4111-8111-111111111111")
    answer = gateway.client.get(gateway.check(channel=CHANNEL) + end)
    assert unknown.status_code == answer.status_code == 404


def test_who_pings_too_often_waits(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("often"), rates=Rates(pings=0.1, pings_at_once=2)) as often:
        path = often.check(channel=CHANNEL)
        assert [often.client.get(path).status_code for _ in range(3)] == [200, 200, 429]


def test_no_token_can_speak_for_a_check(gateway: Running) -> None:
    gateway.client.get(gateway.check(channel=CHANNEL))
    sent = msgspec.json.decode(gateway.records()[-1].data) | {"id": "forged"}
    assert gateway.post(sent).status_code == 403
