"""The strip of ground within a distance of a line, as a polygon whose borders are geodesics (WGS 84)."""

from itertools import pairwise
from math import cos, radians

from pyproj import Geod

from streams.events.areas import Polygon

_GEOD = Geod(ellps="WGS84")
_STEP_M = 500_000
"""A line beside a geodesic is none itself: on 500 km it leaves one by less than a thousandth of its distance."""
_SHARPEST_DEG = 120
_MOST_POINTS = 240


def corridor(line: list[tuple[float, float]], half_width_km: float) -> Polygon:
    """Give the strip within ``half_width_km`` on both sides of the line, cut off square at its ends.

    Raises:
        ValueError: when the line turns by more than 120 degrees, is no line, or the strip crosses itself.
    """
    fine = _refined([point for point, after in pairwise([*line, (999.0, 999.0)]) if point != after])
    if len(fine) < 2 or len(fine) > _MOST_POINTS:
        raise ValueError("expected a line of two or more positions")
    left: list[tuple[float, float]] = []
    right: list[tuple[float, float]] = []
    directions = [_GEOD.inv(a[1], a[0], b[1], b[0])[:2] for a, b in pairwise(fine)]
    for place, (lat, lon) in enumerate(fine):
        outward = directions[min(place, len(directions) - 1)][0] if place < len(directions) else directions[-1][1] + 180
        inward = directions[place - 1][1] + 180 if place else outward
        turn = (outward - inward + 180) % 360 - 180
        if abs(turn) > _SHARPEST_DEG:
            raise ValueError("expected a line that turns by 120 degrees at most")
        middle, reach = inward + turn / 2, half_width_km * 1_000 / cos(radians(turn / 2))
        for side, angle in ((left, middle - 90), (right, middle + 90)):
            east, north, _ = _GEOD.fwd(lon, lat, angle, reach)
            side.append((round(north, 6), round(east, 6)))
    return Polygon(points=(*left, *reversed(right)))


def _refined(line: list[tuple[float, float]]) -> list[tuple[float, float]]:
    fine = line[:1]
    for a, b in pairwise(line):
        metres = _GEOD.inv(a[1], a[0], b[1], b[0])[2]
        between = min(int(metres // _STEP_M), 40)
        if between:
            fine += [(lat, lon) for lon, lat in _GEOD.npts(a[1], a[0], b[1], b[0], between)]
        fine.append(b)
    return fine
