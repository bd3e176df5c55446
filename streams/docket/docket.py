"""All duties of a rule book, and the way of each event to the evidence it is."""

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime

from streams.agreements.model import Cadence, Response, Standing
from streams.docket.channels import ChannelDocket
from streams.docket.incidents import IncidentDocket
from streams.docket.launches import LaunchDocket
from streams.events import (
    AnyEvent,
    BenchmarkReport,
    ChannelCheck,
    ChannelRequest,
    ChannelStatus,
    Contact,
    DialogueMeeting,
    FeedHeartbeat,
    IncidentReport,
    LaunchNotice,
    LaunchObservation,
    RegimeStatement,
    Retraction,
    dyad,
)
from streams.events.decode import Refused
from streams.events.times import spoken
from streams.lapses import Lapse
from streams.obligations.benchmark import LIVE_CHANNELS, BenchmarkDuty
from streams.obligations.cadence import SlotDuty
from streams.obligations.duty import Duty
from streams.obligations.gap import GapDuty
from streams.obligations.heartbeat import HEARTBEAT
from streams.obligations.prior import LaneDuty
from streams.obligations.response import IncidentDuty, RequestDuty
from streams.obligations.standing import ChannelStandingDuty
from streams.remit import EVERYTHING, Remit
from streams.rulebook import RuleBook, dyads_of
from streams.signs import Sign
from streams.spans import Span, longest


