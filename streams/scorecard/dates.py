"""Dates of moments, and the calendar days between them.

``2024-09-10 02:00Z`` was 9 September in Hawaii and 10 September in Beijing; what was known to the day has the date that its
source printed, whatever that day's first instant is in UTC.
"""

from datetime import date, timedelta

from streams.events import Interval

_DAY = timedelta(hours=22)
_WEST = timedelta(hours=13, minutes=59)


def day_of(when: Interval) -> date:
    """The date of something that happened at ``when``, UTC.

    A stretch of a day or so is a local day: its date is that of the zone it is a day of, for every zone from UTC-10 (Hawaii)
    to UTC+13 (New Zealand in summer). Anything more exact has its date in UTC.
    """
    if when.latest - when.earliest < _DAY:
        return when.earliest.date()
    # A local day begins at 10:00Z of its own date at the latest, and at 11:00Z of the date before at the earliest.
    return (when.earliest + _WEST).date()


def days_between(start: date, end: date) -> int:
    """Calendar days from one date to another; a later one that a zone makes the earlier counts as none."""
    return max(0, (end - start).days)
