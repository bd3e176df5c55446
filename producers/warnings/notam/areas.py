"""Areas in the free text of a NOTAM: polygons, circles, corridors.

The positions are found first, then grouped into runs by the signs and words between them; the words before and after a run say
what it is. What lies between two positions and is no joint (an arc, a border, a garbled position) spoils the run: it is then
unread as a whole, since an area without one of its corners is another area.
"""

import re
from bisect import bisect_left
from itertools import pairwise, zip_longest
from typing import NamedTuple

from producers.warnings.notam import corridors, positions
from producers.warnings.notam.positions import Position
from producers.warnings.notam.qline import KM_PER_NM
from producers.warnings.notam.sheet import Sheet
from streams.events.areas import Circle, Polygon

_WEAK = re.compile(r"(?:[\s,\-/]|\b(?:TO|AND|THEN|THENCE|THRU|THROUGH|POINT|PSN|VIA)\b)*+")
_STRONG = re.compile(r"(?:[\s,;.\-/]|\bAND\b)*+(?:\(?(?:POINT |PSN |PT )?(?:[A-Z]|\d{1,2}) ?[.):]{1,2})?+(?:[\s\-]|\bPSN\b)*+")
_LABEL = re.compile(r"[A-Z0-9] ?[.):]")
_CURVE = (
    r"\b(?:ARC|CLOCKWISE|ANTI-?CLOCKWISE|COUNTER ?CLOCKWISE|ALONG|BORDER|BOUNDARY|COAST|COASTLINE|SHORELINE|RIVER|FRONTIER"
    r"|RADIALS?)\b"
)
_SPOILS = re.compile(_CURVE)
_APART = re.compile(
    r"\b(?:AREAS?|RADIUS|RAD|BOUND(?:ED)?|CIRCLES?|WI|WITHIN|CENT(?:RE|ER)D?|CENTERED|CENTRED|EITHER|ZONES?|LINES?|BACK|START|ORIGIN"
    r"|BEGINNING|SITE|LIMITS?|POLYGON|SECTOR|EXC|EXCL|EXCLUDING|EXCEPT|LAUNCH|ROCKET)\b|[.;] ?\n|\. [A-Z]|\n ?\n"
)
_ENCLOSES = re.compile(
    r"\b(?:AREAS?|BOUND|BOUNDED|BOUNDARIES|JOINING|CONNECTING|LINKING|COORD|COORDS|COORDINATES|ZONES?|REGION|POLYGON|SECTOR|WI|WITHIN"
    r"|ENCLOSED|LIMITS|LATERAL|POINTS|TRA|TSA|DNG|DANGER|PSN|POSITIONS)\b"
)
_EXCEPTS = re.compile(r"\b(?:EXC|EXCL|EXCLUDING|EXCEPT|EXCEPTING|EXCLUSIVE OF|OUTSIDE)\b[^.;]{0,60}$")
_LINE = re.compile(r"\b(?:ROUTE|TRACK|TRAJECTORY|AXIS|LINE (?:JOINING|FROM|BTN|CONNECTING))\b[^.;]{0,60}$")
_BOUNDED = re.compile(r"\bBOUND(?:ED)?\b[^.;]{0,80}$")
_UNIT = r"(?P<{0}>NM|NMI|NAUTICAL MILES?|KM|KMS|KILOMET(?:RE|ER)S?|M|MET(?:RE|ER)S?)\b"
_NUMBER = r"(?<![\d.,A-Z])(?<!\d[\-/])(?P<{0}>\d{{1,6}}(?:[.,]\d{{1,3}})?)[ \-]?"
_RADIUS = re.compile(
    rf"{_NUMBER.format('n1')}{_UNIT.format('u1')}[ \-]?(?:RADIUS|RAD)\b"
    rf"|\b(?:RADIUS|RAD)\b(?: OF)?[ :=]{{0,3}}(?:OF )?{_NUMBER.format('n2')}{_UNIT.format('u2')}"
    rf"|\b(?:WI|WITHIN) (?:A )?{_NUMBER.format('n3')}{_UNIT.format('u3')}(?= ?\n? ?(?:OF|FROM|AROUND)\b)"
    rf"|\bCIRCLE OF {_NUMBER.format('n4')}{_UNIT.format('u4')}(?:[ \-]?RADIUS\b)?"
)
_TO_CENTRE = re.compile(
    r"(?:[\s,:.\-(/]|\b(?:OF|FROM|CENT(?:RE|ER)|CENT(?:RE|ER)D|CENT(?:RE|ER)ED|ON|AT|AROUND|ABOUT|THE|A|POINT|PSN|POSITION|COORD|COORDS|COORDINATES"
    r"|ARP|CIRCLE|WITH|IN|IS|AREA|CIRCULAR|AND|ITS|AS)\b)*+"
)
_FROM_CENTRE = re.compile(
    r"(?:[\s,:.;\-)/(]|\b(?:OF|WITH|A|AN|AND|IN|THE|CIRCLE|WI|WITHIN|AREA|BY|HAVING|IS|ITS|CIRCULAR)\b)*+"
)
_GARBLED_BEFORE = re.compile(r"(?:\d{3,7} ?[NSEW]|[NSEW] ?\d{3,7})[\s,\-/]{1,4}$")
_OF_NEXT = re.compile(r"[ ,]{0,2}(?:OF|FROM|AROUND|CENT(?:RE|ER)|CENT(?:RE|ER)D|CENT(?:RE|ER)ED)\b[A-Z ,:.\-]{0,60}")
"""The words from a radius to the next position, where it is that one's radius and not the last one's."""
_STRIP = re.compile(
    rf"{_NUMBER.format('n1')}{_UNIT.format('u1')} (?:ON |TO )?(?:EITHER SIDES?|BOTH SIDES|EACH SIDE)(?: OF)?"
    r"(?: (?:A|THE|LINE|LINES|TRACK|CENT(?:RE|ER) ?LINE|ROUTE|JOINING|CONNECTING|BTN|BETWEEN"
    r"|FROM|FOLLOWING|FLW|POINTS|COORDINATES|OF))*+[ :\n]*+$"
)
_HINTS = re.compile(
    rf"\b(?:RADIUS|EITHER SIDE|BOTH SIDES|EACH SIDE|BEARING|BRG)\b|"
    rf"\b\d{{1,3}} ?(?:NM|KM) (?:WIDE|WIDTH|N|S|E|W|NE|NW|SE|SW|NORTH|SOUTH|EAST|WEST)\b|{_CURVE}"
)
_BOUNDARY_HINT = re.compile(r"\b(?:BOUND|BOUNDED|BOUNDARIES|LINES? JOINING|COORDINATES)\b")
_LEAD = 300
_MOST_AREAS = 50
EXPECTED = "an area: a radius, or three positions or more"


