"""Item D: the days and hours within the period from B to C (ICAO Doc 8126; OPADD for the finer forms).

``DAILY 2200-0400``, ``25 26 28 0014-0614``, ``SEP 25-28 0014-0614``, ``MON-FRI 0100-0500``, ``25 2200-26 0400``, ``H24``,
``EXC 27``. Hours that end at or before their start end the next day. Sunrise and sunset are not computed.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from producers.warnings.notam import times
from producers.warnings.notam.sheet import Sheet
from producers.warnings.reading import Span

MOST_WINDOWS = 400
_MOST_TOKENS = 500
_WEEK = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_TOKEN = re.compile(
    r"(?P<hours>\d{2}:?\d{2}(?: ?(?:UTC|Z)\b)? ?(?:-|TO\b) ?\d{2}:?\d{2}(?![\d:])(?: ?(?:UTC|Z)\b)?)"
    r"|(?P<h24>\bH24\b)|(?P<clock>\d{2}:?\d{2}(?![\d:])(?: ?(?:UTC|Z)\b)?)|(?P<day>\d{1,2}(?!\d))"
    rf"|(?P<month>\b{times.MONTH}\b)"
    r"|(?P<weekday>\b(?:MON|TUE|WED|THU|FRI|SAT|SUN)(?:S|NES|RS|UR)?(?:DAY)?S?\b)"
    r"|(?P<daily>\b(?:DAILY|DLY|EVERY DAY|EACH DAY)\b)"
    r"|(?P<exc>\b(?:EXC|EXCEPT|EXCEPTING|EXCLUDING)\b)|(?P<dash>-|\bTO\b|\bTILL?\b)"
    r"|(?P<sep>[,;/.:&]|\bAND\b)|(?P<noise>\b(?:BTN|BETWEEN|FROM|FM|AT|ON|UTC|Z)\b)|(?P<other>[A-Z]+|\d+|\S)"
)
EXPECTED = "days and hours such as DAILY 2200-0400, 25 26 0014-0614, SEP 25-28 0014-0614, MON-FRI 0100-0500"


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class _Day(NamedTuple):
    """One day as printed: of the month, or of the week (0 is Monday)."""

    day: int
    month: int | None = None
    weekday: bool = False


class _NoScheduleError(Exception):
    """The tokens are no group of days and hours."""


class _Period:
    """The days from B to C."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        self.days = [start.date() + timedelta(days=n) for n in range((end.date() - start.date()).days + 1)]
        self._by_day: dict[int, list[date]] = {}
        for day in self.days:
            self._by_day.setdefault(day.day, []).append(day)

    def dates(self, first: _Day, last: _Day | None) -> list[date]:
        if first.weekday:
            stop = last.day if last else first.day
            wanted = {(first.day + n) % 7 for n in range((stop - first.day) % 7 + 1)}
            return [day for day in self.days if day.weekday() in wanted]
        start = self._the(first)
        if last is None:
            return [start]
        end = following(start, last)
        return [start + timedelta(days=n) for n in range(min((end - start).days, 400) + 1)]

    def _the(self, day: _Day) -> date:
        candidates = [on for on in self._by_day.get(day.day, ()) if day.month in (None, on.month)]
        if len(candidates) != 1:
            raise _NoScheduleError(
                "a day from item B to item C" if not candidates else "the day's month: several have such a day"
            )
        return candidates[0]


def following(start: date, day: _Day) -> date:
    """The first such day from ``start`` on, within a year."""
    for n in range(367):
        on = start + timedelta(days=n)
        if day.weekday and on.weekday() == day.day:
            return on
        if not day.weekday and on.day == day.day and day.month in (None, on.month):
            return on
    raise _NoScheduleError("a day that there is")


def read(sheet: Sheet, begin: int, stop: int, start: datetime, end: datetime) -> list[Span]:
    """Give the windows of a schedule one by one, cut at B (``start``) and C (``end``), UTC.

    What of it was not understood goes to the unread parts; where that is all of it, the whole period is given.
    """
    tokens = [token for token in _tokens(sheet, begin, stop) if token.kind != "noise"]
    period_too_long = (end - start).days > MOST_WINDOWS
    if len(tokens) > _MOST_TOKENS or period_too_long:
        sheet.miss(begin, stop, f"a schedule of at most {MOST_WINDOWS} days")
        return [Span(start, end)]
    reader = _Reader(tokens, _Period(start, end))
    spans: set[Span] = set()
    while reader.more():
        first = reader.at
        try:
            spans.update(reader.group())
        except _NoScheduleError as error:
            last = reader.skip(first)
            sheet.miss(tokens[first].start, tokens[last].end, str(error) or EXPECTED)
        if len(spans) > MOST_WINDOWS:
            sheet.miss(begin, stop, f"at most {MOST_WINDOWS} windows")
            return [Span(start, end)]
    if reader.began_before:
        sheet.assume("the schedule counts from the day of item B: what would have begun the day before is left out")
    if not spans:
        sheet.assume("the whole time from item B to item C, since nothing of the schedule was understood")
        return [Span(start, end)]
    return _joined(sorted(spans, key=lambda span: (span.start, span.end or end)))


def _tokens(sheet: Sheet, begin: int, stop: int) -> Iterator[_Token]:
    for match in _TOKEN.finditer(sheet.flat, begin, stop):
        yield _Token(match.lastgroup or "other", match[0], match.start(), match.end())


