"""Moments as NOTAMs print them, UTC.

Item B and C have YYMMDDHHMM (Annex 15 App. 3); offices and briefing services also print ``25 SEP 00:14 2026``,
``25 SEP 2026 00:14``, ``26/09/25 00:14``, ``2026-09-25T00:14Z`` and ``250014Z SEP 26``.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from producers.warnings.notam.sheet import Sheet

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTH = (
    r"(?:JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|SEPT?(?:EMBER)?|OCT(?:OBER)?|NOV(?:EMBER)?"
    r"|DEC(?:EMBER)?)"
)
_CLOCK = r"\d{2}:?\d{2}(?::?\d{2})?"
_ZONE = r"(?: ?(?:UTC|GMT|Z)\b)?"
MOMENT = re.compile(
    r"(?<![\dA-Z.:/])(?:"
    rf"(?P<compact>\d{{10}})(?!\d){_ZONE}"
    rf"|(?P<full>20\d{{10}})(?!\d){_ZONE}"
    rf"|(?P<iso>20\d\d-\d\d-\d\d)[T ](?P<isoclock>{_CLOCK}){_ZONE}"
    rf"|(?P<slashed>\d\d/\d\d/\d\d) {{0,2}}(?P<slashclock>{_CLOCK}){_ZONE}"
    rf"|(?P<six>\d{{6}}) (?P<sixclock>\d{{4}})(?!\d){_ZONE}"
    rf"|(?P<day>\d{{1,2}})[ \-]?(?P<month>{MONTH})[ \-](?:(?P<clock1>\d\d:\d\d(?::\d\d)?) (?P<year1>20\d\d)"
    rf"|(?P<year2>20\d\d|\d\d)[ ,]{{1,2}}(?P<clock2>{_CLOCK})(?!\d))(?![\d:]){_ZONE}"
    rf"|(?P<mfirst>{MONTH}) (?P<mday>\d{{1,2}}),? (?P<myear>20\d\d)[ ,]{{1,2}}(?P<mclock>{_CLOCK})(?![\d:]){_ZONE}"
    rf"|(?P<group>\d{{6}}) ?(?:Z|UTC) ?(?P<gmonth>{MONTH})(?: ?(?P<gyear>20\d\d|\d\d)(?![\d:]))?"
    r")"
)
EXPECTED = "a moment such as 2609250014 (year, month, day, hour, minute UTC)"


class Moment(NamedTuple):
    """A moment at its place in the text; ``None`` for a date or an hour that there is not."""

    start: int
    end: int
    at: datetime | None


def moment(sheet: Sheet, match: re.Match[str], received: datetime) -> Moment:
    """Give the moment that ``MOMENT`` found; where it names no year, the one nearest to when the text came in, and say so."""
    at: datetime | None
    if compact := match["compact"]:
        at = instant(compact[:2], compact[2:4], compact[4:6], compact[6:])
    elif full := match["full"]:
        at = instant(full[:4], full[4:6], full[6:8], full[8:])
    elif match["iso"]:
        year, month, day = match["iso"].split("-")
        at = instant(year, month, day, match["isoclock"])
    elif match["slashed"]:
        year, month, day = match["slashed"].split("/")
        at = instant(year, month, day, match["slashclock"])
    elif six := match["six"]:
        at = instant(six[:2], six[2:4], six[4:], match["sixclock"])
    elif match["day"]:
        year, clock = (match["year1"], match["clock1"]) if match["year1"] else (match["year2"], match["clock2"])
        at = instant(year, month_number(match["month"]), match["day"], clock)
    elif match["mfirst"]:
        at = instant(match["myear"], month_number(match["mfirst"]), match["mday"], match["mclock"])
    else:
        group, month, year = match["group"], month_number(match["gmonth"]), match["gyear"]
        if year:
            at = instant(year, month, group[:2], group[2:])
        else:
            at = nearest(lambda at: instant(str(at), month, group[:2], group[2:]), received)
            if at is not None:
                sheet.assume(f"the year of {match[0].strip()} is {at.year}, the nearest to when the text came in")
    return Moment(match.start(), match.end(), at)


def nearest(in_year: Callable[[int], datetime | None], received: datetime) -> datetime | None:
    """Of a date without its year, the one nearest to ``received``."""
    around = [at for year in (received.year - 1, received.year, received.year + 1) if (at := in_year(year)) is not None]
    return min(around, key=lambda at: abs(at - received), default=None)


def month_number(name: str) -> str:
    """Number of a month by its first three letters, as printed digits."""
    return str(MONTHS.index(name[:3]) + 1)


def instant(year: str, month: str, day: str, clock: str) -> datetime | None:
    """Give the moment of printed digits, UTC; 2400 is the end of the day. ``None`` where there is no such moment."""
    clock = clock.replace(":", "")
    years = int(year) if len(year) == 4 else 2000 + int(year)
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:6] or 0)
    try:
        if (hour, minute, second) == (24, 0, 0):
            return datetime(years, int(month), int(day), tzinfo=UTC) + timedelta(days=1)
        return datetime(years, int(month), int(day), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def of_origin(sheet: Sheet, printed: str, received: datetime) -> datetime | None:
    """Read the DDHHMM of a message's origin: the last such day before the text came in, which is said."""
    first = received.replace(day=1)
    for _ in range(3):
        at = instant(f"{first.year:04}", str(first.month), printed[:2], printed[2:])
        # A clock may be a few minutes off: an origin just ahead of the receipt is still that day's.
        if at is not None and at <= received + timedelta(hours=1):
            sheet.assume(f"the month of the origin {printed} is {at:%Y-%m}: the last such day before the text came in")
            return at
        first = (first - timedelta(days=1)).replace(day=1)
    return None