class Docket:
    """Evidence and duties under one rule book."""

    def __init__(
        self,
        book: RuleBook,
        mark: Callable[[Duty], None],
        schedule: Callable[[Duty], None],
        remit: Remit = EVERYTHING,
    ) -> None:
        self._mark = mark
        self.channels = ChannelDocket(book, mark, schedule, remit)
        self.incidents = IncidentDocket(book, self.channels, mark, remit)
        self.launches = LaunchDocket(book, self.channels, mark, schedule, remit)
        self.book = book
        self._agreements = {agreement.id for agreement in book.agreements}
        self.benchmarks = []
        for rule in book.benchmarks:
            if not remit.agreement(rule.agreement.id):
                continue
            names = book.channels_between(rule.agreement.parties)
            duty = BenchmarkDuty(rule, self._counter(names), self.channels.forgets(names))
            self.benchmarks.append(duty)
            if rule.obligation.measure == LIVE_CHANNELS:
                # Where all is well nothing moves, and too few may be well.
                for name in names:
                    self.channels.counted.setdefault(name, []).append(duty)

    def vet(self, event: AnyEvent) -> None:
        """Hold the names in an event against the rule book.

        Raises:
            Refused: when it names a channel, feed or agreement that no rule knows: a typing error must not pass as silence.
        """
        if type(event) is ChannelCheck and event.data.channel in self.book.channels:
            # Nearly all are.
            return
        match event:
            case ChannelCheck() | ChannelRequest() | DialogueMeeting():
                self._known("channel", event.data.channel, self.book.channels)
            case ChannelStatus():
                for name in event.data.channels:
                    self._known("channels", name, self.book.channels)
            case Contact():
                if event.data.channel is not None:
                    self._known("channel", event.data.channel, self.book.channels)
            case FeedHeartbeat():
                self._known("feed", event.data.feed, self.book.feeds)
            case RegimeStatement():
                for name in event.data.agreements:
                    self._known("agreements", name, self._agreements)
            case BenchmarkReport():
                self._known("agreement", event.data.agreement, self._agreements)
            case _:
                pass

    def put(self, event: AnyEvent, now: datetime, *, retract: bool = False) -> None:
        """Put an event that was vetted into the evidence, or take it out again."""
        match event:
            case ChannelCheck():
                self.channels.check(event)
            case FeedHeartbeat():
                self.channels.beat(event)
            case LaunchObservation():
                self.launches.observed(event, now, retract=retract)
            case LaunchNotice():
                self.launches.announced(event, now, retract=retract)
            case IncidentReport():
                self.incidents.report(event, retract=retract)
            case Contact():
                self._contact(event, now, retract=retract)
            case ChannelRequest():
                self._request(event, now, retract=retract)
            case ChannelStatus():
                self.channels.declare(event, retract=retract)
            case DialogueMeeting():
                self._meeting(event, now, retract=retract)
            case RegimeStatement():
                self.launches.stated(event, retract=retract)
            case BenchmarkReport():
                self._benchmark(event, retract=retract)
            case _:
                pass

    def recall(self, event: AnyEvent) -> None:
        """Put an event back that was on record when the watch was kept; nothing is judged."""
        match event:
            case ChannelStatus() | ChannelRequest():
                self.channels.recall(event)
            case LaunchObservation() | LaunchNotice() | RegimeStatement():
                self.launches.recall(event)
            case IncidentReport():
                self.incidents.recall(event)
            case BenchmarkReport():
                for duty in self.benchmarks:
                    if duty.takes(event):
                        duty.reports[event.id, event.source] = event
            case _:
                # Of all others only the signs of life count, and those are put back by themselves.
                pass

    def holds(self, event: AnyEvent) -> bool:
        """Whether what is open, or still counted, rests on the event."""
        match event:
            case ChannelRequest():
                return self.channels.holds(event)
            case LaunchObservation() | LaunchNotice():
                return self.launches.holds(event)
            case IncidentReport():
                return self.incidents.holds(event)
            case _:
                return False

    def judges(self, lapse: Lapse) -> bool:
        """Whether what a lapse is of is judged still, here or in another watch: by its rule, or as a feed's silence."""
        subject = lapse.subject.partition("/")[0]
        for rule in self.book.rules():
            if (rule.agreement.id, rule.obligation.id) != (lapse.agreement, lapse.rule):
                continue
            match rule.obligation:
                case Cadence() | Response(trigger="request") | Standing(regime=False) as obligation:
                    return subject in obligation.channels
                case _:
                    return True
        home = self.book.feed_homes.get(subject)
        return lapse.rule == HEARTBEAT and home is not None and home.id == lapse.agreement

    def duties(self) -> Iterator[Duty]:
        """Every duty there is now."""
        yield from self.channels.duties()
        yield from self.incidents.duties()
        yield from self.launches.duties()
        yield from self.benchmarks

    def followed_by(self, duty: Duty) -> None:
        """Mark what looks at the findings of ``duty``, which changed."""
        if isinstance(duty, SlotDuty):
            for sibling in duty.siblings:
                self._mark(sibling)
        if isinstance(duty, SlotDuty | GapDuty | ChannelStandingDuty | RequestDuty):
            self.incidents.channel_moved(duty.channel.id)
            for benchmark in self.benchmarks:
                if benchmark.rule.obligation.measure == LIVE_CHANNELS:
                    self._mark(benchmark)
        elif isinstance(duty, LaneDuty):
            self.launches.lane_moved(duty)

    def retire(self, duty: Duty, now: datetime) -> None:
        """Drop a duty that is settled for good."""
        if isinstance(duty, RequestDuty):
            self.channels.retire(duty)
        elif isinstance(duty, IncidentDuty):
            self.incidents.retire(duty, now)

    def drop(self, duty: RequestDuty | IncidentDuty) -> None:
        """Drop a duty that turns out to have been settled before."""
        if isinstance(duty, RequestDuty):
            self.channels.retire(duty)
        else:
            self.incidents.drop(duty)

    def settle(self, event: AnyEvent) -> Span | None:
        """How long after it occurred the event can still amend anything; ``None`` where that is not limited."""
        match event:
            case ChannelCheck() | ChannelRequest() | DialogueMeeting():
                return self.channels.settles[event.data.channel]
            case LaunchObservation() | LaunchNotice():
                return self.launches.settle.get(event.data.party)
            case IncidentReport():
                return self.incidents.settle
            case Contact():
                name = event.data.channel
                return longest([self.incidents.settle, *([] if name is None else [self.channels.settles[name]])])
            case _:
                return None

    def in_time(self, event: AnyEvent, now: datetime) -> None:
        """Hold an event that was vetted against the time.

        Raises:
            Refused: when it is so old at ``now`` that nothing it bears on can change any more.
        """
        if type(event) is Retraction or type(event) is FeedHeartbeat:
            return
        settle = self.settle(event)
        if settle is not None and event.occurred.latest < settle.before(now):
            raise Refused(
                f"occurred {spoken(event.occurred.latest)}, more than {settle} before {spoken(now)}:"
                " too late to amend anything; replay the log with it"
            )

    def _known(self, field: str, name: str, names: Container[str]) -> None:
        if name not in names:
            known = "agreement is called" if field.startswith("agreement") else f"agreement knows the {field.removesuffix('s')}"
            raise Refused(f"no {known} {name!r} - at `$.data.{field}`")

    def _contact(self, event: Contact, now: datetime, *, retract: bool) -> None:
        if event.data.public:
            return
        if event.data.channel is not None and not event.data.alternate:
            self._channel_sign(event.data.channel, event, retract=retract)
        self.incidents.contact(dyad(*event.data.parties), event, now, retract=retract)

    def _request(self, event: ChannelRequest, now: datetime, *, retract: bool) -> None:
        self.channels.request(event, retract=retract)
        if event.data.outcome == "answered":
            for pair in sorted(dyads_of(self.book.channels[event.data.channel].parties)):
                self.incidents.contact(pair, event, now, retract=retract)

    def _meeting(self, event: DialogueMeeting, now: datetime, *, retract: bool) -> None:
        if event.data.outcome != "held":
            return
        self._channel_sign(event.data.channel, event, retract=retract)
        for pair in sorted(dyads_of(event.data.parties)):
            self.incidents.contact(pair, event, now, retract=retract)

    def _channel_sign(self, name: str, event: Contact | DialogueMeeting, *, retract: bool) -> None:
        record = self.channels.records.get(name)
        if record is None:
            return
        if retract:
            self.channels.drop_sign(record, record.signs, Sign.of(event))
        else:
            self.channels.sign(name, event)

    def _benchmark(self, event: BenchmarkReport, *, retract: bool) -> None:
        for duty in self.benchmarks:
            if duty.takes(event):
                if retract:
                    duty.reports.pop((event.id, event.source), None)
                else:
                    duty.reports[event.id, event.source] = event
                self._mark(duty)

    def _counter(self, names: Sequence[str]) -> Callable[[datetime], int | None]:
        def live(moment: datetime) -> int | None:
            # A channel whose dates are over, or have not begun, is neither alive nor dead.
            there = [name for name in names if self.book.channels[name].epoch.holds(moment)]
            heard = [name for name in there if self.channels.records[name].signs.last_until(moment) is not None]
            if not heard:
                return None
            return sum(
                not any(
                    finding.state != "unknown"
                    and finding.onset <= moment
                    and (finding.resolved is None or finding.resolved > moment)
                    for duty in self.channels.duties_of(name)
                    for finding in duty.findings
                )
                for name in heard
            )

        return live
