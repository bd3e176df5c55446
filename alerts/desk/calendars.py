"""A calendar of watches from any calendar program (iCalendar, RFC 5545): who has the watch at a moment.

A calendar is as hostile as any file from outside. What could be expanded without end is refused before anything is expanded:
rules that count hours or less, very many events, rules that never come true, watches of centuries and at the ends of time.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import recurring_ical_events
from dateutil.rrule import rrulestr
from icalendar import Calendar, Event

from alerts.policy import MAX_CALENDAR
from streams.events.times import zone_named

_MOST_EVENTS, _MOST_RULES, _MOST_STEPS = 2_000, 200, 1_000
_CHUNK, _LONGEST = timedelta(days=32), timedelta(days=366)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALLOWED = {
    "DAILY": {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"},
    "WEEKLY": {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"},
    "MONTHLY": {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH"},
    "YEARLY": {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH"},
}


class Shift(NamedTuple):
    """Somebody's watch, UTC; ``end`` is not part of it."""

    start: datetime
    end: datetime
    person: str


class Shifts:
    """The watches of a calendar, expanded a month at a time.

    Args:
        text: The calendar.
        zone: The zone in which times without one are meant, and whole days.
        people: Every word by which a person may be named (id, name, address), to the person's id; lower case.

    Raises:
        ValueError: when it is no calendar, or one that could be expanded without end.
    """

    def __init__(self, text: str, zone: str, people: dict[str, str]) -> None:
        self._zone = zone_named(zone)
        self._people = people
        self._query = recurring_ical_events.of(_parsed(text), skip_bad_series=True)
        self._chunk = lru_cache(maxsize=64)(self._expanded)

    def at(self, moment: datetime) -> Shift | None:
        """The watch at a moment: of several the one that began last, of those the first by name."""
        found = [shift for shift in self._chunk(self._number(moment)) if shift.start <= moment < shift.end]
        return min(found, key=lambda shift: (-shift.start.timestamp(), shift.person), default=None)

    def edges(self, start: datetime, end: datetime) -> list[datetime]:
        """Every moment after ``start`` and until ``end`` at which a watch begins or ends."""
        numbers = range(self._number(start), self._number(end) + 1)
        edges = {edge for number in numbers for shift in self._chunk(number) for edge in (shift.start, shift.end)}
        return sorted(edge for edge in edges if start < edge <= end)

    def _number(self, moment: datetime) -> int:
        return (moment - _EPOCH) // _CHUNK

    def _expanded(self, number: int) -> tuple[Shift, ...]:
        start = _EPOCH + number * _CHUNK
        # Whole days and times without a zone are of any zone: a day's margin on each side covers them.
        found = self._query.between(start - timedelta(days=1), start + _CHUNK + timedelta(days=1))
        shifts = (self._shift(event) for event in found if isinstance(event, Event))
        return tuple(sorted(shift for shift in shifts if shift is not None and shift.start < shift.end))

    def _shift(self, event: Event) -> Shift | None:
        person = self._named(event)
        if person is None or str(event.get("STATUS", "")).upper() == "CANCELLED":
            return None
        return Shift(self._moment(event.start), self._moment(event.end), person)

    def _named(self, event: Event) -> str | None:
        attendees = event.get("ATTENDEE", ())
        addresses = attendees if isinstance(attendees, list) else [attendees] if attendees else []
        for word in (str(event.get("SUMMARY", "")), *map(str, addresses)):
            person = self._people.get(word.strip().lower().removeprefix("mailto:"))
            if person is not None:
                return person
        return None

    def _moment(self, value: date) -> datetime:
        if not isinstance(value, datetime):
            value = datetime.combine(value, time())
        return (value if value.tzinfo is not None else value.replace(tzinfo=self._zone)).astimezone(UTC)


def _parsed(text: str) -> Calendar:
    if len(text.encode()) > MAX_CALENDAR:
        raise ValueError(f"expected a calendar of at most {MAX_CALENDAR} bytes, got more")
    try:
        calendar = Calendar.from_ical(text)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"expected an iCalendar file (RFC 5545), got: {error}") from error
    if calendar.name != "VCALENDAR":
        raise ValueError("expected an iCalendar file (RFC 5545) with one VCALENDAR")
    events = [component for component in calendar.walk("VEVENT") if isinstance(component, Event)]
    if len(events) > _MOST_EVENTS:
        raise ValueError(f"expected at most {_MOST_EVENTS} events, got {len(events)}")
    if not events:
        raise ValueError("expected one event (VEVENT) at least, got none")
    for event in events:
        _timed(event)
    rules = [(event, rule) for event in events for rule in _rules_of(event)]
    if len(rules) > _MOST_RULES:
        raise ValueError(f"expected at most {_MOST_RULES} recurring events, got {len(rules)}")
    for event, rule in rules:
        _bounded(event, rule)
    return calendar


def _timed(event: Event) -> None:
    """Refuse an event whose times make no sense; the libraries would mend some of them by guessing."""
    try:
        backwards, length = event.end < event.start, event.end - event.start
    except Exception as error:
        raise ValueError(f"{_name(event)!r}: expected an event with a start and an end, got: {error}") from error
    if backwards:
        raise ValueError(f"{_name(event)!r}: expected an end after the start, got {event.end} and {event.start}")
    if not _FIRST_YEAR <= event.start.year <= _LAST_YEAR:
        raise ValueError(f"{_name(event)!r}: expected a start from {_FIRST_YEAR} to {_LAST_YEAR}, got {event.start}")
    if length > _LONGEST:
        raise ValueError(f"{_name(event)!r}: expected a watch of at most {_LONGEST.days} days, got {length.days}")
    dates = event.get("RDATE", [])
    if any(isinstance(each.dt, tuple) for some in (dates if isinstance(dates, list) else [dates]) for each in some.dts):
        raise ValueError(f"{_name(event)!r}: expected further dates (RDATE) as moments or days, got a period")


def _name(event: Event) -> str:
    return str(event.get("SUMMARY", ""))[:60]


def _rules_of(event: Event) -> Iterable[str]:
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        yield rule.to_ical().decode()


def _bounded(event: Event, rule: str) -> None:
    parts = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    name = _name(event)
    allowed = _ALLOWED.get(parts.get("FREQ", ""))
    if allowed is None:
        raise ValueError(f"{name!r}: expected a rule by days, weeks, months or years, got {rule[:120]!r}")
    if more := sorted(parts.keys() - allowed):
        raise ValueError(f"{name!r}: expected no {', '.join(more)} in a rule of {parts['FREQ'].lower()} watches")
    if not 1 <= int(parts.get("INTERVAL", "1")) <= _MOST_STEPS:
        raise ValueError(f"{name!r}: expected an INTERVAL from 1 to {_MOST_STEPS}")
    try:
        start = event.start
        wall = datetime.combine(start, time()) if not isinstance(start, datetime) else start.replace(tzinfo=None)
        # Whether it comes true at all; a day's fault of UNTIL in another zone does not matter here.
        without = ";".join(f"{key}={value}" for key, value in parts.items() if key != "UNTIL")
        comes = next(iter(rrulestr(without, dtstart=wall)), None)
    except Exception as error:
        # Whatever the libraries make of a broken event is a fault of the file.
        raise ValueError(f"{name!r}: expected a recurring event, got: {error}") from error
    if comes is None:
        raise ValueError(f"{name!r}: expected a rule that comes true, got {rule[:120]!r}")
