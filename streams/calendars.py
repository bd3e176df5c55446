"""When checks are due: recurrence rules in local time, daylight saving and holidays included.

Source: RFC 5545 for the rules; public holidays by the ``holidays`` library.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import holidays
from dateutil.rrule import DAILY, HOURLY, MINUTELY, SECONDLY, rrule, rrulestr

from streams.agreements.model import Calendar
from streams.events.times import zone_named

_CHUNK = timedelta(days=32)
_PER_DAY = {HOURLY: 24, MINUTELY: 1_440, SECONDLY: 86_400}
"""Steps in a day, by the frequency of a rule that counts within one."""
_EPOCH = datetime(1960, 1, 1)  # noqa: DTZ001 - wall-clock time, in whatever zone the calendar is


class Slots:
    """The due times of one calendar, in UTC, reckoned once a month of calendar and kept.

    Raises:
        ValueError: for a rule, a zone or a country that does not exist.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._zone = zone_named(calendar.zone)
        self._rules = [_parsed(rule) for rule in calendar.rules]
        self._skip = frozenset(calendar.skip)
        self._country = calendar.holidays
        if self._country is not None:
            _public_holidays(self._country, 2000)
        self._chunks: dict[int, tuple[datetime, ...]] = {}

    def between(self, start: datetime, end: datetime) -> list[datetime]:
        """The due times from ``start`` (inclusive) to ``end`` (exclusive), UTC, in order."""
        result: list[datetime] = []
        for number in range(self._chunk_of(start), self._chunk_of(end) + 1):
            due = self._chunk(number)
            result.extend(due[bisect_left(due, start) : bisect_left(due, end)])
        return result

    def next_from(self, start: datetime) -> datetime | None:
        """The first due time at or after ``start``, UTC; ``None`` where none follows within ten years."""
        first = self._chunk_of(start)
        for number in range(first, first + 120):
            due = self._chunk(number)
            place = bisect_left(due, start)
            if place < len(due):
                return due[place]
        return None

    def _chunk_of(self, moment: datetime) -> int:
        return (moment.replace(tzinfo=None) - _EPOCH) // _CHUNK

    def _chunk(self, number: int) -> tuple[datetime, ...]:
        if (known := self._chunks.get(number)) is not None:
            return known
        start = (_EPOCH + number * _CHUNK).replace(tzinfo=UTC)
        end = start + _CHUNK
        # Rules run in naive wall-clock time; a day's margin on each side covers every zone's offset.
        wall_start, wall_end = (start - timedelta(days=1)).replace(tzinfo=None), (end + timedelta(days=1)).replace(tzinfo=None)
        due = set[datetime]()
        for rule in self._rules:
            for wall in _anchored(rule, wall_start).between(wall_start, wall_end, inc=True):
                if self._skipped(wall.date()):
                    continue
                first, second = (wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
                # An hour that comes twice is two hours to a rule that counts hours, and one time of day to any other. In an
                # hour that never comes the second reading lies before the first: it is no hour of its own.
                twice = second > first and rule._freq in _PER_DAY  # type: ignore[attr-defined]  # noqa: SLF001
                due.update(moment for moment in ((first, second) if twice else (first,)) if start <= moment < end)
        result = tuple(sorted(due))
        if len(self._chunks) > 64:
            self._chunks.pop(min(self._chunks))
        self._chunks[number] = result
        return result

    def _skipped(self, day: date) -> bool:
        return day in self._skip or (self._country is not None and day in _public_holidays(self._country, day.year))


def _parsed(text: str) -> rrule:
    """The rule anchored long before any event, so that weekdays and days of the year decide and not an anchor."""
    try:
        rule = rrulestr(text, dtstart=_EPOCH)
    except (ValueError, KeyError) as error:
        raise ValueError(f"expected a recurrence rule (RFC 5545) such as FREQ=DAILY;BYHOUR=9, got {text!r}: {error}") from error
    if not isinstance(rule, rrule):
        raise ValueError(f"expected a single recurrence rule without DTSTART, RDATE or EXDATE, got {text!r}")
    steps, unit = rule._interval, _PER_DAY.get(rule._freq)  # type: ignore[attr-defined]  # noqa: SLF001
    if unit is not None and unit % steps:
        raise ValueError(f"expected steps that divide a day, for they count from midnight, got {text!r}")
    return rule


def _anchored(rule: rrule, start: datetime) -> rrule:
    """The same rule counted from the first midnight after ``start``'s, where counting from 1960 would take long.

    Only where the anchor makes no difference: every day, or steps within a day (which count from midnight).
    """
    steps = rule._interval  # type: ignore[attr-defined]  # noqa: SLF001
    frequency = rule._freq  # type: ignore[attr-defined]  # noqa: SLF001
    if frequency > DAILY or (frequency == DAILY and steps == 1):
        return rule.replace(dtstart=start.replace(hour=0, minute=0, second=0, microsecond=0))
    return rule


@lru_cache(maxsize=512)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError as error:
        raise ValueError(f"expected an ISO 3166 country code whose holidays are known, got {country!r}") from error
