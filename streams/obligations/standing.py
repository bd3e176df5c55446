"""Standing: a declared status stays in force, for a channel or for a party's duty under a regime.

"Agreed to resume" is a promise and ends nothing: a channel's lapse ends with contact on that channel, a regime's with the
party's statement that its duty is in force again.
"""

from collections.abc import Iterator
from datetime import datetime

from streams.agreements.model import Channel, Standing, midnight
from streams.events import ChannelStatus, RegimeStatement
from streams.events.times import Interval, spoken, zone_named
from streams.evidence import ChannelRecord, Suspension
from streams.lapses import Finding
from streams.obligations.duty import Duty
from streams.rulebook import Rule, throughout
from streams.spans import in_words


def dated(event: ChannelStatus | RegimeStatement) -> str:
    """When it was declared, as precisely as the source says."""
    if event.precision == "day":
        return f"{event.time.astimezone(zone_named(event.zone)):%Y-%m-%d} ({event.zone})"
    return spoken(event.time)


class ChannelStandingDuty(Duty):
    """One channel stays open."""

    rule: Rule[Standing]
    kept = list[Finding]

    def __init__(self, rule: Rule[Standing], channel: Channel, record: ChannelRecord) -> None:
        super().__init__(rule, channel.id)
        self.channel = channel
        self.record = self.line = record
        self.findings: list[Finding] = []

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find every stretch of declared suspension."""
        self.record.forget(now)
        settled = self.settled(now)
        found = [
            self._finding(suspension)
            for suspension in self.record.suspensions()
            if self.rule.in_force_throughout(suspension.start)
            and throughout(self._stands, suspension.start)
            and (suspension.ended is None or suspension.ended.earliest >= settled)
        ]
        self.moved = found != self.findings
        self.findings = found
        self.quiet = not self.record.statuses
        return [(self.channel.id, found)]

    def remember(self) -> list[Finding]:
        """What was found."""
        return self.findings

    def recall(self, kept: list[Finding]) -> None:
        """Take back what was found."""
        self.findings = kept

    def _stands(self, moment: datetime) -> bool:
        """Whether the channel was not given up yet. One that is cut before it is set up is not open when it ought to be."""
        until = self.channel.epoch.until
        return until is None or moment < midnight(until)

    def _finding(self, suspension: Suspension) -> Finding:
        declared, start, ended = suspension
        promises = [
            event
            for moment, _, event in self.record.statuses
            if event.data.status in ("agreed-to-resume", "open")
            and moment >= start.earliest
            and (ended is None or moment <= ended.earliest)
        ]
        arithmetic = [f"{declared.data.party} declared it {declared.data.status} on {dated(declared)}"]
        arithmetic += [f"said to be resumed on {dated(promise)}: a promise, not contact" for promise in promises]
        if ended is not None:
            arithmetic.append(f"contact {spoken(ended.earliest)}: {in_words(ended.earliest - start.earliest)} after the cut")
        return Finding(
            subject=self.channel.id,
            parties=_owing_first(declared.data.party, self.channel.parties),
            onset=start.earliest,
            deadline=start.earliest,
            changed=ended.earliest if ended is not None else max([start.earliest, *(p.occurred.earliest for p in promises)]),
            resolved=None if ended is None else ended.earliest,
            state="open" if ended is None else "resolved",
            severity=self.rule.obligation.severity,
            reason="cancelled" if declared.data.status == "cancelled" else "suspended",
            events=(declared.id, *(promise.id for promise in promises), *(() if ended is None else (ended.event,))),
            arithmetic=tuple(arithmetic),
            group=declared.data.announcement or declared.id,
        )


class RegimeRecord:
    """What one party stated about its duties: the statements, by the instant from which they can hold."""

    def __init__(self, party: str) -> None:
        self.party = party
        self.statements: list[tuple[datetime, str, RegimeStatement]] = []

    def state(self, event: RegimeStatement) -> bool:
        """Take in a statement; whether it is new."""
        if any((known.id, known.source) == (event.id, event.source) for _, _, known in self.statements):
            return False
        self.statements.append((event.occurred.earliest, event.id, event))
        # Of two of one moment the one that ends the duty comes last: the other is not certainly a word after it.
        self.statements.sort(key=lambda known: (known[0], known[2].data.status != "in-force", known[1], known[2].source))
        return True

    def retract(self, event: RegimeStatement) -> bool:
        """Take a statement out; whether it was there."""
        before = len(self.statements)
        self.statements = [known for known in self.statements if (known[2].id, known[2].source) != (event.id, event.source)]
        return len(self.statements) != before

    def about(self, agreement: str, notice_type: str | None) -> list[RegimeStatement]:
        """The statements that bear on one type of notice of one agreement, in order."""
        return [
            event
            for _, _, event in self.statements
            if agreement in event.data.agreements
            and (not event.data.notice_types or notice_type is None or notice_type in event.data.notice_types)
        ]

    def suspended(self, agreement: str, notice_type: str | None, moment: Interval) -> RegimeStatement | None:
        """The statement by which the duty can have been ended at some instant of ``moment``, if there is one."""
        ended: RegimeStatement | None = None
        for event, restores in _certain(self.about(agreement, notice_type)):
            if event.occurred.earliest > moment.latest:
                break
            if event.data.status == "in-force":
                # Restored on a day: until that day was over it may not have been, yet.
                if restores and event.occurred.latest <= moment.earliest:
                    ended = None
            elif ended is None:
                ended = event
        return ended


def _certain(statements: list[RegimeStatement]) -> Iterator[tuple[RegimeStatement, bool]]:
    """Statements, each with whether it certainly came after all before it that ended the duty: only such a word restores it."""
    until: datetime | None = None
    for event in statements:
        earliest, latest = event.occurred
        yield event, until is None or earliest >= until
        if event.data.status != "in-force":
            until = latest if until is None else max(until, latest)


class RegimeStandingDuty(Duty):
    """One party keeps one type of notice of one agreement in force."""

    rule: Rule[Standing]

    def __init__(self, rule: Rule[Standing], party: str, record: RegimeRecord) -> None:
        self.subject = f"{party}/{rule.obligation.notice_type}"
        super().__init__(rule, self.subject)
        self.party = self.owes = party
        self.record = record

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find every stretch for which the party declared its duty ended."""
        settled = self.settled(now)
        agreement, obligation = self.rule.agreement, self.rule.obligation
        found: list[Finding] = []
        opened: RegimeStatement | None = None
        for event, restores in _certain(self.record.about(agreement.id, obligation.notice_type)):
            if event.data.status == "in-force":
                if not restores:
                    continue
                if opened is not None and event.occurred.earliest >= settled:
                    found.append(self._finding(opened, event))
                opened = None
            elif opened is None and self.rule.in_force_throughout(event.occurred):
                opened = event
        if opened is not None:
            found.append(self._finding(opened, None))
        return [(self.subject, found)]

    def _finding(self, ended: RegimeStatement, restored: RegimeStatement | None) -> Finding:
        status = ended.data.status
        assert status != "in-force"
        start = ended.occurred.earliest
        arithmetic = [f"{self.party} declared it {status} on {dated(ended)}"]
        if restored is not None:
            arithmetic.append(f"in force again by its statement of {dated(restored)}")
        over = None if restored is None else restored.occurred.earliest
        return Finding(
            subject=self.subject,
            parties=_owing_first(self.party, self.rule.agreement.parties),
            onset=start,
            deadline=start,
            changed=over or start,
            resolved=over,
            state="open" if over is None else "resolved",
            severity=self.rule.obligation.severity,
            reason=status,
            events=(ended.id,) if restored is None else (ended.id, restored.id),
            arithmetic=tuple(arithmetic),
            group=ended.data.announcement or ended.id,
        )


def _owing_first(party: str, parties: tuple[str, ...]) -> tuple[str, ...]:
    return (party, *(other for other in parties if other != party))
