"""Days and hours as warnings print them, and the years that they leave out."""

from datetime import UTC, datetime, timedelta

MONTHS = {
    name: place // 2 + 1
    for place, name in enumerate(
        [
            "JAN",
            "JANUARY",
            "FEB",
            "FEBRUARY",
            "MAR",
            "MARCH",
            "APR",
            "APRIL",
            "MAY",
            "MAY",
            "JUN",
            "JUNE",
            "JUL",
            "JULY",
            "AUG",
            "AUGUST",
            "SEP",
            "SEPTEMBER",
            "OCT",
            "OCTOBER",
            "NOV",
            "NOVEMBER",
            "DEC",
            "DECEMBER",
        ]
    )
} | {"SEPT": 9}

_LONG_BEFORE = timedelta(days=120)
_LONG_AFTER = timedelta(days=245)
_A_QUARTER = timedelta(days=91)


class Stamp:
    """A moment as printed: its day, hour and minute, and month and year where they are printed or were taken from another.

    Attributes:
        borrowed: Whether the month stands only at a later moment of the same group, or (``lent``) only at an earlier one.
    """

    __slots__ = ("borrowed", "day", "lent", "minutes", "month", "year")

    def __init__(self, day: int, minutes: int, month: int | None = None, year: int | None = None) -> None:
        self.day = day
        self.minutes = minutes
        self.month = month
        self.year = year
        self.borrowed = False
        self.lent = False


def minutes_of(digits: str) -> int | None:
    """Minutes since midnight of ``0014``; 2400 is the end of the day; ``None`` for no such time."""
    hour, minute = int(digits[:2]), int(digits[-2:])
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        return None
    return hour * 60 + minute


def year_of(digits: str) -> int | None:
    """The year of ``24`` or ``2024``."""
    if len(digits) == 2:
        return 2000 + int(digits)
    return int(digits) if len(digits) == 4 and 1900 <= int(digits) < 2200 else None


def moment(year: int, month: int, day: int, minutes: int) -> datetime | None:
    """The moment, UTC; ``None`` where the month has no such day."""
    try:
        if minutes < 1440:
            return datetime(year, month, day, minutes // 60, minutes % 60, tzinfo=UTC)
        return datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


class Years:
    """Finds the year of a day that is printed without one.

    By, in this order: the time of issue (a warning speaks of the months after it), the time at which the warning cancels
    itself, the year of its number, the moment at which it was received. What is not printed anywhere is said in ``assumed``.
    """

    def __init__(self, received: datetime, assumed: dict[str, None]) -> None:
        self.issued: datetime | None = None
        self.cancelled: datetime | None = None
        self.numbered: int | None = None
        self._received = received
        self._assumed = assumed

    def of(self, month: int, day: int) -> int:
        """The year of this day."""
        if self.issued is not None:
            year = self.issued.year
            gap = _roughly(year, month, day) - self.issued
            return year + 1 if gap < -_LONG_BEFORE else year - 1 if gap > _LONG_AFTER else year
        if self.cancelled is not None:
            return self.cancelled.year - ((month, day) > (self.cancelled.month, self.cancelled.day))
        if self.numbered is not None:
            # A warning of December speaks of January, and one of January of what began in December; but only one that came
            # in around then is read so.
            aside, where = (1, "after") if month <= 2 else (-1, "before")
            other = _roughly(self.numbered + aside, month, day)
            if (month <= 2 or month >= 11) and abs(other - self._received) < _A_QUARTER:
                self._assumed[f"The year {other.year}, {where} that of its number: it was received around then."] = None
                return other.year
            return self.numbered
        return self.nearest(month, day)

    def nearest(self, month: int, day: int) -> int:
        """The year that brings this day nearest to when the warning was received; said as supposed."""
        now = self._received
        year = min((now.year, now.year + 1, now.year - 1), key=lambda each: abs(_roughly(each, month, day) - now))
        self._assumed[f"The year {year}, nearest to when it was received: the text names none."] = None
        return year


def _roughly(year: int, month: int, day: int) -> datetime:
    return datetime(min(max(year, 2), 9998), month, min(day, 28), tzinfo=UTC)
