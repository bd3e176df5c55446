"""Stretches of time: made of lapses, merged where they touch, cut to a span."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from streams.lapses import Lapse


class Stretch(NamedTuple):
    """From ``start`` until ``end``; ``still`` where it goes on after the end of the span, which is its ``end`` then."""

    start: datetime
    end: datetime
    still: bool


def finals(transitions: Iterable[Lapse], *, exercise: bool = False) -> list[list[Lapse]]:
    """The lapses that stand, each as its revisions in order; withdrawn ones are left out.

    Args:
        transitions: Revisions of any lapses, in any order.
        exercise: Whether the lapses of drills are wanted, or all others.
    """
    books: dict[str, dict[int, Lapse]] = {}
    for lapse in transitions:
        if lapse.exercise == exercise:
            books.setdefault(lapse.id, {})[lapse.revision] = lapse
    revisions = [[book[number] for number in sorted(book)] for _, book in sorted(books.items())]
    return sorted((one for one in revisions if one[-1].state != "withdrawn"), key=lambda one: (one[-1].onset, one[-1].id))


def lapsed_and_unknown(revisions: Sequence[Lapse], until: datetime) -> tuple[list[Stretch], list[Stretch]]:
    """For which stretches a lapse stood, and for which nobody can say.

    An outage whose feed fell silent later is lapsed until then, and unknown from then on.

    Args:
        revisions: Those of one lapse, in order.
        until: The end of the span.
    """
    last = revisions[-1]
    if last.state != "unknown":
        return stretch(last.onset, last.resolved, until), []
    if last.reason == "feed-silent":
        return [], stretch(last.onset, last.resolved, until)
    lost = last.at
    for revision in reversed(revisions):
        if revision.state != "unknown":
            break
        lost = revision.at
    return stretch(last.onset, lost, until), stretch(max(last.onset, lost), last.resolved, until)


def stretch(start: datetime, end: datetime | None, until: datetime) -> list[Stretch]:
    """The stretch from ``start``, cut at ``until``; none where it begins only then."""
    if start >= until:
        return []
    if end is None or end > until:
        return [Stretch(start, until, True)]
    # A call known to the day may have been held before the minute of its request.
    return [Stretch(start, max(start, end), False)]


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The stretches by time, those that overlap or touch as one."""
    result: list[Stretch] = []
    for one in sorted(stretches):
        if result and one.start <= result[-1].end:
            before = result[-1]
            result[-1] = Stretch(before.start, max(before.end, one.end), before.still or one.still)
        else:
            result.append(one)
    return result


def since(stretches: Iterable[Stretch], moment: datetime) -> list[Stretch]:
    """What of the stretches lies at or after ``moment``."""
    return [Stretch(max(one.start, moment), one.end, one.still) for one in stretches if one.end > moment or one.start == moment]
