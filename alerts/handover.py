"""The handover report: what is open, since when, what was done, who has it, what comes next. Pure."""

from datetime import datetime

import msgspec

from alerts.audit import Head
from alerts.desk import Desk, PageView, SilenceView
from streams.events.times import spoken


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """All that whoever takes over must know.

    Attributes:
        at: When it was made, UTC.
        watch: Who has the watch, by rota.
        open: The pages that are open, the loudest first.
        next: What is to be done about each, by its id, in words.
        silences: What is silent, and what will be.
        waiting: Sendings that nobody has taken yet.
        failing: Receivers that took nothing last, and why.
        trail: The head of the audit trail: whoever keeps it can tell later whether the trail up to here was changed.
    """

    at: datetime
    watch: dict[str, str | None]
    open: list[PageView]
    next: dict[str, str]
    silences: list[SilenceView]
    waiting: int
    failing: dict[str, str]
    trail: str


def handover(desk: Desk, at: datetime, *, waiting: int, failing: dict[str, str], trail: Head) -> Handover:
    """The report as of ``at``.

    Args:
        desk: The desk.
        at: The time of day, UTC.
        waiting: Sendings that nobody has taken yet.
        failing: Receivers that took nothing last, and why.
        trail: The head of the audit trail.
    """
    pages = desk.pages()
    return Handover(
        at=at,
        watch=desk.watch(at),
        open=pages,
        next={page.id: next_step(page) for page in pages},
        silences=desk.silences(),
        waiting=waiting,
        failing=failing,
        trail=str(trail),
    )


def next_step(page: PageView) -> str:
    """What is to be done about a page."""
    due = "" if page.next_due is None else f"; the desk speaks of it again at {spoken(page.next_due)}"
    if page.has is not None:
        return f"{page.has.by} has it{_until(page.has.until)}{due}"
    if page.snoozed is not None:
        return f"snoozed by {page.snoozed.by}{_until(page.snoozed.until)}, and nobody has it{due}"
    if page.trouble is not None:
        return f"nobody has it: mend what is in trouble, or steadyline alerts ack {page.id}{due}"
    return f"nobody has it: steadyline alerts ack {page.id}{due}"


def _until(until: datetime | None) -> str:
    return "" if until is None else f" until {spoken(until)}"
