"""Launches, notices and what parties state about regimes, and the duties they bear on."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime

from streams.agreements.model import Balance
from streams.docket.channels import ChannelDocket
from streams.events import LaunchNotice, LaunchObservation, RegimeStatement
from streams.launchbook import LaunchBook, Name
from streams.obligations.balance import PaceDuty, QuotaDuty
from streams.obligations.conformance import ConformanceDuty
from streams.obligations.duty import Duty
from streams.obligations.prior import LaneDuty
from streams.obligations.standing import RegimeRecord, RegimeStandingDuty
from streams.remit import Remit
from streams.rulebook import RuleBook
from streams.spans import Span, longest

_SWEEP_FROM = 512


def _counted_for(rule: Balance) -> Span:
    """How long a launch or notice counts: a period, and until that has settled."""
    months = 12 if rule.period == "calendar-year" else 1
    return Span(months=rule.settle.months + months, seconds=rule.settle.seconds)


class LaunchDocket:
    """The launch book of every party, and the lanes in which notice is owed."""

    def __init__(
        self,
        book: RuleBook,
        channels: ChannelDocket,
        mark: Callable[[Duty], None],
        schedule: Callable[[Duty], None],
        remit: Remit,
    ) -> None:
        self._mark = mark
        self._schedule = schedule
        self.books: dict[str, LaunchBook] = {}
        self.regimes: dict[str, RegimeRecord] = {}
        self.released: list[Name] = []
        """Events, by source and id, that the books forgot."""
        self.lanes: dict[str, list[LaneDuty]] = defaultdict(list)
        self._regime_duties: dict[str, list[RegimeStandingDuty]] = defaultdict(list)
        self._followers: dict[LaneDuty, list[Duty]] = defaultdict(list)
        self.sweep_at: defaultdict[str, int] = defaultdict(lambda: _SWEEP_FROM)
        """From how many launches and notices of a party on those that nobody asks for any more are forgotten."""
        by_rule: dict[str, dict[tuple[str, str], LaneDuty]] = defaultdict(dict)
        for prior in book.priors:
            feed = channels.feeds[prior.obligation.feed] if prior.obligation.feed is not None else None
            for launcher in filter(remit.party, prior.obligation.launchers or prior.agreement.parties):
                for recipient in prior.obligation.recipients or prior.agreement.parties:
                    if recipient == launcher:
                        continue
                    lane = LaneDuty(prior, recipient, self._book(launcher), self._regime(launcher), feed)
                    self.lanes[launcher].append(lane)
                    by_rule[prior.name][launcher, recipient] = lane
                    if feed is not None:
                        feed.dependants.append(lane)
        for conformance in book.conformances:
            for lane in by_rule[f"{conformance.agreement.id}/{conformance.obligation.notices}"].values():
                self._followers[lane].append(ConformanceDuty(conformance, lane))
        for balance in book.balances:
            lanes = by_rule[f"{balance.agreement.id}/{balance.obligation.notices}"]
            for (launcher, recipient), lane in sorted(lanes.items()):
                if balance.obligation.measure == "withheld":
                    quota = QuotaDuty(balance, lane)
                    self._followers[lane].append(quota)
                    if lane.feed is not None:
                        lane.feed.dependants.append(quota)
                elif launcher < recipient and (back := lanes.get((recipient, launcher))) is not None:
                    pace = PaceDuty(balance, lane, back)
                    self._followers[lane].append(pace)
                    self._followers[back].append(pace)
            for lane in lanes.values():
                lane.keeps = longest([lane.keeps, _counted_for(balance.obligation)])
        for standing in book.standings:
            if standing.obligation.regime:
                for party in filter(remit.party, standing.agreement.parties):
                    self._regime_duties[party].append(RegimeStandingDuty(standing, party, self._regime(party)))
        self.settle = {
            party: longest(lane.rule.obligation.settle for lane in lanes) for party, lanes in sorted(self.lanes.items())
        }
        self._keeps = {party: longest(lane.keeps for lane in lanes) for party, lanes in self.lanes.items()}

    def observed(self, event: LaunchObservation, now: datetime, *, retract: bool = False) -> None:
        """Take in a claim of a launch, or take it back."""
        party = event.data.party
        book = self.books.get(party)
        if book is None:
            return
        for before, after in book.unobserved(event) if retract else book.observed(event):
            for lane in self.lanes[party]:
                if lane.launch_changed(before, after, now):
                    self._mark(lane)
        self._sweep(party, book, now)

    def announced(self, event: LaunchNotice, now: datetime, *, retract: bool = False) -> None:
        """Take in a notice, or take it back."""
        party = event.data.party
        book = self.books.get(party)
        if book is None:
            return
        for before, after in book.unannounced(event) if retract else book.announced(event):
            for lane in self.lanes[party]:
                if lane.series_changed(before, after, now):
                    self._mark(lane)
                elif lane.unkept:
                    # There is nothing to judge, and something to remember.
                    self._schedule(lane)

    def stated(self, event: RegimeStatement, *, retract: bool = False) -> None:
        """Take in a party's statement about its duties, or take it back."""
        record = self._regime(event.data.party)
        if not (record.retract(event) if retract else record.state(event)):
            return
        for duty in self._regime_duties[event.data.party]:
            self._mark(duty)
        for lane in self.lanes.get(event.data.party, ()):
            if lane.rule.agreement.id in event.data.agreements:
                lane.reconsider()
                self._mark(lane)

    def recall(self, event: LaunchObservation | LaunchNotice | RegimeStatement) -> None:
        """Put an event back that was on record; the lanes recall by themselves what came of it."""
        party = event.data.party
        if isinstance(event, RegimeStatement):
            self._regime(party).state(event)
        elif (book := self.books.get(party)) is not None:
            if isinstance(event, LaunchObservation):
                book.observed(event)
            else:
                book.announced(event)

    def holds(self, event: LaunchObservation | LaunchNotice) -> bool:
        """Whether a claim or a notice is still on record."""
        book = self.books.get(event.data.party)
        return book is not None and book.holds(event)

    def duties(self) -> Iterator[Duty]:
        """Every duty about launches, notices and regimes."""
        followers: dict[str, Duty] = {}
        for lanes in self.lanes.values():
            for lane in lanes:
                yield lane
                followers |= {duty.name: duty for duty in self._followers.get(lane, ())}
        yield from followers.values()
        for duties in self._regime_duties.values():
            yield from duties

    def lane_moved(self, lane: LaneDuty) -> None:
        """A lane's matching changed: what follows from it is judged again."""
        for duty in self._followers.get(lane, ()):
            self._mark(duty)

    def _book(self, party: str) -> LaunchBook:
        return self.books.setdefault(party, LaunchBook(party))

    def _regime(self, party: str) -> RegimeRecord:
        return self.regimes.setdefault(party, RegimeRecord(party))

    def _sweep(self, party: str, book: LaunchBook, now: datetime) -> None:
        """Forget launches and notices that no lane can ask for any more."""
        if len(book.launches) + len(book.series) <= self.sweep_at[party]:
            return
        self.released += book.forget_before(self._keeps[party].before(now))
        self.sweep_at[party] = max(_SWEEP_FROM, 2 * (len(book.launches) + len(book.series)))
