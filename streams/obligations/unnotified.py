"""Prior, the launch without a notice: what is said of it, and how loud."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from streams.agreements.model import Prior
from streams.events.times import spoken
from streams.lapses import Finding
from streams.matching.match import Match
from streams.matching.notices import UNREAD, receipt
from streams.obligations.duty import INSTANT
from streams.rulebook import Rule
from streams.severity import Severity, worst
from streams.spans import in_words


class Lane(Protocol):
    """Who owes notice to whom, under which rule."""

    rule: Rule[Prior]
    launcher: str
    recipient: str


def unnotified(
    lane: Lane, salvo: Sequence[Match], now: datetime, *, doubt: str | None, near: Sequence[str], others: Sequence[str]
) -> tuple[Finding, datetime | None]:
    """The finding about launches of one salvo without a notice in time, and when it grows louder, UTC.

    Args:
        lane: The lane that the launches are of.
        salvo: The launches, by time.
        now: The time of the judgement, UTC.
        doubt: Why nobody can say that there was no notice, where the feed that would carry it is silent.
        near: Why notices near by were not meant, in words.
        others: Who was told instead, in words.
    """
    rule = lane.rule.obligation
    first = salvo[0]
    occurred = first.launch.occurred
    louder_at = rule.wait.after(occurred.latest)
    owed_by = rule.lead.before(occurred.earliest)
    wake: datetime | None = None
    owed = f"{rule.lead} before, by {spoken(owed_by)}" if owed_by < occurred.earliest else "before it"
    arithmetic = [f"launch {spoken(occurred.earliest)}: a notice owed {owed}"]
    if doubt is not None:
        arithmetic.append(doubt)
    severity, changed = rule.missing[0], occurred.latest
    resolved: datetime | None = None
    if first.after_launch and first.series is not None and first.revision is not None:
        had = receipt(first.series, first.revision, lane.recipient)
        resolved = had.earliest if had is not None else first.revision.issued.earliest
        arithmetic.append(f"told only {in_words(resolved - occurred.earliest)} after the launch, {spoken(resolved)}")
        if first.revision.unread:
            arithmetic.append(UNREAD)
    until = now if resolved is None else min(now, resolved)
    if doubt is not None:
        severity = Severity.WARN
    elif louder_at < until:
        severity, changed = worst(*rule.missing), louder_at
        if resolved is None:
            arithmetic.append(f"no notice on record {rule.wait} after it either, at {spoken(louder_at)}: {severity.value}")
    elif resolved is None or louder_at < resolved:
        # A receipt can be said before its time has come.
        wake = louder_at + INSTANT
    launches = [outcome.launch for outcome in salvo]
    if len(launches) > 1:
        last = spoken(launches[-1].occurred.earliest)
        arithmetic.append(f"a salvo: {len(launches)} launches from {spoken(occurred.earliest)} to {last}")
    refused = [*(why for outcome in salvo for why in outcome.refused), *near]
    arithmetic += [f"not meant: {words}" for words in dict.fromkeys(refused)]
    arithmetic += others
    claims = [words for one in launches for words in one.disagreements]
    claims += [
        f"notice {'given' if claim.data.notified else 'not given'}, says {claim.source}"
        for one in launches
        for claim in one.notified
    ]
    events = [claim.id for one in launches for claim in one.claims]
    if first.series is not None:
        events += [claim.id for one in first.series.revisions for claim in one.claims]
    finding = Finding(
        subject=f"{lane.launcher}/{first.launch.key}/{lane.recipient}",
        parties=(lane.launcher, lane.recipient),
        onset=occurred.earliest,
        deadline=owed_by,
        changed=resolved or changed,
        resolved=resolved,
        state="unknown" if doubt is not None else "open" if resolved is None else "resolved",
        severity=severity,
        reason="feed-silent" if doubt is not None else "no-notice" if resolved is None else "after-launch",
        events=tuple(events),
        arithmetic=tuple(arithmetic),
        claims=tuple(dict.fromkeys(claims)),
    )
    return finding, wake
