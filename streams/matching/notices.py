"""Notice revisions to series: what was announced, to whom, since when, and how long ahead.

Lead is counted from receipt, in UTC (New START Protocol, Part Four: the date of provision is the date of receipt), to the
start of the window (India-Pakistan 2005) or to the planned date (1988 agreement).
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

import msgspec

from streams.events.areas import Area
from streams.events.envelope import Party
from streams.events.launches import LaunchClass, LaunchNotice, Window
from streams.events.times import Interval, spoken
from streams.matching.disagreements import contrast

_PRECISION = {"second": 0, "minute": 1, "hour": 2, "day": 3}
_T = TypeVar("_T")
UNREAD = "parts of the notice could not be read: what they say may change this"
"""What is said wherever such a notice is evidence."""
_TOLD = 4
"""How many windows of one source are told where sources differ about them."""


class Revision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One revision of a notice, with every source's claim of it.

    An amendment says only what changes; what it leaves out (windows, areas, class, range, apogee, agreements) is taken from
    the revision before it. Windows are replaced as a whole. How many launches it covers and whom it was sent to it says
    itself.

    Attributes:
        number: The revision's number.
        claims: The notices that report this revision, by (time, id).
        issued: When it was issued, UTC.
        received: The parties told by this revision, each with its receipt (``None``: told, nobody says when).
        via: The channels it is said to have come by, sorted; ``agreements`` likewise.
        window: Planned time of the launch, where there are several the first; ``None`` where no revision so far gives one.
        further_windows: The others, in order of time.
        lead_hours: The lead as its source states it.
        launches: How many launches it covers; 0 means any number.
        unread: Whether parts of it, or of what it leaves standing of the revision before it, could not be read.
        disagreements: What its claims disagree about, with their sources.
    """

    number: int
    status: Literal["planned", "amended", "cancelled"]
    claims: tuple[LaunchNotice, ...]
    issued: Interval
    received: dict[Party, Interval | None]
    via: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    launch_class: LaunchClass | None = None
    range_km: float | None = None
    apogee_km: float | None = None
    window: Window | None = None
    further_windows: tuple[Window, ...] = ()
    launch_area: Area | None = None
    impact_areas: tuple[Area, ...] = ()
    lead_hours: float | None = None
    launches: int = 1
    voluntary: bool = False
    unread: bool = False
    disagreements: tuple[str, ...] = ()

    @property
    def windows(self) -> tuple[Window, ...]:
        """Every window, in order of time; a launch in any of them keeps the notice."""
        return () if self.window is None else (self.window, *self.further_windows)