class Found(NamedTuple):
    """The areas of a text, and the places that need no second look: understood, or told as unread already."""

    areas: list[Circle | Polygon]
    taken: list[tuple[int, int]]


class _Run(NamedTuple):
    points: list[Position]
    spoiled: bool
    follows: bool
    """Whether it goes on after another run of the same enumeration, whose heading is then its own too."""

    @property
    def start(self) -> int:
        return self.points[0].start

    @property
    def end(self) -> int:
        return self.points[-1].end


def read(sheet: Sheet, start: int, end: int) -> Found:
    """Read all areas from ``start`` to ``end``; what bears on a place and was not understood goes to the unread parts."""
    runs = _runs(sheet.plain, positions.positions(sheet, start, end))
    areas: list[Circle | Polygon] = []
    taken: list[tuple[int, int]] = []
    floor = start
    heading = ""
    for run, after in zip_longest(runs, runs[1:]):
        if not run.follows:
            heading = sheet.plain[max(floor, run.start - _LEAD) : run.start]
        tail = after.start if after else end
        read_areas, begin, stop = _areas(sheet, run, heading, max(floor, run.start - _LEAD), tail)
        areas += [area for area in read_areas if area not in areas]
        taken.append((begin, stop))
        floor = stop
    if len(areas) > _MOST_AREAS:
        sheet.miss(start, end, f"at most {_MOST_AREAS} areas")
        areas = areas[:_MOST_AREAS]
    _leftovers(sheet, start, end, taken, [run.start for run in runs])
    return Found(areas, taken)


