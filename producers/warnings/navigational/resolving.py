"""Times as printed to windows: months and years that are left out, days that are not there, ends before their starts."""

from datetime import datetime, timedelta
from typing import NamedTuple

from producers.warnings.navigational.dates import Stamp, Years, moment
from producers.warnings.reading import Span

MOST_WINDOWS = 400
"""A notice has no more (``streams.events.launches``)."""
_LONGEST = timedelta(days=200)
"""What runs longer over a year's end is more likely a misprint."""


class Range(NamedTuple):
    """A span of time; ``end`` is ``None`` until further notice."""

    start: Stamp
    end: Stamp | None
    first: int
    after: int


class Daily(NamedTuple):
    """The same hours on each of the days; where ``through``, on the days between the two as well."""

    opens: int
    closes: int
    days: tuple[Stamp, ...]
    through: bool
    first: int
    after: int


Told = Range | Daily


def stamps_of(told: Told) -> tuple[Stamp, ...]:
    """The moments or days that are printed, in order."""
    if isinstance(told, Daily):
        return told.days
    return (told.start,) if told.end is None else (told.start, told.end)


def fill_months(group: list[Told]) -> None:
    """Give each moment without a month that of the next one, or where none follows, that of the one before."""
    stamps = [stamp for told in group for stamp in stamps_of(told)]
    month: int | None = None
    for stamp in reversed(stamps):
        if stamp.month is None and month is not None:
            stamp.month, stamp.borrowed = month, True
        month = stamp.month
    for stamp in stamps:
        if stamp.month is None and month is not None:
            stamp.month, stamp.lent = month, True
        month = stamp.month


def year_after(group: list[Told], place: int) -> Stamp | None:
    """The next moment of the group that has its year printed."""
    for told in group[place : place + 20]:
        for stamp in stamps_of(told):
            if stamp.year is not None:
                return stamp
    return None


def placed(stamp: Stamp, years: Years, anchor: Stamp | None) -> datetime | str:
    """The moment that a stamp stands for, or what was expected instead."""
    if stamp.month is None:
        return "a month, such as 250014Z TO 250614Z SEP"
    if not 1 <= stamp.day <= 31 or stamp.minutes < 0:
        return "a day from 1 to 31 and a time from 0000 to 2400"
    year = stamp.year
    if year is None and anchor is not None and anchor.year is not None and anchor.month is not None:
        year = anchor.year - ((stamp.month, stamp.day) > (anchor.month, anchor.day) and stamp.month != anchor.month)
    if year is None:
        year = years.of(stamp.month, stamp.day)
    return moment(year, stamp.month, stamp.day, stamp.minutes) or "a day that its month has"


def follows(stamp: Stamp, start: datetime) -> datetime | str:
    """The end of a window that starts then, or what was expected instead."""
    if stamp.month is None:
        return "a month, such as 250014Z TO 250614Z SEP"
    if not 1 <= stamp.day <= 31 or stamp.minutes < 0:
        return "a day from 1 to 31 and a time from 0000 to 2400"
    year = stamp.year if stamp.year is not None else start.year + (stamp.month < start.month)
    end = moment(year, stamp.month, stamp.day, stamp.minutes)
    if end is None:
        return "a day that its month has"
    if end < start or (stamp.year is None and year > start.year and end - start > _LONGEST):
        return "an end after its start"
    return end


def daily_spans(told: Daily, years: Years, assumed: dict[str, None], anchor: Stamp | None) -> list[Span] | str:
    """The daily windows one by one, or what was expected instead."""
    if told.opens < 0 or told.closes < 0 or told.opens == 1440:
        return "hours from 0000 to 2400"
    length = timedelta(minutes=told.closes - told.opens)
    if length <= timedelta(0):
        length += timedelta(days=1)
        assumed["Hours that end after midnight begin on the days named, the last of them too."] = None
    starts: list[datetime] = []
    for place, day in enumerate(told.days):
        day.minutes = told.opens
        if place and told.through:
            last = follows(day, starts[0])
            if isinstance(last, str):
                return last
            count = (last - starts[0]).days
            if count >= MOST_WINDOWS:
                return f"at most {MOST_WINDOWS} days"
            starts += [starts[0] + timedelta(days=step) for step in range(1, count + 1)]
        else:
            one = placed(day, years, anchor)
            if isinstance(one, str):
                return one
            starts.append(one)
    return [Span(start, start + length) for start in starts]
