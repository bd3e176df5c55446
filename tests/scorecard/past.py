"""Small hand-made pasts in the small world of the core's tests, and their scorecards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from streams.events import AnyEvent
from streams.events.times import spoken
from streams.lapses import Lapse
from streams.scorecard import ChannelScore, Scorecard, scorecard
from streams.watch import Watch
from tests.core.world import WORLD, at, event

HOUR = 3_600.0
DAY = 24 * HOUR


def watched(events: Sequence[AnyEvent], until: float, rules: Any = WORLD) -> tuple[Watch, list[Lapse]]:
    """A watch that was told each event when it occurred, up to so many hours after the start, and all it said."""
    watch = Watch(rules)
    said: list[Lapse] = []
    for one in sorted(events, key=lambda event: event.known):
        said += watch.advance(one.known)
        said += watch.receive(one)
    said += watch.advance(at(until))
    return watch, said


def card(events: Sequence[AnyEvent], until: float, since: float = 0, rules: Any = WORLD) -> Scorecard:
    """The scorecard of such a past."""
    watch, said = watched(events, until, rules)
    return scorecard(watch, said, at(since), at(until))


def channel(scores: Scorecard, name: str) -> ChannelScore:
    """The score of one channel."""
    return next(score for score in scores.channels if score.channel == name)


def beats(*stretches: tuple[float, float]) -> list[AnyEvent]:
    """Heartbeats of the desk's feed, every two hours from the first to the last hour of each stretch."""
    hours = [hour for first, last in stretches for hour in range(int(first), int(last) + 1, 2)]
    return [event("feed.heartbeat", f"beat-{hour}", hour, {"feed": "desk"}) for hour in hours]


def status(name: str, hours: float, status: str, *channels: str, **attributes: Any) -> AnyEvent:
    """A declared status."""
    return event("channel.status", name, hours, {"channels": channels, "party": "BB", "status": status}, **attributes)


def request(name: str, hours: float, outcome: str, key: str = "q1") -> AnyEvent:
    """A request for a call on the phone, or what became of it."""
    data = {"channel": "phone", "request": key, "party": "AA", "outcome": outcome}
    return event("channel.request", name, hours, data)


def contact(name: str, hours: float, line: str, **attributes: Any) -> AnyEvent:
    """A contact over a channel."""
    return event("contact", name, hours, {"parties": ["AA", "BB"], "channel": line}, **attributes)


def told(moment: datetime | None) -> str | None:
    """A moment as people read it."""
    return None if moment is None else spoken(moment)