class Series(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A notice over its revisions.

    Attributes:
        key: The notice's own number.
        revisions: By (revision, time, id); a later one replaces the earlier.
        cancelled_at: When it was cancelled (the last possible instant), where its last revision cancels it.
    """

    key: str
    party: Party
    revisions: tuple[Revision, ...]
    cancelled_at: datetime | None = None


class LeadResult(msgspec.Struct, frozen=True, kw_only=True):
    """How long ahead a recipient knew.

    Attributes:
        shortest: The shortest lead the evidence allows; ``None`` where it is unknown. ``longest`` likewise.
        receipt: The receipt it was counted from.
        reference: The moment it was counted to, UTC.
        basis: ``receipt``, ``stated`` (the source's own ``lead_hours``) or ``unknown``.
        kept_from: The number of the earlier revision whose receipt counts, where a postponement kept it.
    """

    shortest: timedelta | None = None
    longest: timedelta | None = None
    receipt: Interval | None = None
    reference: datetime | None = None
    basis: Literal["receipt", "stated", "unknown"] = "unknown"
    kept_from: int | None = None


def series_of(notices: Iterable[LaunchNotice]) -> list[Series]:
    """The series behind the notices, by (party, key); a function of the set of notices.

    Several sources that report one revision are claims of it. One source that reports the same revision twice speaks of two
    states of the notice, the later of which replaces the earlier.
    """
    grouped: dict[tuple[str, str], dict[tuple[str, str], LaunchNotice]] = {}
    for notice in notices:
        grouped.setdefault((notice.data.party, notice.data.notice), {})[notice.source, notice.id] = notice
    return [_series(party, key, list(grouped[party, key].values())) for party, key in sorted(grouped)]


def _series(party: str, key: str, notices: list[LaunchNotice]) -> Series:
    editions: dict[tuple[int, str, int], list[LaunchNotice]] = {}
    told_before: dict[tuple[int, str, str], int] = {}
    for notice in sorted(notices, key=_by_time):
        data = notice.data
        place = told_before.get((data.revision, data.status, notice.source), 0)
        told_before[data.revision, data.status, notice.source] = place + 1
        editions.setdefault((data.revision, data.status, place), []).append(notice)
    revisions: list[Revision] = []
    for claims in sorted(editions.values(), key=lambda claims: (claims[0].data.revision, _by_time(claims[0]))):
        revisions.append(_revision(claims, revisions[-1] if revisions else None))
    last = revisions[-1]
    return Series(
        key=key,
        party=party,
        revisions=tuple(revisions),
        cancelled_at=last.issued.latest if last.status == "cancelled" else None,
    )


def _by_time(notice: LaunchNotice) -> tuple[datetime, str, str]:
    return notice.time, notice.id, notice.source


def _merit(notice: LaunchNotice) -> tuple[int, datetime, datetime, str, str]:
    # Not when the log took it in: that is an accident of arrival.
    return _PRECISION[notice.precision], notice.reported or notice.occurred.latest, *_by_time(notice)


def _revision(claims: list[LaunchNotice], before: Revision | None) -> Revision:
    """One revision of its claims, by (time, id); the best claim that gives a field decides."""
    ranked = sorted(claims, key=_merit) if len(claims) > 1 else claims
    data = [notice.data for notice in ranked]
    best = data[0]
    # A plan stands for itself; an amendment or a cancellation speaks of the plan before it.
    old = before if best.status != "planned" else None
    windows = _given((one.windows or None for one in data), old.windows if old else None) or ()
    launch_areas: list[Area] = [one.launch_area for one in data if one.launch_area is not None]
    return Revision(
        number=best.revision,
        status=best.status,
        claims=tuple(claims),
        issued=ranked[0].occurred,
        received=_receipts(ranked),
        via=tuple(sorted({one.via for one in data if one.via is not None})),
        agreements=tuple(sorted({each for one in data for each in one.agreements})) or (old.agreements if old else ()),
        launch_class=_given((one.launch_class for one in data), old.launch_class if old else None),
        range_km=_given((one.range_km for one in data), old.range_km if old else None),
        apogee_km=_given((one.apogee_km for one in data), old.apogee_km if old else None),
        window=windows[0] if windows else None,
        further_windows=windows[1:],
        launch_area=launch_areas[0] if launch_areas else (old.launch_area if old else None),
        impact_areas=_given((one.impact_areas or None for one in data), old.impact_areas if old else None) or (),
        lead_hours=_given((one.lead_hours for one in data), None),
        launches=best.launches,
        voluntary=any(one.voluntary for one in data),
        unread=any(one.unread for one in data) or (old is not None and old.unread),
        disagreements=_disagreements(ranked) if len(claims) > 1 else (),
    )


def _given(values: Iterable[_T | None], otherwise: _T | None) -> _T | None:
    return next((value for value in values if value is not None), otherwise)


def _receipts(ranked: list[LaunchNotice]) -> dict[Party, Interval | None]:
    """Per party told, when it can have had the notice: what all sources allow, or where they exclude each other, any."""
    said: dict[Party, list[Interval]] = {}
    for notice in ranked:
        for recipient in notice.data.recipients:
            known = said.setdefault(recipient.party, [])
            if (when := recipient.receipt) is not None:
                known.append(when)
            elif notice.received is not None and len(notice.data.recipients) == 1:
                known.append(Interval(notice.received, notice.received))
    result: dict[Party, Interval | None] = {}
    for party, spans in sorted(said.items()):
        if not spans:
            result[party] = None
            continue
        earliest, latest = max(span.earliest for span in spans), min(span.latest for span in spans)
        if earliest > latest:
            earliest, latest = min(span.earliest for span in spans), max(span.latest for span in spans)
        result[party] = Interval(earliest, latest)
    return result


def _disagreements(ranked: list[LaunchNotice]) -> tuple[str, ...]:
    windows = [(given, n.source) for n in ranked if (given := n.data.windows)]
    shared = set.intersection(*(set(given) for given, _ in windows)) if windows else set()
    classes = [(n.data.launch_class, n.source) for n in ranked if n.data.launch_class not in (None, "unknown")]
    counts = [(str(n.data.launches or "any number"), n.source) for n in ranked]
    return (
        *contrast("window", ((_windows_words(given, shared), source) for given, source in windows)),
        *contrast("class", ((str(named), source) for named, source in classes)),
        *contrast("launches covered", counts),
    )


def _windows_words(windows: tuple[Window, ...], shared: Collection[Window]) -> str:
    """The windows; of very many those that not all sources give, and how many more there are."""
    told = windows if len(windows) <= _TOLD else [window for window in windows if window not in shared][:_TOLD]
    words = [f"{spoken(window.opens)} to {spoken(window.closes)}" for window in told]
    if len(windows) > len(words):
        words.append(f"{len(windows) - len(words)} more" if words else f"{len(windows)} windows")
    return ", ".join(words)


def known(revision: Revision, recipient: Party | None = None) -> Interval:
    """When the revision was received by ``recipient``; where nobody says, or without one, when it was issued."""
    return (revision.received.get(recipient) if recipient is not None else None) or revision.issued


def in_force(series: Series, moment: datetime, recipient: Party | None = None) -> Revision | None:
    """The revision in force at ``moment``: the last one known by then, unless that one cancels.

    Known is received by ``recipient`` (only revisions that name it count), or without one, issued. Where only the day of
    receipt is known, it counts from that day's first instant; a cancellation counts from its last.
    """
    return in_force_during(series, Interval(moment, moment), recipient)


def in_force_during(series: Series, span: Interval, recipient: Party | None = None) -> Revision | None:
    """The revision that can have been in force at some instant of ``span``; see ``in_force``."""
    for revision in reversed(series.revisions):
        if recipient is not None and recipient not in revision.received:
            continue
        had = known(revision, recipient)
        if revision.status == "cancelled":
            if had.latest <= span.earliest:
                return None
        elif had.earliest <= span.latest:
            return revision
    return None


def receipt(series: Series, revision: Revision, recipient: Party) -> Interval | None:
    """When ``recipient`` had the announcement that counts for this revision's lead.

    Its own receipt, or where it only postpones (its first window opens no earlier than that of the revision before it which the
    recipient had), that revision's. ``None`` where it was not told or nobody says when.
    """
    return _counted(series, revision, recipient).received.get(recipient)


def lead(series: Series, revision: Revision, recipient: Party, reference: Literal["window", "date"]) -> LeadResult:
    """How long before the notified time the recipient knew of it.

    Counted from receipt to the start of the first window (``window``) or of the UTC day in which it starts (``date``). A
    postponement keeps the receipt of the revision it postpones; a window brought forward counts from its own receipt.
    """
    counted = _counted(series, revision, recipient)
    kept_from = counted.number if counted is not revision else None
    until = revision.window.opens if revision.window is not None else None
    if until is not None and reference == "date":
        until = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    had = counted.received.get(recipient)
    if had is not None and until is not None:
        return LeadResult(
            shortest=until - had.latest,
            longest=until - had.earliest,
            receipt=had,
            reference=until,
            basis="receipt",
            kept_from=kept_from,
        )
    if had is None and recipient in counted.received and counted.lead_hours is not None:
        stated = timedelta(hours=counted.lead_hours)
        if counted is not revision and counted.window is not None and revision.window is not None:
            stated += revision.window.opens - counted.window.opens
        return LeadResult(shortest=stated, longest=stated, reference=until, basis="stated", kept_from=kept_from)
    return LeadResult(receipt=had, reference=until, kept_from=kept_from)


def _counted(series: Series, revision: Revision, recipient: Party) -> Revision:
    """The revision whose receipt counts: back from ``revision`` over those that it and its forerunners only postpone."""
    if recipient not in revision.received:
        return revision
    counted = revision
    for before in reversed(series.revisions[: series.revisions.index(revision)]):
        if recipient not in before.received:
            continue
        if before.status == "cancelled" or before.window is None or counted.window is None:
            break
        if counted.window.opens < before.window.opens:
            break
        counted = before
    return counted


def told(series: Series, recipient: Party) -> bool:
    """Whether any revision that announces (and does not cancel) names ``recipient``."""
    return any(recipient in revision.received for revision in series.revisions if revision.status != "cancelled")
