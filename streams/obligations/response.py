"""Response: after an incident, contact; after a request for a call, the call. In steps of severity.

A refusal is an answer of a kind: it ends the waiting, at once, and badly. An acknowledgement is no answer.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from streams.agreements.model import Channel, Response
from streams.events import ChannelRequest, IncidentReport, Interval
from streams.events.incidents import Gravity
from streams.events.times import spoken
from streams.evidence import ChannelRecord
from streams.feeds import FeedRecord
from streams.lapses import Finding, Reason
from streams.obligations.duty import INSTANT, Duty, earliest, lapsed_through
from streams.rulebook import Rule
from streams.severity import Severity
from streams.signs import Sign, Signs
from streams.spans import Span, in_words

_FINENESS = {"second": 0, "minute": 1, "hour": 2, "day": 3}
GRAVITIES = ("low", "elevated", "high", "critical")


def canonical(claims: Iterable[IncidentReport]) -> IncidentReport:
    """The claim that is reckoned with: the most precise, then the earliest, then by id."""
    return min(claims, key=lambda claim: (_FINENESS[claim.precision], claim.time, claim.id))


class KeptRequest(NamedTuple):
    """What a request remembers: it is settled only when what was found is."""

    claims: list[tuple[str, str]]
    findings: list[Finding]


class KeptIncident(NamedTuple):
    """What an incident remembers: the channels' lapses that raised it may be forgotten."""

    claims: list[tuple[str, str]]
    found: list[Finding]
    raised: str | None


