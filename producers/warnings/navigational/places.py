"""Where the danger is: polygons and circles, as the words before the positions say.

Labels (``A.``, ``1.``) part one area from the next; where each label has one position, they number the corners of one area.
"""

from typing import NamedTuple

from producers.warnings.navigational.lexing import NUM, POS, WORD, Tokens
from producers.warnings.navigational.positions import LIKE_THIS, half
from streams.events.areas import Circle, Polygon

MOST_AREAS = 50
MOST_POINTS = 500
_MOST_KM = 20_038.0
_UNITS = {
    "MILES": 1.852, "MILE": 1.852, "NM": 1.852, "NMI": 1.852, "M": 1.852, "NAUTICAL": 1.852,
    "KM": 1.0, "KILOMETERS": 1.0, "KILOMETRES": 1.0, "KILOMETER": 1.0, "KILOMETRE": 1.0, "KMS": 1.0,
    "METERS": 0.001, "METRES": 0.001, "METER": 0.001, "METRE": 0.001,
}  # fmt: skip
_BOUNDS = frozenset({"BOUND", "BOUNDED", "BOUNDING", "ENCLOSED", "JOINING", "CONNECTING", "DELIMITED", "CORNERS"})
_AREAS = frozenset({"AREA", "AREAS", "ZONE", "ZONES"})
_LINES = frozenset({"TRACKLINE", "TRACKLINES", "TRACK", "ROUTE", "ARC"})
SHAPES = _BOUNDS | _AREAS | _LINES | {"SIDE", "SIDES"}
"""The words that ``Places.word`` takes note of."""
_BETWEEN_POINTS = frozenset(
    {",", ";", "-", "\u2013", "AND", "TO", "THENCE", "THEN", "/", "(", ")", "POSITION", "POINT", "LAT", "LONG", "LON", ":"}
)

AREA_LIKE_THIS = "an area such as BOUND BY with three positions or more, or WITHIN 15 MILES OF a position"
_LINE_LIKE_THIS = "an area bound by positions or a circle; along a line none is drawn"


class Run(NamedTuple):
    """Positions one after the other, with the words that say what they enclose."""

    points: tuple[tuple[float, float], ...]
    first: int
    after: int
    labelled: bool


