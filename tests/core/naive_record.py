"""What a judge without a memory looks at: all that is on record by a moment, gone through anew for every question."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from streams.agreements.model import Agreement, Channel, Obligation, midnight
from streams.events import (
    AnyEvent,
    ChannelCheck,
    ChannelRequest,
    ChannelStatus,
    Contact,
    DialogueMeeting,
    Event,
    FeedHeartbeat,
    Retraction,
)


class Verdict(NamedTuple):
    """A lapse as it stands."""

    rule: str
    subject: str
    onset: datetime
    state: str
    severity: str
    resolved: datetime | None


class Report(NamedTuple):
    """When something can have happened, and who says so."""

    start: datetime
    end: datetime
    name: str
    source: str


def report(event: Event) -> Report:
    """When the event can have happened."""
    start, end = event.occurred
    return Report(start, end, event.id, event.source)


def overlaps(one: Report, start: datetime, end: datetime) -> bool:
    """Whether it can have come between two moments, both inclusive; a day that only touches one of them has not."""
    return start <= one.start <= end if one.start == one.end else one.start < end and start < one.end


class Record:
    """All that counts as of a moment."""

    def __init__(self, agreement: Agreement, events: Iterable[AnyEvent], now: datetime) -> None:
        self.agreement = agreement
        self.now = now
        self.channels = {channel.id: channel for channel in agreement.channels}
        begun = [event for event in events if event.occurred.earliest <= now]
        self._against = [(one.data.retracts, one.id) for one in begun if isinstance(one, Retraction)]
        self.events = [one for one in begun if isinstance(one, FeedHeartbeat) or not self._retracted(one.id, ())]

    def _retracted(self, name: str, seen: tuple[str, ...]) -> bool:
        against = [by for target, by in self._against if target == name and by != name and by not in seen]
        return any(not self._retracted(by, (*seen, name)) for by in against)

    # What is on record.

    def calls(self, name: str) -> list[Report]:
        """When somebody spoke over the channel: calls answered, meetings held, contacts."""
        found = []
        for one in self.events:
            call = isinstance(one, ChannelRequest) and one.data.outcome == "answered"
            meeting = isinstance(one, DialogueMeeting) and one.data.outcome == "held"
            contact = isinstance(one, Contact) and not one.data.public and not one.data.alternate
            if (call or meeting or contact) and one.data.channel == name:  # type: ignore[union-attr]
                found.append(report(one))
        return sorted(found)

    def checks(self, name: str, *, answered: bool) -> list[Report]:
        """Checks that were answered, or that were not."""
        checks = [one for one in self.events if isinstance(one, ChannelCheck) and one.data.channel == name]
        return sorted(report(one) for one in checks if (one.data.outcome == "answered") == answered)

    def signs(self, name: str) -> list[Report]:
        """All signs of life of the channel."""
        return sorted([*self.calls(name), *self.checks(name, answered=True)])

    def contacts(self, pair: set[str]) -> list[Report]:
        """When two parties spoke, whichever way."""
        found = []
        for one in self.events:
            if (isinstance(one, Contact) and not one.data.public) or (
                isinstance(one, DialogueMeeting) and one.data.outcome == "held"
            ):
                parties = set(one.data.parties)
            elif isinstance(one, ChannelRequest) and one.data.outcome == "answered":
                parties = set(self.channels[one.data.channel].parties)
            else:
                continue
            if pair <= parties:
                found.append(report(one))
        return sorted(found)

    def cut(self, name: str) -> Iterator[tuple[ChannelStatus, datetime, datetime | None]]:
        """The stretches for which the channel was suspended: from the word to the first contact that surely followed it."""
        said = [one for one in self.events if isinstance(one, ChannelStatus) and name in one.data.channels]
        until: datetime | None = None
        begun = False
        for one in sorted(said, key=lambda one: (one.occurred.earliest, one.id, one.source)):
            start, end = one.occurred
            if one.data.status not in ("suspended", "cancelled") or (begun and (until is None or start < until)):
                continue
            after = [sign.start for sign in self.signs(name) if sign.start > end or (sign.start == end > start)]
            begun, until = True, min(after, default=None)
            yield one, start, until

    def suspended(self, name: str, moment: datetime) -> bool:
        """Whether the channel was suspended at a moment."""
        return any(start <= moment and (end is None or moment < end) for _, start, end in self.cut(name))

    def there(self, rule: Obligation, channel: Channel, moment: datetime) -> bool:
        """Whether rule and channel are in force at a moment."""
        return self.agreement.in_force(rule, moment) and channel.epoch.holds(moment)

    def throughout(self, what: Obligation | Channel, start: datetime, end: datetime) -> bool:
        """Whether a rule is in force, or a channel not given up yet, at every instant at which something can have happened."""
        last = end if start == end else end - timedelta(microseconds=1)
        if isinstance(what, Channel):
            # A suspension that was declared before it was set up holds when it is.
            return what.epoch.until is None or last < midnight(what.epoch.until)
        return self.agreement.in_force(what, start) and self.agreement.in_force(what, last)

    # What feeds vouch for.

    def beats(self, feed: str) -> list[datetime]:
        """The signs of life of a feed."""
        return sorted({one.time for one in self.events if isinstance(one, FeedHeartbeat) and one.data.feed == feed})

    def silence(self, feed: str) -> datetime | None:
        """From when on the feed is silent; ``None`` where it never was heard."""
        (record,) = [one for one in self.agreement.feeds if one.id == feed]
        beats = self.beats(feed)
        return record.silent_after.after(beats[-1]) if beats else None

    def vouches(self, feed: str | None, start: datetime, end: datetime) -> bool | None:
        """Whether the feed was alive throughout; ``None`` while that cannot be said yet."""
        if feed is None:
            return True
        (record,) = [one for one in self.agreement.feeds if one.id == feed]
        beats = self.beats(feed)
        reached = max((beat for beat in beats if beat <= start), default=None)
        while reached is not None and reached < end:
            limit = record.silent_after.after(reached)
            following = min((beat for beat in beats if beat > reached), default=None)
            if following is None and self.now <= limit:
                return None
            reached = following if following is not None and following <= limit else None
        return reached is not None