def _runs(plain: str, found: list[Position]) -> list[_Run]:
    """Group the positions: joined by weak signs; a label, a semicolon or a full stop divides where weak ones join others."""
    runs: list[_Run] = []
    points: list[Position] = []
    gaps: list[str] = []
    for before, point in pairwise([None, *found]):
        gap = "" if before is None else _gap(plain[before.end : point.start])  # type: ignore[union-attr]
        if points and gap == "apart":
            runs += _divided(points, gaps)
            points, gaps = [], []
        elif points:
            gaps.append(gap)
        points.append(point)  # type: ignore[arg-type]
    return runs + (_divided(points, gaps) if points else [])


def _gap(words: str) -> str:
    if _WEAK.fullmatch(words) and "\n\n" not in words:
        return "weak"
    if _STRONG.fullmatch(words):
        return "label" if _LABEL.search(words) else "strong"
    if _SPOILS.search(words):
        return "spoiled"
    return "apart" if _APART.search(words) else "spoiled"


def _divided(points: list[Position], gaps: list[str]) -> list[_Run]:
    if "spoiled" in gaps or any(point.at is None for point in points):
        return [_Run(points, True, False)]
    divides = "weak" in gaps
    runs: list[_Run] = []
    run = [points[0]]
    for gap, point in zip(gaps, points[1:], strict=True):
        closed = len(run) > 3 and run[-1].at == run[0].at
        if closed or (divides and gap in ("strong", "label")):
            runs.append(_Run(run, False, bool(runs)))
            run = []
        run.append(point)
    return [*runs, _Run(run, False, bool(runs))]


def _areas(sheet: Sheet, run: _Run, heading: str, floor: int, tail: int) -> tuple[list[Circle | Polygon], int, int]:
    """Give the areas of one run, and from where to where they are told."""
    plain, flat = sheet.plain, sheet.flat
    if run.spoiled or _spoiled_around(sheet, run, heading, floor, tail):
        begin, stop = _clause(plain, run.start, run.end, floor, tail)
        bad = any(point.at is None for point in run.points)
        sheet.miss(begin, stop, positions.EXPECTED if bad else "straight lines between positions, all of them readable")
        return [], begin, stop
    lead = flat[floor : run.start]
    if radius := _radius_near(flat, floor, run, tail):
        km, begin, stop = radius
        return _circles(sheet, run, km, begin, stop), begin, stop
    if strip := _STRIP.search(lead):
        begin = floor + strip.start()
        return _strip(sheet, run, _km(strip["n1"], strip["u1"]), begin), begin, run.end
    corners = [point.at for point in run.points if point.at is not None]
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners.pop()
    if _EXCEPTS.search(lead):
        sheet.miss(run.start, run.end, "an area, not an exception to one")
    elif len(corners) < 3 or (_LINE.search(lead) and not _BOUNDED.search(lead)):
        sheet.miss(run.start, run.end, EXPECTED)
    else:
        try:
            polygon = Polygon(points=tuple(corners))
        except ValueError as error:
            sheet.miss(run.start, run.end, str(error).removeprefix("expected "))
        else:
            if len(corners) > 500:
                sheet.miss(run.start, run.end, "at most 500 corners")
                return [], run.start, run.end
            if not _ENCLOSES.search(heading) and len(corners) == len(run.points):
                sheet.assume("positions in a row that nothing calls an area are taken as the border of one")
            return [polygon], run.start, run.end
    return [], run.start, run.end


