"""A feed says that it is complete, and only where it is."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from producers.delivery.beats import Beats
from producers.delivery.outbox import Outbox
from producers.delivery.spool import Limits, Spool, SpoolFullError
from streams.agreements.model import Feed
from streams.events import FeedHeartbeat
from streams.events.decode import decode
from streams.feeds import FeedRecord
from streams.spans import Span
from tests.delivery.build import HERE, NOW, check

FEED = Feed(id="probe", title="the probe", heartbeat=Span.parse("5 min"), silent_after=Span.parse("20 min"))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Spool(tmp_path / "spool.db", Limits(events=8)) as spool:
        yield Outbox(spool, HERE, feed="probe")


def waiting(outbox: Outbox) -> list[str]:
    return [kept.id for kept in outbox.spool.first(HERE, 100, 10**6)]


def test_a_beat_comes_at_the_interval_of_its_feed_behind_its_events(outbox: Outbox) -> None:
    beats = Beats(FEED, "urn:test:probe", outbox)
    outbox.put([check("a")], NOW)
    put = [beats.beat(NOW + n * MINUTE, NOW + n * MINUTE) for n in range(12)]
    assert [minute for minute, was in enumerate(put) if was] == [0, 5, 10]
    assert waiting(outbox) == ["a", *(f"beat-probe-{(NOW + n * MINUTE).isoformat()}" for n in (0, 5, 10))]


def test_the_watch_takes_the_beats_of_an_outage_as_one_stretch_without_a_hole(outbox: Outbox) -> None:
    beats = Beats(FEED, "urn:test:probe", outbox)
    for minute in range(0, 31, 5):
        beats.beat(NOW + minute * MINUTE, NOW + minute * MINUTE)
    record = FeedRecord(FEED)
    for kept in outbox.spool.first(HERE, 100, 10**6):
        event = decode(kept.data)
        assert isinstance(event, FeedHeartbeat)
        assert event.data.feed == "probe"
        record.beat(event.time)
    assert record.vouches(NOW, NOW + 30 * MINUTE, NOW + 30 * MINUTE) is True


def test_there_is_none_while_an_event_of_the_feed_lies_refused(outbox: Outbox) -> None:
    beats = Beats(FEED, "urn:test:probe", outbox)
    outbox.put([check("a")], NOW)
    position = outbox.spool.first(HERE, 1, 1)[0].position
    outbox.spool.settle((), {position: "no such channel"}, NOW)
    assert not beats.beat(NOW, NOW)
    assert beats.due(NOW)
    outbox.spool.drop([outbox.spool.dead_letters()[0].number])
    assert beats.beat(NOW, NOW), "somebody has looked at it"


def test_one_that_found_no_room_is_still_due(outbox: Outbox) -> None:
    beats = Beats(FEED, "urn:test:probe", outbox)
    outbox.put([check(f"e{number}") for number in range(8)], NOW)
    with pytest.raises(SpoolFullError):
        beats.beat(NOW, NOW)
    assert beats.due(NOW)
    outbox.spool.settle([outbox.spool.first(HERE, 1, 1)[0].position], {}, NOW)
    assert beats.beat(NOW, NOW)


def test_it_says_nothing_of_the_future_nor_by_another_way(outbox: Outbox) -> None:
    with pytest.raises(ValueError, match="cannot be complete up to"):
        Beats(FEED, "urn:test:probe", outbox).beat(NOW + MINUTE, NOW)
    with pytest.raises(ValueError, match="expected the outbox of the feed probe"):
        Beats(FEED, "urn:test:probe", Outbox(outbox.spool, HERE, feed="other"))
