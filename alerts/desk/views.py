"""Pages as people look at them."""

from datetime import datetime
from typing import Literal

import msgspec

from alerts.desk.holding import Holding
from alerts.desk.state import Done, Has, Page, Word, by_loudness
from alerts.desk.trouble import Trouble
from streams.actions import Match
from streams.lapses import Lapse
from streams.severity import Severity

PageState = Literal["firing", "acknowledged", "snoozed", "resolved", "withdrawn"]


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it stands.

    Attributes:
        lapses: All that is or was on it, what stands first, the loudest first.
        standing: How many of them stand.
        severity: The loudest that stands; the loudest there was where none does.
        since: Since when there is this page, UTC.
        over: Since when nothing on it stands.
        has: Who has it; ``snoozed`` and ``closed`` likewise.
        words: Who was told what, when; the first and the latest of very many.
        next_due: When the desk will do something about it next, should nothing come.
        trouble: What is in trouble, where the page is the desk's own.
    """

    id: str
    state: PageState
    severity: Severity
    since: datetime
    lapses: tuple[Lapse, ...] = ()
    standing: int = 0
    over: datetime | None = None
    has: Has | None = None
    snoozed: Has | None = None
    closed: Has | None = None
    deeds: tuple[Done, ...] = ()
    words: tuple[Word, ...] = ()
    sendings: int = 0
    next_due: datetime | None = None
    exercise: bool = False
    run: str | None = None
    trouble: str | None = None


class SilenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A silence that holds or is to come; announced in the policy where ``by`` is empty."""

    name: str
    match: Match
    start: datetime
    end: datetime
    reason: str
    by: str
    holds: bool
    exercise: bool


def page_view(page: Page) -> PageView:
    """The page as people look at it."""
    head = page.head
    items = sorted(page.items.values(), key=lambda item: (item.over, *by_loudness(item)))
    standing = page.standing()
    loudest = max((item.lapse.severity for item in standing or items), key=lambda severity: severity.rank)
    return PageView(
        id=head.id,
        state=_state(page),
        severity=loudest,
        since=head.opened,
        lapses=tuple(item.lapse for item in items),
        standing=len(standing),
        over=head.over_at,
        has=head.has,
        snoozed=head.snoozed,
        closed=head.closed,
        deeds=tuple(head.deeds),
        words=tuple(head.words),
        sendings=head.number,
        next_due=None if head.over_at is not None else head.due,
        exercise=head.drill,
        run=head.run,
    )


def trouble_view(trouble: Trouble) -> PageView:
    """The desk's own trouble as a page."""
    return PageView(
        id=trouble.id,
        state="firing" if trouble.has is None else "acknowledged",
        severity=Severity.PAGE,
        since=trouble.since,
        has=trouble.has,
        sendings=trouble.number,
        next_due=trouble.nag_at if trouble.has is None else trouble.has.until,
        exercise=trouble.drill,
        run=trouble.run,
        trouble=f"{trouble.about}: {trouble.why}",
    )


def silence_views(holding: Holding, now: datetime) -> list[SilenceView]:
    """The silences that hold or are to come, by their ends."""
    views = [
        SilenceView(
            name=silence.name,
            match=silence.match,
            start=silence.start,
            end=silence.end,
            reason=silence.reason,
            by=silence.by,
            holds=silence.start <= now,
            exercise=silence.drill,
        )
        for silence in holding.silences()
        if now < silence.end
    ]
    return sorted(views, key=lambda view: (view.end, view.name))


def _state(page: Page) -> PageState:
    head = page.head
    if not page.standing():
        return "withdrawn" if all(item.lapse.state == "withdrawn" for item in page.items.values()) else "resolved"
    if head.has is not None:
        return "acknowledged"
    return "snoozed" if head.snoozed is not None else "firing"
