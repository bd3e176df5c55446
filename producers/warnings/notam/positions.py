"""Positions as NOTAMs print them: with and without seconds, decimals, signs, the hemisphere before or after.

Compact digits are DD, DDMM, DDMMSS of latitude and DDD, DDDMM, DDDMMSS of longitude (ICAO Doc 8126, Annex 15); apart, they may
be divided by dashes, blanks, colons or the signs of degrees and minutes. A decimal fraction belongs to the last unit.
"""

import re
from typing import NamedTuple

from producers.warnings.notam.sheet import Sheet

_FRACTION = r"(?:[.,]\d{1,8})?"
# Every quantifier is bounded and no two neighbours match the same sign twice over: each start costs a bounded time.
_LATITUDE = (
    rf"(?:\d{{2}}(?:-\d{{1,2}}(?:-\d{{1,2}})?| \d{{2}}(?: \d{{2}})?|:\d{{1,2}}(?::\d{{1,2}})?"
    rf"|° ?\d{{1,2}}(?:' ?\d{{1,2}}(?={_FRACTION}(?:\"|'')))?)?|\d{{4}}|\d{{6}}){_FRACTION}(?:°|'{{1,2}}|\")?"
)
_LONGITUDE = (
    rf"(?:\d{{2,3}}(?:-\d{{1,2}}(?:-\d{{1,2}})?| \d{{2}}(?: \d{{2}})?|:\d{{1,2}}(?::\d{{1,2}})?"
    rf"|° ?\d{{1,2}}(?:' ?\d{{1,2}}(?={_FRACTION}(?:\"|'')))?)?|\d{{5}}|\d{{7}}){_FRACTION}(?:°|'{{1,2}}|\")?"
)
_POSITION = re.compile(
    rf"(?<![\d.,A-Z])(?:(?P<lat_after>{_LATITUDE}) ?(?P<ns_after>[NS])(?![A-Z])[ \n]{{0,4}}[,/\-]?[ \n]{{0,4}}"
    rf"(?P<lon_after>{_LONGITUDE}) ?(?P<ew_after>[EW])(?![A-Z\d])"
    rf"|(?P<ns_before>[NS]) ?(?P<lat_before>{_LATITUDE})(?!\d)[ \n]{{0,4}}[,/\-]?[ \n]{{0,4}}"
    rf"(?P<ew_before>[EW]) ?(?P<lon_before>{_LONGITUDE})(?![\dA-Z]))"
)
_DIGITS = re.compile(r"\d+")
_LIKE = re.compile(r"(?<![A-Z\d])(?:[NSEW] ?\d[\d.,°'\" \-]{1,12}|\d[\d.°'\"\-]{1,12} ?[NSEW](?![A-Z]))")
EXPECTED = "a position such as 234500N1201200E or N2345 E12012, minutes and seconds under 60"


class Position(NamedTuple):
    """A position at its place in the text; ``None`` for one whose degrees, minutes or seconds cannot be."""

    start: int
    end: int
    at: tuple[float, float] | None


def positions(sheet: Sheet, start: int, end: int) -> list[Position]:
    """Find the positions from ``start`` to ``end``: degrees north and east, to a millionth."""
    found = []
    for match in _POSITION.finditer(sheet.flat, start, end):
        lat, ns, lon, ew, lat2, lon2 = match.group("lat_after", "ns_after", "lon_after", "ew_after", "lat_before", "lon_before")
        if lat is None:
            lat, ns, lon, ew = lat2, match["ns_before"], lon2, match["ew_before"]
        north, east = degrees(lat, 2, 90), degrees(lon, 3, 180)
        at: tuple[float, float] | None = None
        if north is not None and east is not None:
            at = (-north if ns == "S" else north, -east if ew == "W" else east)
        found.append(Position(match.start(), match.end(), at))
    return found


def like_positions(sheet: Sheet, start: int, end: int) -> list[tuple[int, int]]:
    """Find what looks like a latitude or a longitude, whether or not it can be read."""
    return [match.span() for match in _LIKE.finditer(sheet.flat, start, end)]


def degrees(printed: str, width: int, most: int) -> float | None:
    """Read one latitude (``width`` 2, ``most`` 90) or longitude (3, 180): degrees, or ``None`` where there is no such angle."""
    printed = printed.replace(",", ".")
    whole, _, fraction = printed.partition(".")
    units = _DIGITS.findall(whole)
    if len(units) == 1 and len(units[0]) > width:
        digits = units[0]
        units = [digits[:width], *(digits[at : at + 2] for at in range(width, len(digits), 2))]
    decimals = _DIGITS.match(fraction)
    value = 0.0
    for place, unit in enumerate(units):
        last = place == len(units) - 1
        amount = float(f"{unit}.{decimals[0]}") if last and decimals else float(unit)
        if place and amount >= 60:
            return None
        value += amount / 60**place
    return round(value, 6) if value <= most else None
