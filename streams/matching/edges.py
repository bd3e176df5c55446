"""Whether one notice can have meant one launch, at what cost, or in words why not."""

from datetime import timedelta
from typing import NamedTuple

from streams.agreements.model import Prior, Slack
from streams.events.areas import Area, Point
from streams.events.envelope import Party
from streams.events.launches import Window
from streams.events.times import Interval, spoken
from streams.matching.geodesy import distance_to_area_km
from streams.matching.launches import Launch, class_gap
from streams.matching.notices import UNREAD, Revision, Series, in_force_during, known, told
from streams.spans import in_words

OPEN_ENDED = timedelta(days=30)
"""How long a notice without a window is taken to speak of launches to come."""


class Edge(NamedTuple):
    """A notice that can have meant the launch.

    Attributes:
        revision: The revision of it that counts.
        after: Whether it was received only after the launch.
        seconds: How far outside the nearest window the launch came; negative before it opened.
        metres: How far outside the notified areas site and impact lay together.
        cost: What taking it costs: after the launch, outside the window, seconds, metres, another class.
    """

    revision: Revision
    after: bool
    seconds: int
    metres: int
    cost: tuple[int, int, int, int, int]


def reach(series: Series, slack: Slack) -> Interval:
    """All instants at which a launch that the series means can lie, whoever was told."""
    spans = [_reach(revision, slack) for revision in series.revisions]
    if len(spans) == 1:
        return spans[0]
    return Interval(min(span.earliest for span in spans), max(span.latest for span in spans))


def _reach(revision: Revision, slack: Slack) -> Interval:
    if revision.window is not None:
        # The first opens first; any of them may close last.
        closes = revision.window.closes
        if revision.further_windows:
            closes = max(closes, max(window.closes for window in revision.further_windows))
        return Interval(slack.before.before(revision.window.opens), slack.after.after(closes))
    had = [revision.issued, *(span for span in revision.received.values() if span is not None)]
    return Interval(slack.after.before(min(span.earliest for span in had)), max(span.latest for span in had) + OPEN_ENDED)


def linked(launch: Launch, series: Series, recipient: Party, rule: Prior) -> bool:
    """Whether the two can be matched as far as party, recipient and times go; cheap. Never false where ``edge`` finds one."""
    if launch.party != series.party:
        return False
    earliest, latest = launch.occurred
    for revision in series.revisions:
        if revision.status != "cancelled" and recipient in revision.received:
            span = _reach(revision, rule.slack)
            if span.earliest <= latest and earliest <= span.latest:
                return True
    return False


def edge(launch: Launch, series: Series, recipient: Party, rule: Prior) -> Edge | str:
    """The way in which ``series`` can have meant ``launch``, else the reason why not.

    The revision in force at the launch decides; where there is none or it does not fit, the first one that ``recipient``
    had only after the launch (within ``slack.after``) may be meant: told afterwards is a fault, but not silence.
    """
    if not told(series, recipient):
        parties = {party for revision in series.revisions for party in revision.received}
        if recipient in parties:
            return f"notice {series.key}: only its cancellation is known to have reached {recipient}"
        return f"notice {series.key} was given to {', '.join(sorted(parties))}, not to {recipient}"
    standing = in_force_during(series, launch.occurred, recipient)
    refused = ""
    if standing is not None:
        found = _fit(launch, series, standing, recipient, rule, after=False)
        if isinstance(found, Edge):
            return found
        refused = found
    late = _after(launch, series, recipient, rule)
    if late is not None:
        found = _fit(launch, series, late, recipient, rule, after=True)
        if isinstance(found, Edge) or not refused:
            return found
    return refused or _not_in_force(launch, series, recipient, rule)


def _after(launch: Launch, series: Series, recipient: Party, rule: Prior) -> Revision | None:
    until = rule.slack.after.after(launch.occurred.latest)
    late = [
        (had.earliest, place, revision)
        for place, revision in enumerate(series.revisions)
        if revision.status != "cancelled"
        and recipient in revision.received
        and launch.occurred.latest < (had := known(revision, recipient)).earliest <= until
    ]
    return min(late, key=lambda found: found[:2])[2] if late else None


