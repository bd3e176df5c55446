"""Incidents and contacts of each dyad, and the duty to talk after an incident."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime

from streams.docket.channels import ChannelDocket
from streams.events import Event, IncidentReport, dyad
from streams.lapses import Finding
from streams.obligations.duty import Duty
from streams.obligations.response import IncidentDuty
from streams.remit import Remit
from streams.rulebook import RuleBook, pairs_asked
from streams.signs import Sign, Signs
from streams.spans import longest

_SWEEP_FROM = 64


class IncidentDocket:
    """The contacts of all dyads, and their incidents."""

    def __init__(self, book: RuleBook, channels: ChannelDocket, mark: Callable[[Duty], None], remit: Remit) -> None:
        self._channels = channels
        self._mark = mark
        self.sweep_at: defaultdict[str, int] = defaultdict(lambda: _SWEEP_FROM)
        """From how many contacts of a dyad on those that nobody asks for any more are forgotten."""
        self.contacts: defaultdict[str, Signs] = defaultdict(Signs)
        """The contacts of each dyad."""
        self._incidents: defaultdict[str, dict[str, dict[str, IncidentDuty]]] = defaultdict(dict)
        rules = [rule for rule in book.responses if rule.obligation.trigger == "incident"]
        self._rules = [(rule, frozenset(filter(remit.dyad, pairs_asked(rule)))) for rule in rules]
        self.pairs = frozenset(pair for _, pairs in self._rules for pair in pairs)
        self._military = {pair: book.military_channels(pair) for pair in self.pairs}
        self._forgets = {pair: channels.forgets(names) for pair, names in self._military.items()}
        self._dyads_of_channel: defaultdict[str, list[str]] = defaultdict(list)
        for pair, names in sorted(self._military.items()):
            for name in names:
                self._dyads_of_channel[name].append(pair)
        self.settle = longest(rule.obligation.settle for rule in rules)

    def report(self, event: IncidentReport, *, retract: bool = False) -> None:
        """Take in a report of an incident, or take it back."""
        for duty, others in self._asked(event):
            if retract:
                duty.claims.pop((event.id, event.source), None)
            else:
                duty.claims[event.id, event.source] = event
            self._mark(duty)
            if duty.rule.obligation.raised is not None:
                # How many incidents came close together is part of the compound rule.
                for other in others.values():
                    if other.found:
                        self._mark(other)

    def _asked(self, event: IncidentReport) -> Iterator[tuple[IncidentDuty, dict[str, IncidentDuty]]]:
        """The duty that an incident raises under each rule, with all of its dyad under that rule."""
        pair = dyad(*event.data.parties)
        for rule, pairs in self._rules:
            if pair not in pairs:
                continue
            incidents = self._incidents[pair].setdefault(rule.name, {})
            duty = incidents.get(event.data.incident)
            if duty is None:
                duty = incidents[event.data.incident] = IncidentDuty(
                    rule, pair, event.data.incident, self.contacts[pair], self._lines(pair), incidents, self._forgets[pair]
                )
            yield duty, incidents

    def recall(self, event: IncidentReport) -> None:
        """Put a report back that was on record."""
        for duty, _ in self._asked(event):
            duty.claims[event.id, event.source] = event

    def holds(self, event: IncidentReport) -> bool:
        """Whether a report is still on record."""
        known = self._incidents.get(dyad(*event.data.parties), {}).values()
        name, incident = (event.id, event.source), event.data.incident
        return any(incident in incidents and name in incidents[incident].claims for incidents in known)

    def duties(self) -> Iterator[IncidentDuty]:
        """Every incident that is on record, under each rule."""
        for pair in self._incidents:
            yield from self.between(pair)

    def contact(self, pair: str, event: Event, now: datetime, *, retract: bool = False) -> None:
        """Take in a contact of two parties, or take it back."""
        if pair not in self.pairs:
            return
        contacts, sign = self.contacts[pair], Sign.of(event)
        if not (contacts.remove(sign) if retract else contacts.add(sign) is not None):
            return
        if len(contacts) > self.sweep_at[pair]:
            self._forget(pair, now)
            self.sweep_at[pair] = max(_SWEEP_FROM, 2 * len(contacts))
        for duty in self.between(pair):
            if duty.listens_to(sign, retract=retract):
                self._mark(duty)

    def channel_moved(self, name: str) -> None:
        """A channel's lapses changed: where it is military, the compound rule is asked again."""
        for pair in self._dyads_of_channel.get(name, ()):
            for duty in self.between(pair):
                if duty.rule.obligation.raised is not None and duty.found:
                    self._mark(duty)

    def retire(self, duty: IncidentDuty, now: datetime) -> None:
        """Drop a settled incident, and the contacts before it that nobody asks for any more."""
        self.drop(duty)
        self._forget(duty.pair, now)

    def drop(self, duty: IncidentDuty) -> None:
        """Drop an incident."""
        self._incidents[duty.pair][duty.rule.name].pop(duty.incident, None)

    def asked(self, pair: str) -> bool:
        """Whether contact is asked for between these two by an agreement, and not only in a trial of the watch."""
        return any(pair in pairs for rule, pairs in self._rules if rule.agreement.standing != "trial")

    def between(self, pair: str) -> Iterator[IncidentDuty]:
        """Every incident of a dyad that is still open to amendment, under each rule."""
        for incidents in self._incidents[pair].values():
            yield from incidents.values()

    def _forget(self, pair: str, now: datetime) -> None:
        """Drop contacts that no incident can ask for any more."""
        remaining = [duty.occurred.earliest for duty in self.between(pair) if duty.occurred is not None]
        # An incident can still be reported until it would have settled: its contact must be on record then.
        self.contacts[pair].forget(min([*remaining, self.settle.before(now)]))

    def _lines(self, pair: str) -> Callable[[datetime], list[tuple[str, list[Finding]]]]:
        def lines(moment: datetime) -> list[tuple[str, list[Finding]]]:
            # One that was not there then, or no longer, can neither carry a call nor have lapsed.
            return [
                (name, [finding for duty in self._channels.duties_of(name) for finding in duty.findings])
                for name in self._military[pair]
                if self._channels.book.channels[name].epoch.holds(moment)
            ]

        return lines
