"""Notice before a launch, by a judge without a memory: every lane matched as a whole, every salvo formed anew."""

from collections.abc import Iterator
from datetime import datetime

from streams.agreements.model import Prior
from streams.events import LaunchNotice, LaunchObservation, RegimeStatement
from streams.events.times import Interval
from streams.matching.launches import launches_of
from streams.matching.match import Match, match
from streams.matching.notices import Series, lead, receipt, series_of, told
from streams.matching.scope import in_scope
from streams.severity import Severity, worst
from tests.core.naive_record import Record, Verdict


def prior(record: Record, rule: Prior) -> Iterator[Verdict]:
    """What the parties owed each other before their launches, and did not give."""
    for launcher in rule.launchers or record.agreement.parties:
        launches = [one for one in record.events if isinstance(one, LaunchObservation) and one.data.party == launcher]
        notices = [one for one in record.events if isinstance(one, LaunchNotice) and one.data.party == launcher]
        meant = [one for one in launches_of(launches) if in_scope(one, rule.scope).in_scope] if launches else []
        for recipient in rule.recipients or record.agreement.parties:
            if recipient == launcher:
                continue
            series = [one for one in series_of(notices) if told(one, recipient)]
            for salvo in _salvos(record, rule, list(match(meant, series, recipient, rule).matches)):
                yield from _unnotified(record, rule, salvo, f"{launcher}/{salvo[0].launch.key}/{recipient}", recipient)
            for one in series:
                yield from _notice(record, rule, one, recipient)


def _owed(record: Record, rule: Prior, party: str, moment: Interval) -> bool:
    """Whether the duty was in force throughout, by its dates and by what the party stated."""
    if not record.throughout(rule, *moment):
        return False
    said = [
        one
        for one in record.events
        if isinstance(one, RegimeStatement)
        and one.data.party == party
        and record.agreement.id in one.data.agreements
        and (not one.data.notice_types or rule.notice_type is None or rule.notice_type in one.data.notice_types)
    ]
    kept = True
    for one in sorted(said, key=lambda one: (one.occurred.earliest, one.data.status != "in-force")):
        if one.data.status == "in-force":
            ends = [other.occurred for other in said if other.data.status != "in-force"]
            sure = all(end.earliest >= one.occurred.earliest or end.latest <= one.occurred.earliest for end in ends)
            kept = kept or (sure and one.occurred.latest <= moment.earliest)
        elif one.occurred.earliest <= moment.latest:
            kept = False
    return kept or not rule.suspendable


def _salvos(record: Record, rule: Prior, outcomes: list[Match]) -> list[list[Match]]:
    """Launches of which the recipient had no notice in time, those together that follow each other."""
    salvos: list[list[Match]] = []
    for one in sorted(outcomes, key=lambda one: (one.launch.occurred, one.launch.key)):
        if one.series is not None and not one.after_launch:
            continue
        if not _owed(record, rule, one.launch.party, one.launch.occurred):
            continue
        last = salvos[-1][-1] if salvos else None
        follows = last is not None and one.launch.occurred.earliest <= rule.salvo.within.after(last.launch.occurred.latest)
        if last is None or not follows or one.after_launch or last.after_launch:
            salvos.append([])
        salvos[-1].append(one)
    return salvos


def _unnotified(record: Record, rule: Prior, salvo: list[Match], subject: str, recipient: str) -> Iterator[Verdict]:
    when = [one.launch.occurred for one in salvo]
    vouched = [record.vouches(rule.feed, rule.lead.before(span.earliest), span.latest) for span in when]
    if True not in vouched and None in vouched:
        return
    first, told_at = salvo[0], None
    if first.after_launch and first.series is not None and first.revision is not None:
        told_at = (receipt(first.series, first.revision, recipient) or first.revision.issued).earliest
    severity: Severity = rule.missing[0]
    if rule.wait.after(when[0].latest) < min(record.now, told_at or record.now):
        severity = worst(*rule.missing)
    if True in vouched:
        yield Verdict(rule.id, subject, when[0].earliest, "open" if told_at is None else "resolved", severity, told_at)
    else:
        yield Verdict(rule.id, subject, when[0].earliest, "unknown", Severity.WARN, told_at)


def _notice(record: Record, rule: Prior, series: Series, recipient: str) -> Iterator[Verdict]:
    """A notice that came too late, too early, or by another channel."""
    standing = [one for one in series.revisions if one.status != "cancelled"]
    last = standing[-1]
    limit = rule.scope.min_range_km
    if last.launch_class is not None and last.launch_class not in rule.scope.always:
        near = limit is not None and last.range_km is not None and last.range_km <= limit
        if last.launch_class not in rule.scope.classes or near:
            return
    ahead = lead(series, last, recipient, rule.reference)
    had = ahead.receipt or receipt(series, last, recipient) or last.issued
    if not _owed(record, rule, series.party, Interval(had.earliest, had.earliest)):
        return
    subject = f"{series.party}/{series.key}/{recipient}"
    onset: datetime | None = None
    severity = Severity.INFO
    if (
        ahead.longest is not None
        and ahead.reference is not None
        and rule.lead.after(had.earliest) > had.earliest + ahead.longest
    ):
        onset, severity = rule.lead.before(ahead.reference), rule.short
    elif ahead.shortest is not None and ahead.reference is not None and rule.longest_lead is not None:
        if ahead.reference - ahead.shortest < rule.longest_lead.before(ahead.reference):
            onset = had.earliest
    elif rule.channels and last.via and not set(last.via) & set(rule.channels):
        onset = had.earliest
    if onset is not None:
        yield Verdict(rule.id, subject, onset, "open", severity, None)
