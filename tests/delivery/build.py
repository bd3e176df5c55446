"""Events and spools for the tests of delivery."""

from datetime import UTC, datetime, timedelta

from streams.events import AnyEvent, ChannelCheck, FeedHeartbeat
from streams.events.channels import Check
from streams.events.housekeeping import Beat

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "http://127.0.0.1:1"
THERE = "kafka://127.0.0.1:2"


def check(name: str, text: str | None = None, source: str = "urn:test:probe") -> AnyEvent:
    """A line check under this id."""
    data = Check(channel="unc-kpa-pink-phone", text=text)
    return ChannelCheck(specversion="1.0", id=name, source=source, time=NOW, data=data)


def beat(name: str, feed: str, after: timedelta = timedelta()) -> AnyEvent:
    """A heartbeat of a feed."""
    return FeedHeartbeat(specversion="1.0", id=name, source="urn:test:probe", time=NOW + after, data=Beat(feed=feed))
