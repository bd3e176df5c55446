"""The floor of a log that grows: what is judged when, and what is said of what is not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboards.page.live import LiveLog
from tests.deploy.records import record, tick
from tests.page.serving import agreements, append, incident, suspended

NOON = datetime(2024, 1, 10, 12, tzinfo=UTC)


class Clock:
    """The time of day, as the test sets it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def open_in(live: LiveLog) -> set[str]:
    return {row.subject for row in live.read()[0].lapses.values() if row.state == "open"}


def test_time_alone_makes_a_lapse_where_the_log_has_no_clock(log: Path, clock: Clock) -> None:
    append(log, incident("near-miss", "2024-01-10T11:59:00Z"))
    live = LiveLog(log, agreements(), clock)
    assert open_in(live) == set()
    clock.now = NOON + timedelta(hours=2, minutes=1)
    assert open_in(live) == {"PRC-US/near-miss"}
    live.close()


def test_where_the_log_has_a_clock_what_falls_due_waits_for_it_and_is_late(log: Path, clock: Clock) -> None:
    append(log, incident("near-miss", "2024-01-10T11:59:00Z"), tick("2024-01-10T12:00:00Z"))
    live = LiveLog(log, agreements(), clock)
    assert live.read()[1].health == "good"
    clock.now = NOON + timedelta(hours=1)
    assert live.read()[1].health == "good", "nothing is due yet, so nothing is late"
    clock.now = NOON + timedelta(hours=3)
    assert open_in(live) == set()
    pulse = live.read()[1]
    assert pulse.health == "late"
    assert "behind" in pulse.says
    append(log, tick("2024-01-10T15:00:00Z"))
    assert open_in(live) == {"PRC-US/near-miss"}
    assert live.read()[1].health == "good"
    live.close()


def test_what_was_not_judged_is_counted(log: Path, clock: Clock) -> None:
    append(
        log,
        suspended("off-1", "us-china-theater", "2024-01-09T00:00:00Z"),
        suspended("off-2", "no-such-channel", "2024-01-09T00:00:00Z"),
        record("incident.report", "i-1", "2031-01-01T00:00:00Z", {
            "incident": "next-decade", "parties": ["US", "PRC"], "gravity": "high", "domain": "air",
        }),
    )  # fmt: skip
    live = LiveLog(log, agreements(), clock)
    floor, pulse = live.read()
    assert (pulse.events, pulse.refused) == (1, 2)
    assert {row.subject for row in floor.lapses.values()} == {"us-china-theater"}
    live.close()


def test_a_silent_feed_is_said(log: Path, clock: Clock) -> None:
    beat = datetime(2024, 1, 8, tzinfo=UTC)
    feed = next(feed for one in agreements() for feed in one.feeds if feed.silent_after.after(beat) < NOON)
    append(log, record("feed.heartbeat", "b-1", "2024-01-08T00:00:00Z", {"feed": feed.id}))
    live = LiveLog(log, agreements(), clock)
    assert live.read()[1].silent == (feed.title,)
    live.close()


def test_why_names_the_event_and_its_source(log: Path, clock: Clock) -> None:
    append(log, suspended("off-1", "us-china-theater", "2024-01-09T00:00:00Z"))
    live = LiveLog(log, agreements(), clock)
    (name,) = live.read()[0].lapses
    told = live.why(name)
    assert told is not None
    assert [(event.id, event.source) for event in told.events] == [("off-1", "urn:test")]
    assert live.why("f" * 16) is None
    line = live.time_line()
    assert line is not None
    assert [bar.stand for track in line.tracks for bar in track.bars] == ["lapsed"]
    live.close()
