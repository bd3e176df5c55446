"""Per channel: availability, switch-offs, outages, calls, and the days from a promise to real contact."""

from collections.abc import Iterator
from datetime import datetime
from statistics import median

from streams.events import ChannelStatus, Interval
from streams.obligations.response import RequestDuty
from streams.scorecard.dates import day_of, days_between
from streams.scorecard.lines import Line
from streams.scorecard.scores import Calls, ChannelScore, Outage, Resumption, SwitchOff

_OFF = ("suspended", "cancelled")


def channel_score(line: Line, span: Interval) -> ChannelScore:
    """The measures of one channel in the span, UTC; see ``ChannelScore`` for their units and definitions."""
    channel = line.channel
    up, lapsed, unknown = line.seconds("up"), line.seconds("lapsed"), line.seconds("unknown")
    observed = up + lapsed + unknown
    outages = [
        Outage(start=one.start, end=None if one.still else one.end, seconds=(one.end - one.start).total_seconds())
        for one in line.outages_in(span)
    ]
    return ChannelScore(
        channel=channel.id,
        title=channel.title,
        parties=channel.parties,
        military=channel.military,
        proposed=channel.hypothetical,
        heard=line.heard,
        observed=observed,
        up=up,
        lapsed=lapsed,
        unknown=unknown,
        availability=up / observed if observed else None,
        switch_offs=tuple(_switch_offs(line, span)),
        outages=len(outages),
        longest_outage=max(outages, key=lambda outage: outage.seconds, default=None),
        calls=_calls(line, span),
        resumptions=tuple(_resumptions(line, span)),
        last_sign=line.contacts[-1].earliest if line.contacts else None,
    )


def _switch_offs(line: Line, span: Interval) -> Iterator[SwitchOff]:
    """The declared suspensions, by time; one that is declared while the channel is off already is the same."""
    off_until: datetime | None = None
    off = False
    for _, _, event in line.record.statuses:
        when = event.occurred
        status = event.data.status
        if (status != "suspended" and status != "cancelled") or when.earliest > span.latest:
            continue
        if off and (off_until is None or when.earliest < off_until):
            continue
        contact = line.contact_from(when.latest)
        off, off_until = True, contact.earliest if contact is not None else None
        if when.earliest >= span.earliest:
            declared_day, contact_day = day_of(when), None if contact is None else day_of(contact)
            yield SwitchOff(
                declared=when.earliest,
                declared_day=declared_day,
                status=status,
                announcement=event.data.announcement,
                contact=off_until,
                contact_day=contact_day,
                days=None if contact_day is None else days_between(declared_day, contact_day),
            )


def _resumptions(line: Line, span: Interval) -> Iterator[Resumption]:
    """The promises to resume, by time; one that is repeated before there was contact is the same."""
    kept: datetime | None = None
    promised = False
    for _, _, event in line.record.statuses:
        when = event.occurred
        if event.data.status != "agreed-to-resume" or when.earliest > span.latest:
            continue
        if promised and (kept is None or when.earliest < kept):
            continue
        contact = line.contact_from(when.latest)
        promised, kept = True, contact.earliest if contact is not None else None
        if when.earliest >= span.earliest:
            yield _resumption(line, event, contact)


def _resumption(line: Line, promise: ChannelStatus, contact: Interval | None) -> Resumption:
    when = promise.occurred
    cut = next((one.start for one in line.outages if one.start <= when.earliest < one.end), None)
    promised_day = day_of(when)
    cut_day = None if cut is None else day_of(_when(line, cut))
    contact_day = None if contact is None else day_of(contact)
    return Resumption(
        promised=when.earliest,
        promised_day=promised_day,
        announcement=promise.data.announcement,
        cut=cut,
        cut_day=cut_day,
        contact=None if contact is None else contact.earliest,
        contact_day=contact_day,
        days=None if contact_day is None else days_between(promised_day, contact_day),
        days_from_cut=None if contact_day is None or cut_day is None else days_between(cut_day, contact_day),
    )


def _when(line: Line, moment: datetime) -> Interval:
    """What was known to begin at this moment, as exactly as it was known: a cut known to the day has that day's date."""
    known = [event.occurred for _, _, event in line.record.statuses if event.data.status in _OFF]
    known += [claim.occurred for duty in line.requests for claim in duty.claims.values()]
    known += [Interval(silence.earliest, silence.latest) for silence in line.record.silences]
    return max((when for when in known if when.earliest == moment), default=Interval(moment, moment))


def _calls(line: Line, span: Interval) -> Calls | None:
    """What became of the requests made in the span: those the watch still looks at, and settled ones that lapsed."""
    outcomes: dict[str, tuple[str, float | None]] = {}
    for duty in line.requests:
        placed = duty.placed
        if span.earliest <= placed.earliest <= span.latest:
            outcome = _outcome(duty, placed, span.latest)
            # Two rules may ask for one call: the one that lapsed says more.
            if outcomes.get(duty.subject, ("answered",))[0] in ("answered", "pending"):
                outcomes[duty.subject] = outcome
    for revisions in line.lapses:
        last = revisions[-1]
        if last.obligation == "response" and last.subject not in outcomes and span.earliest <= last.onset <= span.latest:
            held = last.resolved if last.resolved is not None and last.resolved <= span.latest else None
            if last.reason == "declined" and min(each.at for each in revisions if each.reason == "declined") > span.latest:
                outcomes[last.subject] = ("unanswered" if span.latest > last.deadline else "pending"), None
            else:
                outcomes[last.subject] = _late(last.reason, last.onset, held)
    if not outcomes:
        return None
    tally = [name for name, _ in outcomes.values()]
    waits = [seconds for _, seconds in outcomes.values() if seconds is not None]
    return Calls(
        asked=len(tally),
        answered=tally.count("answered"),
        late=tally.count("late"),
        declined=tally.count("declined"),
        unanswered=tally.count("unanswered"),
        pending=tally.count("pending"),
        median=median(waits) if waits else None,
        longest=max(waits, default=None),
    )


def _outcome(duty: RequestDuty, placed: Interval, until: datetime) -> tuple[str, float | None]:
    deadline = duty.rule.obligation.steps[0].after.after(placed.latest)
    for finding in duty.findings:
        held = finding.resolved if finding.resolved is not None and finding.resolved <= until else None
        if finding.reason == "declined":
            # Until the refusal it was waited for as for any other.
            refused = min(claim.occurred.earliest for claim in duty.claims.values() if claim.data.outcome == "declined")
            if refused > until:
                break
            return "declined", None
        if deadline < until:
            return _late(finding.reason, placed.earliest, held)
    held_at = duty.answered
    if held_at is not None and held_at.earliest <= until:
        return ("answered" if held_at.earliest <= deadline else "late"), _seconds(placed.earliest, held_at.earliest)
    return ("unanswered" if until > deadline else "pending"), None


def _late(reason: str, placed: datetime, held: datetime | None) -> tuple[str, float | None]:
    if reason == "declined":
        return "declined", None
    return ("unanswered", None) if held is None else ("late", _seconds(placed, held))


def _seconds(start: datetime, end: datetime) -> float:
    """A call known to the day may begin before the minute it was asked for."""
    return max(0.0, (end - start).total_seconds())
