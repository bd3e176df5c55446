"""Prior, the notice by itself: too late, too early, or by another channel, whether or not anything is launched."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Protocol

from streams.agreements.model import Prior
from streams.events import Interval
from streams.events.times import spoken
from streams.lapses import Finding
from streams.matching.notices import UNREAD, Revision, Series, lead, receipt
from streams.rulebook import Rule
from streams.severity import Severity
from streams.spans import in_words


class Lane(Protocol):
    """Who owes notice to whom, under which rule."""

    rule: Rule[Prior]
    launcher: str
    recipient: str

    def duty_in_force(self, moment: Interval) -> bool:
        """Whether notice was owed at ``moment``."""


def notice_findings(lane: Lane, series: Series) -> Iterator[Finding]:
    """What is wrong with a notice whether or not anything is launched: too short, too long, by the wrong channel."""
    rule = lane.rule.obligation
    revision = next((one for one in reversed(series.revisions) if one.status != "cancelled"), None)
    if revision is None or not notice_in_scope(revision, rule):
        return
    ahead = lead(series, revision, lane.recipient, rule.reference)
    had = ahead.receipt or receipt(series, revision, lane.recipient)
    when = had.earliest if had is not None else revision.issued.earliest
    if not lane.duty_in_force(Interval(when, when)):
        return
    subject = f"{lane.launcher}/{series.key}/{lane.recipient}"
    common = {
        "subject": subject,
        "parties": (lane.launcher, lane.recipient),
        "events": tuple(claim.id for one in series.revisions for claim in one.claims),
        "claims": tuple(words for one in series.revisions for words in one.disagreements),
    }
    if ahead.longest is not None and ahead.reference is not None and ahead.longest < rule.lead.after(when) - when:
        deadline = rule.lead.before(ahead.reference)
        yield Finding(
            onset=deadline,
            deadline=deadline,
            changed=max(deadline, when),
            opened=max(deadline, when),
            severity=rule.short,
            reason="short-notice",
            arithmetic=(
                *_receipt_words(lane.recipient, had),
                f"{_until_words(revision, rule)} {spoken(ahead.reference)}:"
                f" {_lead_words(ahead.shortest, ahead.longest)} of the {rule.lead} owed",
                *([UNREAD] if revision.unread else []),
            ),
            **common,  # type: ignore[arg-type]
        )
    elif rule.longest_lead is not None and ahead.shortest is not None and ahead.reference is not None:
        opens = rule.longest_lead.before(ahead.reference)
        if ahead.shortest > ahead.reference - opens:
            yield Finding(
                onset=when,
                deadline=opens,
                changed=when,
                severity=Severity.INFO,
                reason="early-notice",
                arithmetic=(f"given {in_words(ahead.shortest)} ahead, {rule.longest_lead} at most",),
                **common,  # type: ignore[arg-type]
            )
    elif rule.channels and revision.via and not set(revision.via) & set(rule.channels):
        yield Finding(
            onset=when,
            deadline=when,
            changed=when,
            severity=Severity.INFO,
            reason="wrong-channel",
            arithmetic=(f"came by {', '.join(revision.via)}, owed by {', '.join(rule.channels)}: it counts, and is noted",),
            **common,  # type: ignore[arg-type]
        )


def notice_in_scope(revision: Revision, rule: Prior) -> bool:
    """Whether the announced launch would be in scope, as far as the notice says."""
    scope = rule.scope
    if revision.launch_class is None:
        return True
    if revision.launch_class in scope.always:
        return True
    if revision.launch_class not in scope.classes:
        return False
    if scope.min_range_km is None or revision.range_km is None:
        return True
    return revision.range_km > scope.min_range_km or (
        scope.min_apogee_km is not None and revision.apogee_km is not None and revision.apogee_km > scope.min_apogee_km
    )


def _until_words(revision: Revision, rule: Prior) -> str:
    if rule.reference == "date":
        return "planned for the day from"
    return f"first of {len(revision.windows)} windows opens" if revision.further_windows else "window opens"


def _receipt_words(recipient: str, had: Interval | None) -> Iterable[str]:
    if had is None:
        return
    if had.earliest == had.latest:
        yield f"received by {recipient} {spoken(had.earliest)}"
    else:
        yield f"received by {recipient} between {spoken(had.earliest)} and {spoken(had.latest)}"


def _lead_words(shortest: timedelta | None, longest: timedelta) -> str:
    if shortest is None or shortest == longest:
        return in_words(longest)
    return f"{in_words(longest)} at most"
