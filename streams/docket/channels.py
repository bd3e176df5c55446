"""Channels and feeds: checks, requests, declared status, meetings, heartbeats, and the duties they bear on."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from streams.agreements.model import Calendar
from streams.calendars import Slots
from streams.events import ChannelCheck, ChannelRequest, ChannelStatus, Event, FeedHeartbeat
from streams.evidence import ChannelRecord, Sign, Signs
from streams.feeds import FeedRecord
from streams.obligations.cadence import SlotDuty
from streams.obligations.duty import Duty
from streams.obligations.gap import GapDuty, GapSentry
from streams.obligations.heartbeat import HeartbeatDuty, heartbeat_rule
from streams.obligations.response import RequestDuty
from streams.obligations.standing import ChannelStandingDuty
from streams.rulebook import RuleBook
from streams.spans import SETTLE, Span, longest

ChannelDuty = SlotDuty | GapDuty | ChannelStandingDuty | RequestDuty


@lru_cache(maxsize=256)
def _slots(calendar: Calendar) -> Slots:
    """The due times of a calendar; one reckoning serves every channel that has it."""
    return Slots(calendar)


class ChannelDocket:
    """The records of all channels and feeds of the rule book, with their duties."""

    def __init__(self, book: RuleBook, mark: Callable[[Duty], None], schedule: Callable[[Duty], None]) -> None:
        self._book = book
        self._mark = mark
        self._schedule = schedule
        self.records = {name: ChannelRecord(name) for name in book.channels}
        self.feeds = {name: FeedRecord(feed) for name, feed in book.feeds.items()}
        self._heartbeats = {
            name: HeartbeatDuty(heartbeat_rule(record.feed, book.feed_homes[name]), record)
            for name, record in self.feeds.items()
        }
        self._duties: dict[str, list[SlotDuty | GapDuty | ChannelStandingDuty]] = {name: [] for name in book.channels}
        self._requests: dict[str, list[RequestDuty]] = {name: [] for name in book.channels}
        self._raise_duties()

    def _raise_duties(self) -> None:
        book = self._book
        for cadence in book.cadences:
            sentry = GapSentry(cadence, self._schedule) if cadence.obligation.longest_gap is not None else None
            for name in cadence.obligation.channels:
                channel, record = book.channels[name], self.records[name]
                feed_name = cadence.obligation.feed or channel.feed
                feed = self.feeds[feed_name] if feed_name is not None else None
                duty: SlotDuty | GapDuty
                if sentry is not None:
                    duty = GapDuty(cadence, channel, record, feed, sentry)
                else:
                    assert cadence.obligation.calendar is not None
                    duty = SlotDuty(cadence, channel, record, _slots(cadence.obligation.calendar), feed)
                self._duties[name].append(duty)
                if feed is not None:
                    feed.dependants.append(duty)
        for lines in self._sibling_lines().values():
            for line in lines:
                line.siblings = tuple(other for other in lines if other is not line)
        for standing in book.standings:
            for name in standing.obligation.channels:
                self._duties[name].append(ChannelStandingDuty(standing, book.channels[name], self.records[name]))
        for name, record in self.records.items():
            record.settle = longest(
                [duty.rule.obligation.settle for duty in self._duties[record.name]]
                + [rule.obligation.settle for rule in book.responses if name in rule.obligation.channels]
            )

    def forgets(self, names: Iterable[str]) -> Span:
        """The shortest time after which a rule about one of these channels forgets what it found."""
        spans = [duty.rule.obligation.settle for name in names for duty in self._duties[name]]
        return min(spans, key=lambda span: span.months * 28 * 86_400 + span.seconds, default=SETTLE)

    def _sibling_lines(self) -> dict[str, list[SlotDuty]]:
        lines: dict[str, list[SlotDuty]] = {}
        for duties in self._duties.values():
            for duty in duties:
                if isinstance(duty, SlotDuty) and duty.channel.group is not None:
                    lines.setdefault(duty.channel.group, []).append(duty)
        return lines

    def duties_of(self, name: str) -> list[ChannelDuty]:
        """Every duty about the channel whose lapse means that the channel is down."""
        return [*self._duties[name], *self._requests[name]]

    def check(self, event: ChannelCheck) -> None:
        """Take in a line check."""
        record = self.records[event.data.channel]
        self.put_sign(record, record.signs if event.data.outcome == "answered" else record.silences, Sign.of(event))

    def sign(self, name: str, event: Event) -> None:
        """Take in any other sign of life of a channel: a call held, a meeting, a contact."""
        record = self.records[name]
        record.calls.add(Sign.of(event))
        self.put_sign(record, record.signs, Sign.of(event))

    def put_sign(self, record: ChannelRecord, signs: Signs, sign: Sign) -> None:
        """Put a sign of life or a reported silence into the record."""
        place = signs.add(sign)
        if place is None:
            return
        answered = signs is record.signs
        for duty in self._duties[record.name]:
            if isinstance(duty, GapDuty):
                if answered and duty.placed(place):
                    self._mark(duty)
            else:
                if isinstance(duty, SlotDuty):
                    duty.reported(sign)
                self._mark(duty)
        for request in self._requests[record.name]:
            self._mark(request)

    def drop_sign(self, record: ChannelRecord, signs: Signs, sign: Sign) -> None:
        """Take a sign out of the record again; one that has settled stays, for what came before it is forgotten."""
        if record.floor is not None and sign.latest < record.floor:
            return
        record.calls.remove(sign)
        if signs.remove(sign):
            for duty in self._duties[record.name]:
                if isinstance(duty, SlotDuty):
                    duty.disarm()
                elif isinstance(duty, GapDuty):
                    duty.measure_again()
            self._mark_all(record, sign.earliest)

    def find_sign(self, event_id: str) -> tuple[ChannelRecord, Signs, Sign] | None:
        """The sign that an event gave, with where it stands."""
        for record in self.records.values():
            for signs in (record.signs, record.silences):
                for sign in signs.items:
                    if sign.event == event_id:
                        return record, signs, sign
        return None

    def declare(self, event: ChannelStatus, *, retract: bool = False) -> None:
        """Take in a declared status of one or more channels, or take it back."""
        records = [self.records[name] for name in event.data.channels]
        for record in records:
            if record.undeclare(event) if retract else record.declare(event):
                self._mark_all(record, event.occurred.earliest)

    def request(self, event: ChannelRequest, *, retract: bool = False) -> None:
        """Take in a request for a call or what became of it, or take it back."""
        name = event.data.channel
        record = self.records[name]
        for rule in self._book.responses:
            if rule.obligation.trigger != "request" or name not in rule.obligation.channels:
                continue
            duty_name = f"{rule.name}/{name}/{event.data.request}"
            duty = next((known for known in self._requests[name] if known.name == duty_name), None)
            if duty is None:
                duty = RequestDuty(rule, self._book.channels[name], record, event.data.request)
                self._requests[name].append(duty)
            if retract:
                duty.claims.pop((event.id, event.source), None)
            else:
                duty.claims[event.id, event.source] = event
            self._mark(duty)
        if event.data.outcome == "answered":
            sign = Sign.of(event)
            if retract:
                self.drop_sign(record, record.signs, sign)
            else:
                record.calls.add(sign)
                self.put_sign(record, record.signs, sign)

    def beat(self, event: FeedHeartbeat) -> None:
        """Take in a feed's heartbeat."""
        feed = self.feeds[event.data.feed]
        moment = event.time
        first = not feed.heard
        late = not first and moment < feed.ends[-1]
        again = not first and (feed.silent(moment) or self._heartbeats[event.data.feed].alarmed)
        since = feed.feed.silent_after.before(moment)
        if again and not late:
            since = min(since, feed.ends[-1])
        if not feed.beat(moment):
            return
        if first or late or again:
            self._mark(self._heartbeats[event.data.feed])
            for duty in feed.dependants:
                if isinstance(duty, SlotDuty):
                    duty.reconsider(since)
                self._mark(duty)
        if feed.listeners:
            for duty in feed.listeners:
                self._mark(duty)
            feed.listeners = set()

    def calm(self, record: ChannelRecord) -> bool:
        """Whether one more sign of life, later than all before, can change nothing: no lapse is open, no call is waited for."""
        return (
            bool(record.signs.items)
            and not self._requests[record.name]
            and all(duty.quiet for duty in self._duties[record.name])
        )

    def retire(self, duty: RequestDuty) -> None:
        """Drop a settled request."""
        self._requests[duty.channel.id] = [known for known in self._requests[duty.channel.id] if known is not duty]

    def _mark_all(self, record: ChannelRecord, since: datetime) -> None:
        record.quiet = False
        for duty in self.duties_of(record.name):
            if isinstance(duty, SlotDuty):
                duty.reconsider(since)
            self._mark(duty)
