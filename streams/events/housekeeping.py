"""The log's own records: signs of life of a feed, retractions, and the ticks that are the only clock."""

from typing import Annotated

from msgspec import Meta

from streams.events.envelope import Data, Event, EventId, Key, Text


class Beat(Data, frozen=True, kw_only=True):
    """A feed says that it is alive and that all it saw up to ``time`` is in the log."""

    feed: Key


class Withdrawal(Data, frozen=True, kw_only=True):
    """``retracts`` never happened as reported."""

    retracts: EventId
    reason: Text | None = None


class Reading(Data, frozen=True, kw_only=True):
    """One reading of the one clock."""

    clock: Key = "clock"
    partition: Annotated[int, Meta(ge=0)] | None = None


class FeedHeartbeat(Event, frozen=True, kw_only=True, tag="org.steadyline.feed.heartbeat.v1"):
    """A feed's sign of life; ``time`` is the instant up to which the feed is complete."""

    data: Beat


class Retraction(Event, frozen=True, kw_only=True, tag="org.steadyline.retraction.v1"):
    """A report is taken back; whoever was told is told."""

    data: Withdrawal


class Tick(Event, frozen=True, kw_only=True, tag="org.steadyline.tick.v1"):
    """At this point of the log, the time was ``time``."""

    data: Reading
