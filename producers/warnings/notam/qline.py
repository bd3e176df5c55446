"""The Q line: what a NOTAM is about, in a form for machines (ICAO Doc 8126, NOTAM selection criteria).

``Q) FIR/QCODE/TRAFFIC/PURPOSE/SCOPE/LOWER/UPPER/COORDINATES AND RADIUS``: limits are flight levels, the radius nautical miles.
The circle and the limits enclose what items E, F and G describe: they are not it.
"""

import re
from typing import NamedTuple

from producers.warnings.notam import positions
from producers.warnings.notam.sheet import Sheet
from streams.events.areas import Circle

KM_PER_NM = 1.852
WHOLE_REGION_NM = 999
_FIELDS = (
    ("flight region", r"[A-Z]{4}", "flight information region, four letters"),
    ("code", r"Q[A-Z]{4}", "Q and four letters"),
    ("traffic", r"I|V|IV|VI|K|", "I, V, IV or K"),
    ("purpose", r"N|B|O|M|K|BO|NB|NBO|BM|BOM|NBM|NBOM|NO|OB|", "N, B, O, M or K"),
    ("scope", r"A|E|W|AE|AW|EW|K|EA|WA|", "A, E, W, AE, AW or K"),
    ("lower limit", r"\d{1,3}|", "a flight level of three digits"),
    ("upper limit", r"\d{1,3}|", "a flight level of three digits"),
    ("circle", r"\d{4}[NS]\d{5}[EW](?:\d{3})?|", "a centre and a radius such as 2345N12012E050"),
)
_PATTERNS = [(name, re.compile(pattern), expected) for name, pattern, expected in _FIELDS]


class QLine(NamedTuple):
    """What the Q line says; ``None`` where it is silent or was not understood.

    Attributes:
        region: Location indicator of the flight information region.
        code: The five letters, ``QWMLW``.
        lower: Lower limit, flight level; ``upper`` likewise, ``999`` unlimited.
        circle: What encloses the area.
        whole: Whether the radius 999 stands for the whole region.
        place: Where the last field stands.
    """

    region: str | None = None
    code: str | None = None
    lower: int | None = None
    upper: int | None = None
    circle: Circle | None = None
    whole: bool = False
    place: tuple[int, int] = (0, 0)


def read(sheet: Sheet, start: int, end: int) -> QLine:
    """Read the content of item Q; each field that is not as it should be goes to the unread parts."""
    printed = sheet.plain[start:end].split("/")
    if len(printed) not in (7, 8):
        sheet.miss(start, end, "eight fields divided by slashes")
        return QLine()
    values: dict[str, str | None] = {}
    at = start
    for field, (name, pattern, expected) in zip(printed, _PATTERNS, strict=False):
        value = "".join(field.split())
        if name == "circle":
            value = value.rstrip(".")
        values[name] = value or None
        if not pattern.fullmatch(value):
            values[name] = None
            if field.strip():
                sheet.miss(at, at + len(field), f"{name} of the Q line: {expected}")
            else:
                sheet.miss(start, end, f"{name} of the Q line: {expected}")
        place = (at, at + len(field))
        at += len(field) + 1
    lower, upper = values["lower limit"], values["upper limit"]
    circle, whole = _circle(sheet, values.get("circle"), *place)
    return QLine(
        region=values["flight region"],
        code=values["code"],
        lower=int(lower) if lower else None,
        upper=int(upper) if upper else None,
        circle=circle,
        whole=whole,
        place=place,
    )


def _circle(sheet: Sheet, printed: str | None, start: int, end: int) -> tuple[Circle | None, bool]:
    if printed is None:
        return None, False
    lat, lon = positions.degrees(printed[:4], 2, 90), positions.degrees(printed[5:10], 3, 180)
    radius = int(printed[11:] or 0)
    if lat is None or lon is None:
        sheet.miss(start, end, positions.EXPECTED)
        return None, False
    if radius == WHOLE_REGION_NM:
        return None, True
    if not radius:
        sheet.miss(start, end, "a radius in nautical miles, 001 to 999")
        return None, False
    north, east = (-lat if printed[4] == "S" else lat), (-lon if printed[10] == "W" else lon)
    return Circle(lat=north, lon=east, radius_km=round(radius * KM_PER_NM, 3)), False