class Places:
    """Collects the areas of a text."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._runs: list[Run] = []
        self._shape = ""
        self._said: list[int] = []
        self._weak = False
        self._radius: tuple[float, int, int] | None = None
        self._label = -1
        self.areas: list[Circle | Polygon] = []
        self.found = False

    def word(self, at: int) -> None:
        """Take note of a word that says what the positions after it enclose."""
        word = self._tokens.words[at]
        if word in _BOUNDS:
            # A line joining positions bounds nothing, unless it says that it does: BOUNDED BY LINES JOINING.
            joins = word in ("JOINING", "CONNECTING")
            if joins and not self._runs and self._shape == "line":
                return
            if joins and not self._bounded() and self._tokens.words[at - 1] in ("LINE", "LINES"):
                self._turn("line")
            else:
                self._turn("polygon")
            self._said.append(at)
        elif word in _AREAS:
            if self._shape in ("", "line") or self._runs:
                self._turn("polygon", weak=True)
        elif word in _LINES or (word in ("SIDE", "SIDES") and self._tokens.words[at - 1] in ("EITHER", "BOTH", "EACH")):
            self._turn("line")
            self._said.append(at)

    def _bounded(self) -> bool:
        return self._shape == "polygon" and not self._runs

    def _turn(self, shape: str, *, weak: bool = False) -> None:
        self.flush()
        # A distance from an area or a line: the area alone would be too small.
        if shape != "circle" and self._radius is not None and not weak:
            self._shape = "line"
            return
        if not (weak and self._shape == "circle"):
            self._shape, self._weak = shape, weak

    def distance(self, at: int) -> int:
        """Read a distance that begins at this number; where it ends, or ``at``."""
        tokens = self._tokens
        factor = _UNITS.get(tokens.words[at + 1])
        if factor is None or tokens.kinds[at] != NUM:
            return at
        after = at + 2
        if tokens.words[at + 1] == "NAUTICAL":
            if tokens.words[after] not in ("MILES", "MILE"):
                return at
            after += 1
        words = tokens.words
        before, further = words[at - 1] if at else "", words[after]
        if further in ("CLEARANCE", "BERTH", "CLEAR", "CPA") or (further == "WIDE" and words[after + 1] == "BERTH"):
            # Advice to ships, no part of the danger.
            tokens.mark(at, after + 1)
            return after
        first = at
        radius = before in ("WITHIN", "RADIUS", "R", "IS") or further in ("RADIUS", "RADII")
        radius = radius or (before == "OF" and at > 1 and words[at - 2] == "RADIUS")
        if before in ("WITHIN", "RADIUS", "A"):
            first = at - 1
        elif radius and before in ("OF", "IS") and at > 1:
            first = at - 2
        if not radius:
            return at
        if further in ("RADIUS", "RADII"):
            after += 1
        elif further == "EITHER" or (further == "OF" and words[after + 1] in ("TRACKLINE", "LINE", "LINES", "TRACK")):
            self.flush()
            self._radius, self._shape = (0.0, first, after), "line"
            return after
        value = float(words[at]) * factor
        if not 0 < value <= _MOST_KM:
            tokens.refuse(first, after, "a distance above 0")
            return after
        if self._shape == "centre" and self._runs:
            # CIRCLE CENTERED ON ..., RADIUS 15 MILES.
            self._radius = (round(value, 3), first, after)
            self._shape = "circle"
            self.flush()
            return after
        self.flush()
        self._radius = (round(value, 3), first, after)
        self._shape = "circle"
        return after

    def centre(self) -> None:
        """Take note that a circle's centre follows, whose radius may come after it."""
        if self._shape != "circle" or self._runs:
            self.flush()
            if self._radius is None:
                self._shape = "centre"

    def label(self, at: int) -> None:
        """Take note that the next positions have a label."""
        self._label = at

    def paragraph(self) -> None:
        """A new numbered paragraph: what was said of areas is at its end, unless positions are still to come."""
        if self._runs:
            self.flush()
            self._shape, self._radius = "", None

    def take(self, at: int) -> int:
        """Read the positions that begin at this token; where they end."""
        self.found = True
        tokens = self._tokens
        kinds, words = tokens.kinds, tokens.words
        points: list[tuple[float, float]] = []
        first = at
        broken = ""
        after = at
        while kinds[at] == POS:
            lat = half(words[at])
            following = at + 1 + (words[at + 1] in (",", "/", "-"))
            if lat is None:
                broken = broken or f"{LIKE_THIS}, minutes and seconds under 60"
            if kinds[following] != POS:
                broken = broken or "a latitude and a longitude"
                after = at + 1
                break
            lon = half(words[following])
            if lon is None:
                broken = broken or f"{LIKE_THIS}, minutes and seconds under 60"
            elif lat is not None:
                if not lat[1] or lon[1]:
                    broken = broken or "a latitude and then a longitude"
                elif lat[2] != lon[2]:
                    broken = broken or "a latitude and a longitude printed alike"
                points.append((lat[0], lon[0]))
            after = at = following + 1
            while words[at] in _BETWEEN_POINTS or (words[at] == "." and kinds[at + 1] == POS):
                at += 1
        if broken:
            tokens.refuse(first, after, broken)
            self._settle()
            self._label = -1
            return after
        if len(points) > 1 and points[0] == points[-1]:
            points.pop()
        labelled = self._label >= 0
        self._label = -1
        if self._runs and not labelled and not self._runs[-1].labelled and self._shape != "circle":
            # Something that is no part of a border lies between: two areas, or two halves of one.
            self.flush()
        self._runs.append(Run(tuple(points), first, after, labelled))
        tokens.mark(first, after)
        return after

    def _settle(self) -> None:
        """The words that led to the positions are understood, or told of with them."""
        for at in self._said:
            self._tokens.mark(at, at + 1)
        self._said.clear()

    def flush(self) -> None:
        """Make areas of the positions so far."""
        runs, self._runs = self._runs, []
        if not runs:
            return
        tokens = self._tokens
        distance, self._radius = self._radius, None
        self._settle()
        if self._shape == "circle" and distance is not None:
            radius, start, end = distance
            tokens.mark(start, end)
            for run in runs:
                for lat, lon in run.points:
                    self._add(Circle(lat=lat, lon=lon, radius_km=radius), run)
            return
        if self._shape == "polygon" and len(runs) > 2 and all(len(run.points) == 1 for run in runs):
            runs = [Run(tuple(run.points[0] for run in runs), runs[0].first, runs[-1].after, True)]
        if self._shape == "line" and distance is not None:
            runs[0] = runs[0]._replace(first=distance[1])
        for run in runs:
            self._enclose(run)

    def _enclose(self, run: Run) -> None:
        tokens = self._tokens
        if self._shape == "line":
            tokens.refuse(run.first, run.after, _LINE_LIKE_THIS)
        elif len(run.points) > MOST_POINTS:
            tokens.refuse(run.first, run.after, f"at most {MOST_POINTS} positions")
        elif self._shape != "polygon" or len(run.points) < 3:
            tokens.refuse(run.first, run.after, AREA_LIKE_THIS)
        else:
            try:
                self._add(Polygon(points=run.points), run)
            except ValueError as error:
                tokens.refuse(run.first, run.after, str(error).removeprefix("expected "))

    def _add(self, area: Circle | Polygon, run: Run) -> None:
        if len(self.areas) >= MOST_AREAS:
            self._tokens.refuse(run.first, run.after, f"at most {MOST_AREAS} areas")
        elif area not in self.areas:
            self.areas.append(area)


def is_label(tokens: Tokens, at: int) -> int:
    """Where the label of an area or a corner that begins here ends (``A.``, ``(1)``, ``AREA 2:``); else 0."""
    words, kinds = tokens.words, tokens.kinds
    bracket = words[at] == "("
    here = at + bracket
    short = (kinds[here] == WORD and len(words[here]) == 1) or (
        kinds[here] == NUM and len(words[here]) <= 2 and words[here].isdigit()
    )
    if not short:
        return 0
    closing = words[here + 1]
    if closing == ")" or (not bracket and closing in (".", ":")):
        return here + 2
    return 0
