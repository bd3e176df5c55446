"""Channels and feeds: checks, requests, declared status, meetings, heartbeats, and the duties they bear on."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache

from streams.agreements.model import Cadence, Calendar, Response, Standing
from streams.calendars import Slots
from streams.events import ChannelCheck, ChannelRequest, ChannelStatus, Event, FeedHeartbeat
from streams.evidence import ChannelRecord
from streams.feeds import FeedRecord
from streams.obligations.cadence import SlotDuty
from streams.obligations.duty import Duty
from streams.obligations.gap import GapDuty, GapSentry
from streams.obligations.heartbeat import HeartbeatDuty, heartbeat_rule
from streams.obligations.response import RequestDuty
from streams.obligations.standing import ChannelStandingDuty
from streams.remit import Remit
from streams.rulebook import Rule, RuleBook
from streams.signs import Sign, Signs
from streams.spans import SETTLE, Span, longest

ChannelDuty = SlotDuty | GapDuty | ChannelStandingDuty | RequestDuty


@lru_cache(maxsize=256)
def _slots(calendar: Calendar) -> Slots:
    """The due times of a calendar; one reckoning serves every channel that has it."""
    return Slots(calendar)


class ChannelDocket:
    """The records of all channels and feeds of the rule book, with their duties."""

    def __init__(self, book: RuleBook, mark: Callable[[Duty], None], schedule: Callable[[Duty], None], remit: Remit) -> None:
        self.book = book
        self._mark = mark
        self._schedule = schedule
        self.records = {name: ChannelRecord(name) for name in book.channels if remit.channel(name)}
        self.settles = _settles(book)
        """For every channel, the longest that any rule lets evidence about it amend its judgement."""
        self.feeds = {name: FeedRecord(feed) for name, feed in book.feeds.items()}
        self.heartbeats = {
            name: HeartbeatDuty(heartbeat_rule(record.feed, book.feed_homes[name]), record, told=remit.feed(name))
            for name, record in self.feeds.items()
        }
        self._duties: dict[str, list[SlotDuty | GapDuty | ChannelStandingDuty]] = {name: [] for name in self.records}
        self._requests: dict[str, list[RequestDuty]] = {name: [] for name in self.records}
        self._sentries: list[GapSentry] = []
        self.counted: dict[str, list[Duty]] = {}
        """Per channel the duties that count whether it was ever heard."""
        self._raise_duties()

    def _raise_duties(self) -> None:
        book = self.book
        for cadence in book.cadences:
            sentry = None
            if cadence.obligation.longest_gap is not None:
                sentry = GapSentry(cadence, self._schedule)
                self._sentries.append(sentry)
            for name in self._here(cadence.obligation.channels):
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
                # Two rules about one line are no two lines.
                line.siblings = tuple(other for other in lines if other.channel.id != line.channel.id)
        for standing in book.standings:
            for name in self._here(standing.obligation.channels):
                self._duties[name].append(ChannelStandingDuty(standing, book.channels[name], self.records[name]))
        for name, record in self.records.items():
            record.settle = self.settles[name]

    def _here(self, names: Iterable[str]) -> list[str]:
        """Those of the channels that fall to this watch."""
        return [name for name in names if name in self.records]

    def forgets(self, names: Iterable[str]) -> Span:
        """The shortest time after which a rule about one of these channels forgets what it found."""
        spans = [duty.rule.obligation.settle for name in self._here(names) for duty in self._duties[name]]
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
        return [*self._duties.get(name, ()), *self._requests.get(name, ())]

    def check(self, event: ChannelCheck) -> None:
        """Take in a line check."""
        record = self.records.get(event.data.channel)
        if record is not None:
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
        for other in (*self._requests[record.name], *self.counted.get(record.name, ())):
            self._mark(other)

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
            for counting in self.counted.get(record.name, ()):
                self._mark(counting)

    def find_sign(self, event_id: str) -> tuple[ChannelRecord, Signs, Sign] | None:
        """The sign that an event gave, with where it stands."""
        for record in self.records.values():
            for signs in (record.signs, record.silences):
                if (sign := signs.find(event_id)) is not None:
                    return record, signs, sign
        return None

    def declare(self, event: ChannelStatus, *, retract: bool = False) -> None:
        """Take in a declared status of one or more channels, or take it back."""
        records = [self.records[name] for name in self._here(event.data.channels)]
        for record in records:
            if record.undeclare(event) if retract else record.declare(event):
                self._mark_all(record, event.occurred.earliest)

    def request(self, event: ChannelRequest, *, retract: bool = False) -> None:
        """Take in a request for a call or what became of it, or take it back."""
        record = self.records.get(event.data.channel)
        if record is None:
            return
        for duty in self._asked(event, record):
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

    def _asked(self, event: ChannelRequest, record: ChannelRecord) -> Iterator[RequestDuty]:
        """The duty that a request raises under each rule."""
        name = record.name
        for rule in self.book.responses:
            if rule.obligation.trigger != "request" or name not in rule.obligation.channels:
                continue
            duty_name = f"{rule.name}/{name}/{event.data.request}"
            duty = next((known for known in self._requests[name] if known.name == duty_name), None)
            if duty is None:
                feed_name = rule.obligation.feed or self.book.channels[name].feed
                feed = None if feed_name is None else self.feeds[feed_name]
                duty = RequestDuty(rule, self.book.channels[name], record, event.data.request, feed)
                self._requests[name].append(duty)
                if feed is not None:
                    feed.dependants.append(duty)
            yield duty

    def recall(self, event: ChannelStatus | ChannelRequest) -> None:
        """Put an event back that was on record. The signs it gave are put back by themselves."""
        if isinstance(event, ChannelStatus):
            for name in self._here(event.data.channels):
                self.records[name].declare(event)
        elif (record := self.records.get(event.data.channel)) is not None:
            for duty in self._asked(event, record):
                duty.claims[event.id, event.source] = event

    def holds(self, event: ChannelRequest) -> bool:
        """Whether a request is still on record."""
        return any((event.id, event.source) in duty.claims for duty in self._requests.get(event.data.channel, ()))

    def duties(self) -> Iterator[Duty]:
        """Every duty about channels and feeds."""
        yield from self.heartbeats.values()
        yield from self._sentries
        for name in self.records:
            yield from self.duties_of(name)

    def beat(self, event: FeedHeartbeat) -> None:
        """Take in a feed's heartbeat."""
        feed = self.feeds[event.data.feed]
        moment = event.time
        first = not feed.heard
        late = not first and moment < feed.ends[-1]
        again = not first and (feed.silent(moment) or self.heartbeats[event.data.feed].alarmed)
        since = feed.feed.silent_after.before(moment)
        if again and not late:
            since = min(since, feed.ends[-1])
        if not feed.beat(moment):
            return
        if first or late or again:
            self._mark(self.heartbeats[event.data.feed])
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
        return bool(record.signs) and not self._requests[record.name] and all(duty.quiet for duty in self._duties[record.name])

    def retire(self, duty: RequestDuty) -> None:
        """Drop a settled request."""
        self._requests[duty.channel.id] = [known for known in self._requests[duty.channel.id] if known is not duty]
        if duty.feed is not None:
            duty.feed.dependants.remove(duty)
            duty.feed.listeners.discard(duty)

    def _mark_all(self, record: ChannelRecord, since: datetime) -> None:
        record.quiet = False
        for duty in self.duties_of(record.name):
            if isinstance(duty, SlotDuty):
                duty.reconsider(since)
            self._mark(duty)


def _settles(book: RuleBook) -> dict[str, Span]:
    spans: dict[str, list[Span]] = {name: [] for name in book.channels}
    rules: tuple[Rule[Cadence | Standing | Response], ...] = (*book.cadences, *book.standings, *book.responses)
    for rule in rules:
        for name in rule.obligation.channels:
            spans[name].append(rule.obligation.settle)
    return {name: longest(found) for name, found in spans.items()}