class RequestDuty(Duty):
    """One request for a call on one channel."""

    rule: Rule[Response]
    kept = KeptRequest

    def __init__(
        self, rule: Rule[Response], channel: Channel, record: ChannelRecord, request: str, feed: FeedRecord | None
    ) -> None:
        self.subject = f"{channel.id}/{request}"
        super().__init__(rule, self.subject)
        self.channel = channel
        self.feed = feed
        self.record = self.line = record
        self.claims: dict[tuple[str, str], ChannelRequest] = {}
        self.findings: list[Finding] = []

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find whether the call was answered, refused, or not answered in time."""
        self.wake = None
        latest = max((claim.occurred.latest for claim in self.claims.values()), default=now)
        if self.retired(latest, now, self.findings):
            return [(self.subject, None)]
        found = self._find(now) if self.claims else []
        self.moved = found != self.findings
        self.findings = found
        self.wake = earliest(self.wake, self.retires_at(latest, now))
        return [(self.subject, found)]

    def remember(self) -> KeptRequest:
        """Who says so, and what was found."""
        return KeptRequest(sorted(self.claims), self.findings)

    def recall(self, kept: KeptRequest) -> None:
        """Take back what was found. Claims of a time before it was settled are none of it."""
        self.claims = {name: claim for name, claim in self.claims.items() if name in kept.claims}
        self.findings = kept.findings

    @property
    def placed(self) -> Interval:
        """When the call was asked for: by the claim that says so, else by the earliest. Only while there is a claim."""
        return self._first().occurred

    @property
    def answered(self) -> Sign | None:
        """The first call that can have answered it; one held in the minute in which it was asked for did."""
        return self.record.calls.possibly_after(self.placed.earliest - INSTANT)

    def awaited(self, now: datetime) -> datetime | None:
        """By when the call is owed still, UTC; ``None`` where it was answered or refused, or its time is over."""
        if not self.claims or self.findings or self.answered is not None or not self.rule.in_force_throughout(self.placed):
            return None
        deadline = self.rule.obligation.steps[0].after.after(self.placed.latest)
        return deadline if now <= deadline else None

    def _first(self) -> ChannelRequest:
        return min(self.claims.values(), key=lambda claim: (claim.data.outcome != "placed", claim.occurred, claim.id))

    def _find(self, now: datetime) -> list[Finding]:
        rule = self.rule.obligation
        claims = sorted(self.claims.values(), key=lambda claim: (claim.occurred, claim.id))
        first = self._first()
        placed = first.occurred
        if not self.rule.in_force_throughout(placed):
            return []
        deadline = rule.steps[0].after.after(placed.latest)
        answered = self.answered
        refusal = next((claim for claim in claims if claim.data.outcome == "declined"), None)
        vouched: bool | None = True
        doubtful = False
        if answered is not None and refusal is not None and answered.earliest < refusal.occurred.earliest:
            refusal = None
        arithmetic = [
            f"call asked for {spoken(placed.earliest)} by {first.data.party}, owed an answer within {rule.steps[0].after}"
        ]
        if refusal is not None:
            begins = max(refusal.occurred.earliest, placed.earliest)
            severity, changed, due = rule.declined, begins, min(begins, deadline)
            arithmetic.append(f"declined {spoken(begins)}")
        else:
            if answered is not None and answered.earliest <= deadline:
                return []
            # Somebody saying "not answered" is evidence of its own, before the deadline too: it ends no waiting.
            if now <= deadline:
                self.wake = deadline + INSTANT
                return []
            carrier = self._carrier
            vouched = carrier is None or (carrier.heard and carrier.vouches(placed.earliest, deadline, now))
            if carrier is not None and carrier.heard and (answered is None or vouched is None):
                # It is judged again at the next beat, and when that is overdue.
                carrier.listeners.add(self)
                self.wake = carrier.overdue + INSTANT if now <= carrier.overdue else None
            if vouched is None:
                return []
            until, changed, due = now if answered is None else answered.earliest, deadline, deadline
            doubtful = not vouched
            if carrier is not None and vouched and answered is None and carrier.silent(now):
                # Nobody can say that it goes on: it grows no louder.
                doubtful, until = True, carrier.overdue
            severity = Severity.WARN
            if vouched:
                wake = self.wake
                severity, changed = self._stepped(placed, until, arithmetic)
                self.wake = wake if doubtful else None if answered is not None else earliest(wake, self.wake)
                changed = until if doubtful else changed
            arithmetic.insert(1, f"no answer by {spoken(deadline)}")
            if doubtful:
                arithmetic.append("the feed that would carry the answer is silent: unknown, not lapsed")
        over = None if answered is None else answered.earliest
        if over is not None:
            arithmetic.append(f"call held {spoken(over)}: {in_words(over - placed.earliest)} after it was asked for")
        return [
            Finding(
                subject=self.subject,
                parties=_other_first(first.data.party, self.channel.parties),
                onset=placed.earliest,
                deadline=due,
                changed=over or changed,
                resolved=over,
                state="unknown" if doubtful else "open" if over is None else "resolved",
                severity=severity,
                reason="feed-silent" if not vouched else _reason_of(claims, refusal),
                events=(*(claim.id for claim in claims), *(() if answered is None else (answered.event,))),
                arithmetic=tuple(arithmetic),
                claims=_outcomes(claims),
            )
        ]

    @property
    def _carrier(self) -> FeedRecord | None:
        """The feed whose word is needed: what somebody reports, such as a call that was not answered, needs none."""
        return None if any(claim.data.outcome == "unanswered" for claim in self.claims.values()) else self.feed

    def _stepped(self, placed: Interval, until: datetime, arithmetic: list[str]) -> tuple[Severity, datetime]:
        severity, changed = Severity.INFO, placed.latest
        for step in self.rule.obligation.steps:
            begins = step.after.after(placed.latest)
            if begins >= until:
                self.wake = begins + INSTANT
                break
            severity, changed = step.severity, begins
            arithmetic.append(f"{step.after} without an answer at {spoken(begins)}: {step.severity.value}")
        return severity, changed


class IncidentDuty(Duty):
    """One incident asks for contact between its two parties."""

    layer = 1
    rule: Rule[Response]
    kept = KeptIncident

    def __init__(
        self,
        rule: Rule[Response],
        pair: str,
        incident: str,
        contacts: Signs,
        military: Callable[[datetime], list[tuple[str, list[Finding]]]],
        others: "dict[str, IncidentDuty]",
        forgets: Span,
    ) -> None:
        self.subject = f"{pair}/{incident}"
        super().__init__(rule, self.subject)
        self.pair = pair
        self.incident = incident
        self.contacts = contacts
        self.claims: dict[tuple[str, str], IncidentReport] = {}
        self.found: list[Finding] = []
        self._raised_before: str | None = None
        self._military = military
        self._others = others
        self._forgets = forgets

    @property
    def occurred(self) -> Interval | None:
        """When it happened, by the most precise claim."""
        return canonical(self.claims.values()).occurred if self.claims else None

    @property
    def answered(self) -> Sign | None:
        """The first contact that can have followed it."""
        occurred = self.occurred
        return None if occurred is None else self.contacts.possibly_after(occurred.earliest)

    @property
    def asks(self) -> bool:
        """Whether contact is owed after it at all."""
        occurred = self.occurred
        if occurred is None or not self.rule.in_force_throughout(occurred):
            return False
        return GRAVITIES.index(self._gravity()) >= GRAVITIES.index(self.rule.obligation.gravity)

    def awaited(self, now: datetime) -> datetime | None:
        """By when contact is owed still, UTC; ``None`` where it came, is not owed, or its time is over."""
        occurred = None if self.found else self.occurred
        if occurred is None:
            return None
        deadline = self.rule.obligation.steps[0].after.after(occurred.latest)
        return deadline if now <= deadline and self.answered is None and self.asks else None

    def _gravity(self) -> Gravity:
        """How dangerous it was, by the claim that takes it most seriously."""
        return max((claim.data.gravity for claim in self.claims.values()), key=GRAVITIES.index)

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find whether the parties spoke in time."""
        self.wake = None
        latest = max((claim.occurred.latest for claim in self.claims.values()), default=now)
        if self.rule.obligation.raised is not None:
            # One that happens later counts how many there were before it.
            latest = self.rule.obligation.raised.within.after(latest)
        if self.retired(latest, now, self.found):
            return [(self.subject, None)]
        self.found = self._find(now) if self.claims else []
        self.wake = earliest(self.wake, self.retires_at(latest, now))
        return [(self.subject, self.found)]

    def remember(self) -> KeptIncident:
        """Who says so, what was found, and what raised it."""
        return KeptIncident(sorted(self.claims), self.found, self._raised_before)

    def recall(self, kept: KeptIncident) -> None:
        """Take back what was found. Claims of a time before it was settled are none of it."""
        self.claims = {name: claim for name, claim in self.claims.items() if name in kept.claims}
        self.found, self._raised_before = kept.found, kept.raised

    def listens_to(self, sign: Sign, *, retract: bool) -> bool:
        """Whether a contact that came or went can be the one that answered this incident."""
        occurred = self.occurred
        if occurred is None or sign.latest <= occurred.earliest:
            return False
        answered = self.answered
        return retract or answered is None or sign <= answered

    def _find(self, now: datetime) -> list[Finding]:
        rule = self.rule.obligation
        report = canonical(self.claims.values())
        occurred = report.occurred
        if not self.asks:
            return []
        deadline = rule.steps[0].after.after(occurred.latest)
        answered = self.answered
        if answered is not None and answered.earliest <= deadline:
            return []
        if now <= deadline:
            self.wake = deadline + INSTANT
            return []
        until = now if answered is None else answered.earliest
        arithmetic = [
            f"incident {spoken(occurred.earliest)}"
            + (f" to {spoken(occurred.latest)}" if occurred.latest != occurred.earliest else "")
            + f", contact owed within {rule.steps[0].after}: by {spoken(deadline)}"
        ]
        severity, changed = rule.steps[0].severity, deadline
        for step in rule.steps:
            begins = step.after.after(occurred.latest)
            if begins >= until:
                self.wake = begins + INSTANT if answered is None else None
                break
            severity, changed = step.severity, begins
            arithmetic.append(f"no contact {step.after} after it, at {spoken(begins)}: {step.severity.value}")
        if occurred.latest >= self._forgets.before(now):
            self._raised_before = self._raised(occurred)
        # Later what the channels were then is forgotten: what was found last stays.
        raised = self._raised_before
        if raised:
            severity = severity.raised()
            arithmetic.append(f"{raised}: raised to {severity.value}")
        over = None if answered is None else answered.earliest
        if over is not None:
            arithmetic.append(f"contact {spoken(over)}: {in_words(over - occurred.earliest)} after it")
        return [
            Finding(
                subject=self.subject,
                parties=report.data.parties,
                onset=occurred.earliest,
                deadline=deadline,
                changed=over or changed,
                resolved=over,
                state="open" if over is None else "resolved",
                severity=severity,
                reason="no-contact",
                events=(
                    *sorted({claim.id for claim in self.claims.values()}),
                    *(() if answered is None else (answered.event,)),
                ),
                arithmetic=tuple(arithmetic),
                claims=self._disagreements(),
            )
        ]

    def _raised(self, occurred: Interval) -> str | None:
        """Why the compound rule makes this incident worse, where it does."""
        rule = self.rule.obligation.raised
        if rule is None:
            return None
        lines = self._military(occurred.earliest)
        lapsed = [name for name, found in lines if lapsed_through(found, occurred.earliest, occurred.latest)]
        if not lapsed:
            return None
        every = len(lapsed) == len(lines)
        why = f"{'every military channel was lapsed' if every else 'lapsed'} ({', '.join(lapsed)})"
        close = False
        if rule.incidents:
            since = rule.within.before(occurred.earliest)
            near = [
                other
                for other in self._others.values()
                if (when := other.occurred) is not None and since <= when.earliest <= occurred.earliest
            ]
            close = len(near) >= rule.incidents
            if close:
                why += f", {len(near)} incidents within {rule.within}"
        return why if every or close else None

    def _disagreements(self) -> tuple[str, ...]:
        claims = sorted(self.claims.values(), key=lambda claim: (claim.time, claim.id))
        result = []
        for name, values in (
            ("gravity", [(claim.data.gravity, claim.source) for claim in claims]),
            (
                "closest approach",
                [(f"{claim.data.closest_m:g} m", claim.source) for claim in claims if claim.data.closest_m is not None],
            ),
        ):
            if len({value for value, _ in values}) > 1:
                result.append(f"{name}: " + " / ".join(f"{value} ({source})" for value, source in values))
        return tuple(result)


def _reason_of(claims: list[ChannelRequest], refusal: ChannelRequest | None) -> Reason:
    if refusal is not None:
        return "declined"
    if any(claim.data.outcome == "acknowledged" for claim in claims):
        return "acknowledged-not-answered"
    return "unanswered"


def _outcomes(claims: list[ChannelRequest]) -> tuple[str, ...]:
    said = [(claim.data.outcome, claim.source) for claim in claims if claim.data.outcome != "placed"]
    if len({outcome for outcome, _ in said}) < 2:
        return ()
    return ("outcome: " + " / ".join(f"{outcome} ({source})" for outcome, source in said),)


def _other_first(asking: str, parties: tuple[str, ...]) -> tuple[str, ...]:
    return (*(party for party in parties if party != asking), asking)
