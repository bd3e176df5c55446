"""Pings: an address that is called tells, by being called, that something works. As with healthchecks.io.

A ping of a channel's check is a line check: answered, or unanswered where it failed. A ping of a feed is its sign of life, and
says that the feed is complete up to the moment at which the work that ends with it was begun, or up to now where nothing was
said of a beginning. A failed feed says nothing: that it is silent is told by its silence.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from producers.gateway.intake import Waiting
from producers.gateway.reading import Read, read
from producers.gateway.tokens import Check
from streams.events import ChannelCheck, FeedHeartbeat
from streams.events.channels import Check as LineCheck
from streams.events.decode import encode
from streams.events.housekeeping import Beat

SOURCE = "urn:steadyline:gateway:check:"
"""The source of what a ping says, before the check's name. No token can have it for its own."""
MOST_TEXT = 10_000
"""Bytes of a ping's body that are kept."""
LONGEST_BODY = 100_000
"""Bytes of a ping's body that are read."""
LONGEST_RUN = timedelta(days=1)
"""A beginning that lies further back belongs to another run."""
_MOST_RUNS = 10
Signal = Literal["success", "fail", "start", "log"]


class Said(NamedTuple):
    """What a ping comes to.

    Attributes:
        event: The event for the log; ``None`` where it makes none.
        text: What it said, to be kept beside.
        begun: When the run began that ends with it; ``None`` where nothing was said of it.
    """

    event: Waiting | None
    text: str
    begun: datetime | None = None


@dataclass
class Pings:
    """What the checks said so far that still bears on what they say next: their beginnings. A restart forgets them."""

    _begun: dict[str, dict[str, datetime]] = field(default_factory=dict)

    def say(self, check: Check, signal: Signal, body: bytes, run: str, now: datetime) -> Said:
        """What comes of one ping.

        Args:
            check: The check that was pinged.
            signal: What was said.
            body: What was sent with it.
            run: The id of the run it belongs to, where the caller has several at once; else empty.
            now: The time of day.
        """
        text = body[:MOST_TEXT].decode(errors="replace")
        begun = self._begun.setdefault(check.name, {})
        if signal == "start":
            begun.pop(run, None)
            begun[run] = now
            while len(begun) > _MOST_RUNS:
                del begun[next(iter(begun))]
            return Said(None, text)
        if signal == "log":
            return Said(None, text)
        start = known = begun.get(run)
        if start is not None and not timedelta() <= now - start <= LONGEST_RUN:
            start = None
        event = self._event(check, signal, text, start, now)
        if event is None:
            return Said(None, text, known)
        raw = encode(event)
        found = read(raw, now)
        # It was made a moment ago, of parts that were checked.
        assert isinstance(found, Read), found
        return Said(Waiting(0, found, raw), text, known)

    def kept(self, check: Check, run: str, said: Said) -> None:
        """What was said is durable: its run is over.

        Not before: who is told to ping again speaks of the same run, and a feed must not be complete beyond its beginning.
        """
        begun = self._begun.get(check.name, {})
        if said.begun is not None and begun.get(run) == said.begun:
            del begun[run]

    @staticmethod
    def _event(
        check: Check, signal: Signal, text: str, start: datetime | None, now: datetime
    ) -> ChannelCheck | FeedHeartbeat | None:
        # Two pings at one moment are two.
        name = f"ping-{check.name}-{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        source = SOURCE + check.name
        if check.channel is not None:
            said = LineCheck(
                channel=check.channel,
                outcome="answered" if signal == "success" else "unanswered",
                latency_ms=None if start is None else round((now - start).total_seconds() * 1_000, 3),
                text=text or None,
            )
            return ChannelCheck(specversion="1.0", id=name, source=source, time=now, data=said)
        if check.feed is not None and signal == "success":
            return FeedHeartbeat(specversion="1.0", id=name, source=source, time=start or now, data=Beat(feed=check.feed))
        return None


def signal_of(told: str) -> Signal | None:
    """What the end of the address says; ``None`` where it says nothing known.

    An exit status from 0 to 255 is a success or a failure.
    """
    match told:
        case "":
            return "success"
        case "fail" | "start" | "log":
            return told
    if told.isascii() and told.isdigit() and len(told) <= 3 and int(told) <= 255:
        return "success" if int(told) == 0 else "fail"
    return None
