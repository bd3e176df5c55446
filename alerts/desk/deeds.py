"""What people do about pages: whether it makes sense, and what it changes."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from alerts.desk.escalation import put_off
from alerts.desk.holding import Quieted
from alerts.desk.pages import again
from alerts.desk.rotas import Handed
from alerts.desk.state import Done, Has, Page
from alerts.desk.trouble import Trouble
from streams.actions import (
    Acknowledge,
    Action,
    HandOver,
    Note,
    Resolve,
    Silence,
    Snooze,
    Unacknowledge,
    Unsilence,
)
from streams.events.times import spoken
from streams.spans import Span

if TYPE_CHECKING:
    from alerts.desk.desk import Desk

LONGEST = timedelta(days=366)
"""The longest that anything may be acknowledged, snoozed or silenced at once: what nobody comes back to is forgotten."""
_ACK_FOR = Span(seconds=90 * 86_400)


class RefusedError(ValueError):
    """An action that makes no sense; the message says why, for the person who tried it."""


def check(desk: "Desk", action: Action, now: datetime) -> None:
    """Hold an action against what stands.

    Raises:
        RefusedError: when it makes no sense; nothing was changed.
    """
    match action.deed:
        case Acknowledge(until=until) | Snooze(until=until):
            _standing(desk, action)
            _ahead(until, now)
        case Unacknowledge():
            about = _standing(desk, action)
            if (about.has if isinstance(about, Trouble) else about.head.has or about.head.snoozed) is None:
                raise RefusedError(f"{action.deed.target}: nobody has acknowledged or snoozed it")
        case Note():
            _found(desk, action)
        case Resolve():
            _standing(desk, action)
        case Silence() as silence:
            _ahead(silence.end, now)
            if silence.end - silence.start > LONGEST:
                raise RefusedError(f"expected a silence of {LONGEST.days} days at most")
            known = {other.name: other for other in desk.paging.holding.silences()}
            if (other := known.get(silence.name)) is not None and other.end > now:
                raise RefusedError(
                    f"there is a silence {silence.name} until {spoken(other.end)}: end it first, or choose a name"
                )
        case Unsilence(name=name):
            if name not in desk.paging.holding.said:
                raise RefusedError(f"no silence of the name {name!r} was said; those of the policy are changed there")
        case HandOver() as handing:
            if handing.rota not in desk.saying.rotas.rotas:
                raise RefusedError(f"no rota has the id {handing.rota!r}")
            if handing.to not in desk.saying.rotas.people:
                raise RefusedError(f"no person of the policy has the id {handing.to!r}")
            _ahead(handing.until, now)


def apply(desk: "Desk", action: Action, now: datetime) -> list[str]:
    """Do what the action says; returns the pages on which there may be something to say now."""
    deed = action.deed
    match deed:
        case Silence():
            drill = action.exercise or action.run is not None or desk.run is not None
            said = Quieted(deed.name, deed.match, deed.start, deed.end, deed.reason, action.by, drill)
            desk.paging.holding.said[deed.name] = said
            return desk.standing()
        case Unsilence():
            desk.paging.holding.said.pop(deed.name, None)
            return desk.standing()
        case HandOver():
            until = deed.until or desk.saying.rotas.next_change(deed.rota, now)
            desk.saying.handed[deed.rota] = Handed(deed.to, until)
            return []
        case _:
            about = _found(desk, action)
            if isinstance(about, Trouble):
                _trouble(desk, about, action, now)
                return []
            _done(desk, about, action, now)
            return [about.head.id]


def _done(desk: "Desk", page: Page, action: Action, now: datetime) -> None:
    head, deed = page.head, action.deed
    match deed:
        case Acknowledge():
            routes = [desk.paging.routing.routes[name] for name in head.tracks if name in desk.paging.routing.routes]
            until = deed.until or min((route.ack_for.after(now) for route in routes), default=_ACK_FOR.after(now))
            head.has, head.snoozed = Has(by=action.by, at=now, until=until, note=deed.note or ""), None
            desk.paging.acknowledged(page, now)
            _taken(desk, page, now)
            did, note = f"acknowledged until {spoken(until)}", deed.note
        case Snooze():
            head.has, head.snoozed = None, Has(by=action.by, at=now, until=deed.until, note=deed.note or "")
            _taken(desk, page, now)
            did, note = f"snoozed until {spoken(deed.until)}", deed.note
        case Unacknowledge():
            head.has = head.snoozed = None
            again(page, f"{action.by} has let go of it")
            did, note = "unacknowledged", deed.note
        case Resolve():
            desk.paging.close(page, Has(by=action.by, at=now, note=deed.reason))
            did, note = "closed", deed.reason
        case Note():
            did, note = "noted", deed.note
        case _:
            raise AssertionError(deed)
    page.did(Done(at=now, by=action.by, did=did, note=note or ""))


def _taken(desk: "Desk", page: Page, now: datetime) -> None:
    """Somebody has seen all that stands on the page: nothing of it is new, and no reminder is overdue."""
    desk.paging.cover(page)
    for name, track in page.head.tracks.items():
        track.again = ""
        if (route := desk.paging.routing.routes.get(name)) is not None:
            put_off(track, route, now)


def _trouble(desk: "Desk", trouble: Trouble, action: Action, now: datetime) -> None:
    desk.troubles.touched.add(trouble.about)
    match action.deed:
        case Acknowledge(until=until):
            trouble.has = Has(by=action.by, at=now, until=until or _ACK_FOR.after(now))
        case Snooze(until=until):
            trouble.has = Has(by=action.by, at=now, until=until)
        case Unacknowledge():
            trouble.has, trouble.nag_at = None, now
        case Resolve():
            # Whether it is mended only a delivery can tell; until then it is this person's.
            trouble.has = Has(by=action.by, at=now, until=now + LONGEST)
        case _:
            pass


def _found(desk: "Desk", action: Action) -> Page | Trouble:
    """The page that is meant: by its own id, or by that of a lapse on it."""
    target = getattr(action.deed, "target", "")
    drill = action.exercise or action.run is not None
    page = desk.books.get(target) or desk.books.get(desk.listed.get((drill, target), desk.listed.get((not drill, target), "")))
    about = page or desk.troubles.by_id(target)
    if about is None:
        raise RefusedError(f"no page, and no lapse on one, has the id {target!r}")
    return about


def _standing(desk: "Desk", action: Action) -> Page | Trouble:
    about = _found(desk, action)
    if isinstance(about, Page) and not about.standing():
        raise RefusedError(f"{about.head.id}: nothing on this page stands any more")
    return about


def _ahead(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise RefusedError(f"expected an end that is to come, got {spoken(until)}")
    if until is not None and until > now + LONGEST:
        raise RefusedError(f"expected an end within {LONGEST.days} days, got {spoken(until)}")
