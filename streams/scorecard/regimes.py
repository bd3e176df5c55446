"""Per regime: the lead times against the rule, what became of the launches, and whether the parties give as they get."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from streams.agreements.model import Conformance, Prior
from streams.events import Interval
from streams.events.incidents import dyad
from streams.lapses import Lapse
from streams.matching.launches import Launch
from streams.matching.match import Match
from streams.matching.notices import Revision, Series, lead, told
from streams.matching.scope import in_scope
from streams.obligations.prior import LaneDuty
from streams.rulebook import Rule
from streams.scorecard.scores import Hours, Reciprocity, RegimeScore
from streams.watch import Watch

_HOUR = timedelta(hours=1)
_FATES = ("matched", "told_after", "unmatched", "not_owed", "unknown")


def regime_scores(watch: Watch, lapses: Sequence[list[Lapse]], span: Interval) -> Iterator[RegimeScore]:
    """The lanes with a launch or a notice in the span, by agreement, rule, launcher and recipient.

    Launches and notices that the watch has settled and dropped, as it does where there are very many, are not among them.

    Args:
        watch: The watch, with its launches and notices.
        lapses: The lapses that stand, each as its revisions.
        span: The time that is looked at, UTC.
    """
    reasons: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for revisions in lapses:
        last = revisions[-1]
        reasons[last.agreement, last.rule, last.subject].add(last.reason)
    lanes = [lane for _, lanes in sorted(watch.docket.launches.lanes.items()) for lane in lanes]
    for lane in sorted(lanes, key=lambda lane: (lane.rule.name, lane.launcher, lane.recipient)):
        used = {outcome.series.key for outcome in lane.matches.values() if outcome.series is not None}
        notices = [
            series
            for series in lane.given()
            if _issued_in(series, span) and (series.key in used or _announces(series, lane.rule.obligation))
        ]
        outcomes = [match for _, match in sorted(lane.matches.items()) if _within(match.launch.occurred, span)]
        if notices or outcomes:
            yield _score(watch, lane, notices, outcomes, reasons, span)


def _score(
    watch: Watch,
    lane: LaneDuty,
    notices: list[Series],
    outcomes: list[Match],
    reasons: dict[tuple[str, str, str], set[str]],
    span: Interval,
) -> RegimeScore:
    agreement, rule = lane.rule.agreement, lane.rule.obligation
    fates = Counter(_fate(watch, lane, outcome, span) for outcome in outcomes)
    leads = [_lead_hours(lane, series) for series in notices]
    known = [hours for hours in leads if hours is not None]
    windows = [other for other in watch.docket.book.conformances if _asks_for_window(other, lane)]

    def found(rule_id: str, subject: str, reason: str) -> bool:
        return reason in reasons.get((agreement.id, rule_id, f"{lane.launcher}/{subject}/{lane.recipient}"), ())

    return RegimeScore(
        agreement=agreement.id,
        rule=rule.id,
        launcher=lane.launcher,
        recipient=lane.recipient,
        proposed=agreement.standing == "proposed",
        unverified=rule.unverified,
        notices=len(notices),
        voluntary=sum(map(_voluntary, notices)),
        lead_owed=str(rule.lead),
        lead_owed_hours=None if rule.lead.months else rule.lead.seconds / 3_600,
        leads=Hours(least=min(known), median=median(known), most=max(known)) if known else None,
        leads_unknown=len(leads) - len(known),
        short=sum(found(rule.id, series.key, "short-notice") for series in notices),
        launches=len(outcomes),
        **{fate: fates[fate] for fate in _FATES},
        outside_window=sum(
            any(found(window.obligation.id, outcome.launch.key, "outside-window") for window in windows) for outcome in outcomes
        )
        if windows
        else None,
    )


def _asks_for_window(other: Rule[Conformance], lane: LaneDuty) -> bool:
    return (
        other.agreement.id == lane.rule.agreement.id
        and other.obligation.notices == lane.rule.obligation.id
        and other.obligation.window
    )


def _fate(watch: Watch, lane: LaneDuty, outcome: Match, span: Interval) -> str:
    """What became of the launch toward this recipient: one of ``_FATES``."""
    if outcome.series is not None:
        return "told_after" if outcome.after_launch else "matched"
    if not lane.owed(outcome.launch):
        return "not_owed"
    rule, occurred = lane.rule.obligation, outcome.launch.occurred
    if rule.feed is None:
        return "unmatched"
    feed = watch.docket.channels.feeds[rule.feed]
    vouched = feed.heard and feed.vouches(rule.lead.before(occurred.earliest), occurred.latest, span.latest)
    return "unmatched" if vouched else "unknown"


def _lead_hours(lane: LaneDuty, series: Series) -> float | None:
    """The lead of the revision that counts, as long as the evidence allows, in hours."""
    longest = lead(series, _counting(series), lane.recipient, lane.rule.obligation.reference).longest
    return None if longest is None else longest / _HOUR


def _counting(series: Series) -> Revision:
    """The last revision that announces anything; whoever was told was told by one."""
    return next(revision for revision in reversed(series.revisions) if revision.status != "cancelled")


def _announces(series: Series, rule: Prior) -> bool:
    """Whether the launch that the notice announces would be in the rule's scope, judged as the launch itself would be."""
    revision = _counting(series)
    if revision.launch_class is None:
        return True
    launch = Launch(
        key=series.key,
        party=series.party,
        claims=(),
        occurred=revision.issued,
        launch_class=revision.launch_class,
        range_km=revision.range_km,
        apogee_km=revision.apogee_km,
    )
    return in_scope(launch, rule.scope).in_scope


def reciprocities(watch: Watch, span: Interval) -> Iterator[Reciprocity]:
    """The pairs of parties of which one owes the other notice, with a notice in the span, by agreement and dyad.

    Args:
        watch: The watch, with its notices.
        span: The time that is looked at, UTC.
    """
    books = watch.docket.launches.books
    pairs: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for lanes in watch.docket.launches.lanes.values():
        for lane in lanes:
            first, second = sorted((lane.launcher, lane.recipient))
            pairs[lane.rule.agreement.id].add((first, second))
    for agreement in watch.docket.book.agreements:
        priors = [obligation for obligation in agreement.obligations if isinstance(obligation, Prior)]
        for pair in sorted(pairs[agreement.id]):
            given, voluntary = [0, 0], [0, 0]
            for side, (launcher, recipient) in enumerate((pair, pair[::-1])):
                for series in books[launcher].series.values() if launcher in books else ():
                    if (
                        told(series, recipient)
                        and _issued_in(series, span)
                        and any(_announces(series, prior) for prior in priors)
                    ):
                        (voluntary if _voluntary(series) else given)[side] += 1
            if any(given) or any(voluntary):
                yield Reciprocity(
                    agreement=agreement.id,
                    dyad=dyad(*pair),
                    parties=pair,
                    given=(given[0], given[1]),
                    voluntary=(voluntary[0], voluntary[1]),
                )


def _voluntary(series: Series) -> bool:
    return any(revision.voluntary for revision in series.revisions)


def _issued_in(series: Series, span: Interval) -> bool:
    return _within(min(revision.issued for revision in series.revisions), span)


def _within(when: Interval, span: Interval) -> bool:
    return span.earliest <= when.earliest <= span.latest
