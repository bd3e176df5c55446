"""Where a notice is about, as a map needs it: a middle and a radius round all its areas."""

from collections.abc import Iterable
from math import atan2, cos, degrees, hypot, radians, sin
from typing import NamedTuple

from streams.events.areas import Area, Circle, Point, Polygon
from streams.matching.geodesy import distance_km


class Round(NamedTuple):
    """A middle, degrees north and east, and how far it is from there to the farthest border, kilometres."""

    lat: float
    lon: float
    radius_km: float


def around(areas: Iterable[Area]) -> Round | None:
    """A circle round all of the areas that say where they are; ``None`` where none does."""
    corners: list[tuple[Point, float]] = []
    for area in areas:
        if isinstance(area, Circle):
            corners.append((Point(lat=area.lat, lon=area.lon), area.radius_km))
        elif isinstance(area, Polygon):
            corners += [(Point(lat=lat, lon=lon), 0.0) for lat, lon in area.points]
    if not corners:
        return None
    middle = _middle([corner for corner, _ in corners])
    return Round(middle.lat, middle.lon, max(distance_km(middle, corner) + beyond for corner, beyond in corners))


def _middle(points: list[Point]) -> Point:
    """The mean of the points as directions from the middle of the Earth, so that no meridian is special."""
    east = sum(cos(radians(point.lat)) * cos(radians(point.lon)) for point in points)
    north = sum(cos(radians(point.lat)) * sin(radians(point.lon)) for point in points)
    up = sum(sin(radians(point.lat)) for point in points)
    return Point(lat=degrees(atan2(up, hypot(east, north))), lon=degrees(atan2(north, east)))
