"""Who has the watch, and by which receivers somebody is reached."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from alerts.policy import Officer, Policy, Rota
from streams.events.times import zone_named

if TYPE_CHECKING:
    from alerts.desk.calendars import Shifts

_FAR = timedelta(days=366)


class Handed(msgspec.Struct, frozen=True):
    """A rota that was handed over by hand, until a moment."""

    person: str
    until: datetime


class Told(NamedTuple):
    """A receiver, and on whose behalf it was chosen."""

    receiver: str
    person: str | None


class Rotas:
    """The rotas and the people of a policy."""

    def __init__(self, policy: Policy) -> None:
        self.rotas = {rota.id: rota for rota in policy.rotas}
        self.people = {officer.id: officer for officer in policy.people}
        self.receivers = {receiver.id: receiver for receiver in policy.receivers}
        self._shifts = {rota.id: shifts_of(rota, policy.people) for rota in policy.rotas if rota.calendar_text is not None}

    def on_watch(self, rota: str, now: datetime, handed: Mapping[str, Handed] = {}) -> str | None:
        """Who has the watch: by hand, else by an override, else by the calendar or in turn; ``None`` where nobody has."""
        known = self.rotas.get(rota)
        if known is None:
            return None
        # Whom a later policy knows no more reaches nobody: the watch is then whose it would have been.
        if (given := handed.get(rota)) is not None and now < given.until and given.person in self.people:
            return given.person
        for override in reversed(known.overrides):
            if override.start <= now < override.end:
                return override.person
        if (shifts := self._shifts.get(rota)) is not None:
            shift = shifts.at(now)
            return None if shift is None else shift.person
        return _in_turn(known, now)

    def edges(self, rota: str, start: datetime, end: datetime) -> list[datetime]:
        """Every moment after ``start`` and until ``end`` at which the watch may change, handing over by hand left out."""
        known = self.rotas[rota]
        edges = {edge for override in known.overrides for edge in (override.start, override.end)}
        if (shifts := self._shifts.get(rota)) is not None:
            edges.update(shifts.edges(start, end))
        elif known.start is not None:
            day = start.date() - timedelta(days=2)
            while day <= end.date() + timedelta(days=2):
                if day >= known.start and (day - known.start).days % known.days == 0:
                    edges.add(_handover(known, day.toordinal()))
                day += timedelta(days=1)
        return sorted(edge for edge in edges if start < edge <= end)

    def next_change(self, rota: str, now: datetime) -> datetime:
        """When the watch changes next; in a year where it does not."""
        for days in (40, 366):
            for edge in self.edges(rota, now, now + timedelta(days=days)):
                if self.on_watch(rota, edge) != self.on_watch(rota, now):
                    return edge
        return now + _FAR

    def told(self, to: Iterable[str], now: datetime, handed: Mapping[str, Handed] = {}) -> list[Told]:
        """The receivers of the targets at a moment, each once, in order. What the policy does not know reaches nobody."""
        found: dict[str, Told] = {}
        for target in to:
            kind, _, name = target.partition(":")
            if kind == "receiver":
                if name in self.receivers:
                    found.setdefault(name, Told(name, None))
                continue
            person = name if kind == "person" else self.on_watch(name, now, handed)
            if person is not None and person in self.people:
                for receiver in self.people[person].receivers:
                    if receiver in self.receivers:
                        found.setdefault(receiver, Told(receiver, person))
        return list(found.values())


def shifts_of(rota: Rota, people: Iterable[Officer]) -> "Shifts":
    """The watches of a rota that is a calendar.

    Raises:
        ValueError: when the calendar cannot be used.
    """
    # Reading calendars takes longer to import than most commands take to run.
    from alerts.desk.calendars import Shifts

    named: dict[str, str] = {}
    for officer in people:
        for word in (officer.id, officer.name, *officer.known_as):
            named.setdefault(word.lower(), officer.id)
    return Shifts(rota.calendar_text or "", rota.zone, named)


def _in_turn(rota: Rota, now: datetime) -> str | None:
    """Whose turn it is. Handovers are moments of local time, so a watch is an hour shorter or longer where clocks change."""
    if rota.start is None or not rota.people:
        return None
    day = now.astimezone(zone_named(rota.zone)).date()
    if now < _handover(rota, day.toordinal()):
        day -= timedelta(days=1)
    days = (day - rota.start).days
    return None if days < 0 else rota.people[days // rota.days % len(rota.people)]


@lru_cache(maxsize=4_096)
def _handover(rota: Rota, day: int) -> datetime:
    """The moment of a day's handover, UTC; where clocks skip it, as much later, and where it comes twice, the first."""
    wall = datetime.combine(datetime.fromordinal(day), rota.handover)
    return wall.replace(tzinfo=zone_named(rota.zone)).astimezone(UTC)