def _joined(spans: list[Span]) -> list[Span]:
    """Join whole days that follow each other; hours stay one by one."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].end == span.start and span.start.time() == time(0):
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


class _Reader:
    """Reads groups of days and hours off the tokens."""

    def __init__(self, tokens: list[_Token], period: _Period) -> None:
        self._tokens = tokens
        self._period = period
        self._month: int | None = None
        self.at = 0
        self.began_before = False

    def more(self) -> bool:
        while self._kind() == "sep":
            self.at += 1
        return self.at < len(self._tokens)

    def skip(self, first: int) -> int:
        """Go on after the next divider; give the last token left out."""
        while self.at < len(self._tokens) and not (self._kind() == "sep" and self._tokens[self.at].text in (";", ",", "AND")):
            self.at += 1
        return max(first, self.at - 1)

    def group(self) -> list[Span]:
        days: list[tuple[_Day, _Day | None]] = []
        daily = self._take("daily")
        if not daily:
            days = self._days()
            if len(days) == 1 and days[0][1] is None and self._kind() == "clock" and self._kind(1) == "dash":
                return self._across(days[0][0])
            if self._kind() == "sep" and days and self._tokens[self.at].text == ":":
                self.at += 1
            daily = bool(days) and self._take("daily")
        hours = self._hours()
        if not hours or (not days and self._kind() in ("day", "month", "weekday")):
            # Days after the hours may be those of these hours or of the next ones.
            raise _NoScheduleError
        on = sorted({date for first, last in days for date in self._period.dates(first, last)}) if days else self._period.days
        if self._take("exc"):
            left_out = self._days()
            if not left_out or self._kind() not in ("", "sep"):
                raise _NoScheduleError("the days that are excepted")
            without = {date for first, last in left_out for date in self._period.dates(first, last)}
            on = [day for day in on if day not in without]
        spans = list(self._spans(on, hours, tail=not days or days[0][0].weekday))
        if not spans:
            raise _NoScheduleError("hours between item B and item C")
        return spans

    def _spans(self, on: list[date], hours: list[tuple[timedelta, timedelta]], *, tail: bool) -> Iterator[Span]:
        start, end = self._period.start, self._period.end
        midnight = time(0, tzinfo=start.tzinfo)
        if len(on) * len(hours) > 2 * MOST_WINDOWS:
            raise _NoScheduleError(f"at most {MOST_WINDOWS} windows")
        for day in on:
            base = datetime.combine(day, midnight)
            for opens, closes in hours:
                if base + opens < end and base + closes > start:
                    yield Span(max(base + opens, start), min(base + closes, end))
        before = datetime.combine(start.date() - timedelta(days=1), midnight)
        if tail and any(before + closes > start for _, closes in hours):
            self.began_before = True

    def _across(self, first: _Day) -> list[Span]:
        opens = self._clock()
        self._take("dash")
        last = self._day()
        if last is None or self._kind() != "clock":
            raise _NoScheduleError
        closes = self._clock()
        midnight = time(0, tzinfo=self._period.start.tzinfo)
        spans = []
        for day in self._period.dates(first, None):
            start = datetime.combine(day, midnight) + opens
            end = datetime.combine(following(day, last), midnight) + closes
            if start < self._period.end and end > self._period.start and start < end:
                spans.append(Span(max(start, self._period.start), min(end, self._period.end)))
        if not spans:
            raise _NoScheduleError("hours between item B and item C")
        return spans

    def _days(self) -> list[tuple[_Day, _Day | None]]:
        days: list[tuple[_Day, _Day | None]] = []
        while True:
            mark = self.at
            if days and self._kind() == "sep" and self._kind(1) in ("day", "month", "weekday"):
                self.at += 1
            first = self._day()
            if first is None:
                self.at = mark
                return days
            last = None
            if self._kind() == "dash" and self._kind(1) in ("day", "month", "weekday"):
                self.at += 1
                last = self._day()
                if last is None or last.weekday != first.weekday:
                    raise _NoScheduleError
                if first.month is None and last.month is not None and not last.weekday and last.day >= first.day:
                    first = first._replace(month=last.month)
            days.append((first, last))

    def _day(self) -> _Day | None:
        kind = self._kind()
        if kind == "weekday":
            return _Day(_WEEK.index(self._next()[:3]), weekday=True)
        month = None
        if kind == "month" and self._kind(1) == "day":
            month = self._month = times.MONTHS.index(self._next()[:3]) + 1
            kind = "day"
        if kind != "day":
            return None
        day = int(self._next())
        if month is None and self._kind() == "month" and self._kind(1) != "day":
            month = times.MONTHS.index(self._next()[:3]) + 1
            return _Day(day, month)
        return _Day(day, self._month)

    def _hours(self) -> list[tuple[timedelta, timedelta]]:
        hours: list[tuple[timedelta, timedelta]] = []
        while True:
            if hours and self._kind() == "sep" and self._kind(1) in ("hours", "h24"):
                self.at += 1
            if self._kind() == "h24":
                self.at += 1
                hours.append((timedelta(0), timedelta(days=1)))
            elif self._kind() == "hours":
                digits = "".join(sign for sign in self._next() if sign.isdigit())
                opens, closes = _clock(digits[:4]), _clock(digits[4:])
                hours.append((opens, closes if closes > opens else closes + timedelta(days=1)))
            else:
                return hours

    def _clock(self) -> timedelta:
        return _clock("".join(sign for sign in self._next() if sign.isdigit()))

    def _kind(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self._tokens[at].kind if at < len(self._tokens) else ""

    def _next(self) -> str:
        self.at += 1
        return self._tokens[self.at - 1].text

    def _take(self, kind: str) -> bool:
        taken = self._kind() == kind
        self.at += taken
        return taken


def _clock(digits: str) -> timedelta:
    hour, minute = int(digits[:2]), int(digits[2:])
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        raise _NoScheduleError("hours from 0000 to 2400")
    return timedelta(hours=hour, minutes=minute)
