"""What is measured while judging: leads against the rule, what became of launches, answers to calls, contact after incidents.

Each follows from the evidence at the moment at which an event bears on it, so one that a later report amends is told again, and
whoever reads the log again is told the same. What a line check took is in the check itself, and is not told once more.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from streams.events import AnyEvent, Interval, Retraction
from streams.matching.match import Match
from streams.matching.notices import lead
from streams.obligations.duty import Duty
from streams.obligations.notices import notice_in_scope
from streams.obligations.prior import LaneDuty
from streams.obligations.response import IncidentDuty, RequestDuty
from streams.posture import Measure, Measured
from streams.signs import Sign

_HOUR = timedelta(hours=1)
_LAUNCH = "launch/"


def measures(duty: Duty, slots: Sequence[str], event: AnyEvent | None) -> Iterator[Measure]:
    """What can be told of a duty that was just judged.

    Args:
        duty: The duty.
        slots: Where in the register something changed.
        event: The event that was taken in, if one was.
    """
    if duty.done:
        return
    if isinstance(duty, LaneDuty):
        yield from _leads(duty)
        yield from _launches(duty, slots)
    elif isinstance(duty, RequestDuty | IncidentDuty) and event is not None and duty.claims:
        sign = duty.answered
        bears = isinstance(event, Retraction) or (sign is not None and event.id == sign.event)
        if sign is None or not (bears or event.id in {claim.id for claim in duty.claims.values()}):
            return
        if isinstance(duty, RequestDuty):
            request = duty.subject.partition("/")[2]
            yield _awaited("answer", duty, duty.placed, sign, subject=duty.channel.id, of=request)
        elif duty.asks and duty.occurred is not None:
            yield _awaited("contact", duty, duty.occurred, sign, subject=duty.pair, of=duty.incident)


def _awaited(
    what: Measured, duty: RequestDuty | IncidentDuty, since: Interval, sign: Sign, *, subject: str, of: str
) -> Measure:
    """How long the sign that was waited for was in coming."""
    owed = duty.rule.obligation.steps[0].after
    return Measure(
        what=what,
        at=since.earliest,
        # One in the same minute or day took no time.
        value=max(sign.earliest - since.earliest, timedelta()).total_seconds(),
        owed=None if owed.months else owed.seconds,
        agreement=duty.rule.agreement.id,
        rule=duty.rule.obligation.id,
        subject=subject,
        of=of,
    )


def _leads(lane: LaneDuty) -> Iterator[Measure]:
    rule = lane.rule.obligation
    for key in sorted(lane.series_touched):
        series = lane.series(key)
        if series is None:
            continue
        revision = next(one for one in reversed(series.revisions) if one.status != "cancelled")
        if not notice_in_scope(revision, rule):
            continue
        ahead = lead(series, revision, lane.recipient, rule.reference)
        if ahead.longest is None or ahead.reference is None or not lane.duty_in_force(ahead.receipt or revision.issued):
            continue
        yield Measure(
            what="lead",
            at=ahead.reference,
            value=ahead.longest / _HOUR,
            owed=None if rule.lead.months else rule.lead.seconds / 3_600,
            agreement=lane.rule.agreement.id,
            rule=rule.id,
            subject=lane.launcher,
            recipient=lane.recipient,
            of=key,
        )


def _launches(lane: LaneDuty, slots: Sequence[str]) -> Iterator[Measure]:
    found = [slot.removeprefix(_LAUNCH) for slot in slots if slot.startswith(_LAUNCH)]
    keys = lane.touched | {key for first in found for key in lane.salvo(first)}
    for key in sorted(keys):
        outcome = lane.matches.get(key)
        given = None if outcome is None else _given(lane, outcome)
        if outcome is None or given is None:
            continue
        yield Measure(
            what="launch",
            at=outcome.launch.occurred.earliest,
            value=given,
            owed=1.0,
            agreement=lane.rule.agreement.id,
            rule=lane.rule.obligation.id,
            subject=lane.launcher,
            recipient=lane.recipient,
            of=key,
        )


def _given(lane: LaneDuty, outcome: Match) -> float | None:
    """1 where notice was given ahead, 0 where none, -1 where nobody can say; ``None`` where none was owed."""
    if outcome.series is not None and not outcome.after_launch:
        return 1.0
    if not lane.owed(outcome.launch):
        return None
    return 0.0 if outcome.series is not None or lane.vouched(outcome.launch) else -1.0
