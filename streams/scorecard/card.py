"""The whole card: what a watch knows, measured over a span."""

from collections.abc import Sequence
from datetime import UTC, datetime

from streams.events import Interval
from streams.lapses import Lapse
from streams.scorecard.channels import channel_score
from streams.scorecard.dyads import dyad_scores
from streams.scorecard.lines import lines_of
from streams.scorecard.regimes import reciprocities, regime_scores
from streams.scorecard.scores import Scorecard
from streams.scorecard.stretches import finals, lapsed_and_unknown
from streams.watch import Watch

_EVER = datetime.max.replace(tzinfo=UTC)


def scorecard(watch: Watch, transitions: Sequence[Lapse], since: datetime, until: datetime) -> Scorecard:
    """Measure how channels, regimes and dyads fared from ``since`` to ``until``.

    A function of its arguments. Each lapse counts as its last revision has it, from its onset until it was resolved or else
    until the end of the span; one that was withdrawn does not count. What was learned after ``until`` is used: the past is
    judged by all that is known now. ``scores`` defines every measure and gives its unit.

    Args:
        watch: The watch, for its evidence.
        transitions: Every revision of every lapse that it returned, in any order. The watch alone is not enough: it forgets
            what is settled.
        since: The beginning of the span, with its zone.
        until: Its end, with its zone; not after the watch's own time, or what was to come counts as it stands now.

    Raises:
        ValueError: when a moment has no zone, or the span ends before it begins.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError(f"expected moments with a zone, got {since.isoformat()} and {until.isoformat()}")
    if until < since:
        raise ValueError(f"expected a span that ends after it begins, got {since.isoformat()} to {until.isoformat()}")
    span = Interval(since.astimezone(UTC), until.astimezone(UTC))
    lapses = finals(transitions)
    lines = list(lines_of(watch, lapses, span))
    return Scorecard(
        since=span.earliest,
        until=span.latest,
        channels=tuple(channel_score(line, span) for line in lines),
        never_heard=len(watch.docket.channels.records) - len(lines),
        regimes=tuple(regime_scores(watch, lapses, span)),
        reciprocity=tuple(reciprocities(watch, span)),
        dyads=dyad_scores(lines, span),
        exercise_lapses=sum(_touches(revisions, span) for revisions in finals(transitions, exercise=True)),
    )


def first_heard(watch: Watch, transitions: Sequence[Lapse]) -> datetime | None:
    """When the watch first heard of any channel, launch or notice, UTC: where a span can begin that nobody set.

    Args:
        watch: The watch, for its evidence.
        transitions: Every revision of every lapse that it returned.
    """
    lapses = finals(transitions)
    moments = [line.heard for line in lines_of(watch, lapses, Interval(_EVER, _EVER))]
    moments += [revisions[-1].onset for revisions in lapses]
    for book in watch.docket.launches.books.values():
        moments += [launch.occurred.earliest for launch in book.launches.values()]
        moments += [revision.issued.earliest for series in book.series.values() for revision in series.revisions]
    return min(moments, default=None)


def _touches(revisions: Sequence[Lapse], span: Interval) -> bool:
    lapsed, unknown = lapsed_and_unknown(revisions, span.latest)
    return any(one.end >= span.earliest for one in (*lapsed, *unknown))