def _spoiled_around(sheet: Sheet, run: _Run, heading: str, floor: int, tail: int) -> bool:
    """Whether a curve, or a position that cannot be read, begins or ends the run."""
    plain, end = sheet.plain, run.end
    for begin, _ in positions.like_positions(sheet, end, min(tail, end + 40))[:1]:
        if _WEAK.fullmatch(plain, end, begin):
            return True
    if _GARBLED_BEFORE.search(plain[max(floor, run.start - 24) : run.start]):
        return True
    clause = re.split(r"[.;]\s|\n\s*\n", plain[end : min(tail, end + 120)], maxsplit=1)[0]
    opening = re.split(r"[.;]\s|\n\s*\n", heading)[-1]
    return bool(_SPOILS.search(clause) or _SPOILS.search(opening))


def _radius_near(plain: str, floor: int, run: _Run, tail: int) -> tuple[float, int, int] | None:
    before = max(_RADIUS.finditer(plain, floor, run.start), key=re.Match.start, default=None)
    if before and _TO_CENTRE.fullmatch(plain, before.end(), run.start):
        return _matched_km(before), before.start(), run.end
    after = _RADIUS.search(plain, run.end, min(tail, run.end + 120)) if len(run.points) == 1 else None
    if after and _OF_NEXT.fullmatch(plain, after.end(), tail):
        return None
    if after and _FROM_CENTRE.fullmatch(plain, run.end, after.start()):
        return _matched_km(after), run.start, after.end()
    return None


def _matched_km(match: re.Match[str]) -> float:
    number, unit = next((match[f"n{way}"], match[f"u{way}"]) for way in range(1, 5) if match[f"n{way}"])
    return _km(number, unit)


def _km(number: str, unit: str) -> float:
    factor = KM_PER_NM if unit.startswith("N") else 1.0 if unit.startswith("K") else 0.001
    return round(float(number.replace(",", ".")) * factor, 6)


def _circles(sheet: Sheet, run: _Run, km: float, begin: int, stop: int) -> list[Circle | Polygon]:
    if not 0 < km <= 20_038:
        sheet.miss(begin, stop, "a radius over 0 and within the Earth")
        return []
    return [Circle(lat=point.at[0], lon=point.at[1], radius_km=km) for point in run.points if point.at is not None]


def _strip(sheet: Sheet, run: _Run, km: float, begin: int) -> list[Circle | Polygon]:
    line = [point.at for point in run.points if point.at is not None]
    if len(line) < 2 or not 0 < km <= 1_000:
        sheet.miss(begin, run.end, "a line of two positions or more, and a distance up to 1,000 km on both sides")
        return []
    try:
        strip = corridors.corridor(line, km)
    except ValueError as error:
        sheet.miss(begin, run.end, str(error).removeprefix("expected "))
        return []
    sheet.assume("a strip along a line is a polygon cut off square at the line's ends")
    return [strip]


def _clause(plain: str, start: int, end: int, floor: int, tail: int) -> tuple[int, int]:
    """The sentence around a part, within bounds."""
    low, high = max(floor, start - 120), min(tail, end + 120)
    begin = max(plain.rfind(". ", low, start) + 2, plain.rfind("\n", low, start) + 1, plain.rfind("; ", low, start) + 2, low)
    stops = [at for sign in (". ", ".\n", ";", "\n") if (at := plain.find(sign, end, high)) >= 0]
    return begin, min(stops, default=high)


def _leftovers(sheet: Sheet, start: int, end: int, taken: list[tuple[int, int]], runs: list[int]) -> None:
    """Tell what looks like a place and belongs to no area that was read."""
    hints = [match.span() for match in _HINTS.finditer(sheet.flat, start, end)]
    for match in _BOUNDARY_HINT.finditer(sheet.flat, start, end):
        after = bisect_left(runs, match.end())
        if after == len(runs) or runs[after] - match.end() > _LEAD:
            hints.append(match.span())
    hints += positions.like_positions(sheet, start, end)
    places = iter(sorted(taken))
    place = next(places, None)
    told = start
    for begin, stop in sorted(hints):
        while place and place[1] <= begin:
            told = max(told, place[1])
            place = next(places, None)
        if (place and begin >= place[0]) or begin < told:
            continue
        low, high = _clause(sheet.plain, begin, stop, told, place[0] if place else end)
        sheet.miss(low, high, EXPECTED)
        told = high