def _not_in_force(launch: Launch, series: Series, recipient: Party, rule: Prior) -> str:
    for revision in reversed(series.revisions):
        had = known(revision, recipient)
        if revision.status == "cancelled" and recipient in revision.received and had.latest <= launch.occurred.earliest:
            return f"notice {series.key} was cancelled at {spoken(had.latest)}"
    first = min(known(r, recipient).earliest for r in series.revisions if r.status != "cancelled" and recipient in r.received)
    away = in_words(first - launch.occurred.latest)
    return f"notice {series.key} was received {away} after the launch, slack {rule.slack.after}"


def _fit(launch: Launch, series: Series, revision: Revision, recipient: Party, rule: Prior, *, after: bool) -> Edge | str:
    found = _held(launch, series, revision, recipient, rule, after=after)
    return f"{found} ({UNREAD})" if revision.unread and isinstance(found, str) else found


def _held(launch: Launch, series: Series, revision: Revision, recipient: Party, rule: Prior, *, after: bool) -> Edge | str:
    other_class = class_gap(launch.launch_class, revision.launch_class)
    if other_class is None:
        return f"notice {series.key} announces class {revision.launch_class}, launched was {launch.launch_class}"
    slack = rule.slack
    if revision.window is not None:
        seconds, allowed = _nearest(launch.occurred, revision, slack)
        outside, far = (2 if seconds else 0), abs(seconds)
        if not allowed:
            window = "window" if not revision.further_windows else f"nearest of {len(revision.windows)} windows"
            late = f"(it opens later), slack {slack.before}" if seconds < 0 else f"(it had closed), slack {slack.after}"
            return f"notice {series.key}: {window} {_away(far)} away {late}"
    else:
        # It names no time: less exact than a window that was kept, more than one that was not.
        ago = max(launch.occurred.earliest - known(revision, recipient).latest, timedelta())
        if ago > OPEN_ENDED:
            return f"notice {series.key} without a window was received {in_words(ago)} before, at most {in_words(OPEN_ENDED)}"
        seconds, outside, far = 0, 1, round(ago.total_seconds())
    metres = 0
    for what, place, areas in (
        ("launch", launch.site, (revision.launch_area,) if revision.launch_area is not None else ()),
        ("impact", launch.impact, revision.impact_areas),
    ):
        km = None if place is None else _nearest_km(place, areas)
        if km is not None and km > slack.km:
            return f"notice {series.key}: {what} {km:.0f} km from the {what} area, slack {slack.km:.0f} km"
        metres += round((km or 0.0) * 1_000)
    return Edge(revision, after, seconds, metres, (int(after), outside, far, metres, other_class))


def _nearest(occurred: Interval, revision: Revision, slack: Slack) -> tuple[int, bool]:
    """Seconds off the nearest window that is within the slack, and whether there is one; else off the nearest of all."""
    best: tuple[bool, int, int] | None = None
    for window in revision.windows:
        seconds = seconds_off(occurred, window)
        beyond = (seconds < 0 and occurred.latest < slack.before.before(window.opens)) or (
            seconds > 0 and occurred.earliest > slack.after.after(window.closes)
        )
        if best is None or (beyond, abs(seconds)) < best[:2]:
            best = beyond, abs(seconds), seconds
    assert best is not None
    return best[2], not best[0]


def _away(seconds: int) -> str:
    return in_words(timedelta(seconds=seconds))


def _nearest_km(place: Point, areas: tuple[Area, ...]) -> float | None:
    measured = [km for area in areas if (km := distance_to_area_km(place, area)) is not None]
    return min(measured, default=None)


def seconds_off(occurred: Interval, window: Window) -> int:
    """How far outside the window the launch came: seconds, negative before it opened, 0 where it can have kept it."""
    if occurred.latest < window.opens:
        return min(round((occurred.latest - window.opens).total_seconds()), -1)
    if occurred.earliest > window.closes:
        return max(round((occurred.earliest - window.closes).total_seconds()), 1)
    return 0
