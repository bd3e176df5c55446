"""Distances and directions on the Earth (WGS 84 ellipsoid): kilometres, degrees clockwise from north.

Geodesics are Karney's (C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87, 2013), by PROJ.
"""

from functools import lru_cache
from math import atan2, cos, hypot, pi, radians, sin
from typing import NamedTuple

from pyproj import Geod

from streams.agreements.model import Compass
from streams.events.areas import Area, Circle, NamedArea, Point, Polygon

_GEOD = Geod(ellps="WGS84")
_inverse = _GEOD.inv
_direct = _GEOD.fwd

_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth: for finding the nearest border, which is then measured on the ellipsoid."""
_SPHERE_OFF = 1.012
"""A distance on the sphere and one on the ellipsoid differ by less than this factor."""
_NEAR_ENOUGH_M = 1.0
_COMPASS: tuple[Compass, ...] = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


def distance_km(a: Point, b: Point) -> float:
    """Length of the geodesic between two points, kilometres."""
    metres: float = _inverse(a.lon, a.lat, b.lon, b.lat)[2]
    return metres / 1_000


def bearing_deg(a: Point, b: Point) -> float:
    """Direction in which the geodesic from ``a`` to ``b`` sets out, degrees clockwise from north, [0, 360)."""
    azimuth: float = _inverse(a.lon, a.lat, b.lon, b.lat)[0]
    # A tiny negative azimuth plus 360 rounds to 360.0 itself.
    return azimuth % 360.0 % 360.0


def sector(azimuth_deg: float) -> Compass:
    """The 45-degree sector, centred on N, NE, ..., that holds the azimuth; a border belongs to the next one clockwise."""
    return _COMPASS[int((azimuth_deg % 360.0 + 22.5) // 45.0) % 8]


def distance_to_area_km(point: Point, area: Area) -> float | None:
    """Shortest way from the point to the area, kilometres: 0 inside it, ``None`` for an area that is only named.

    The borders of a polygon are geodesics, and the polygon is the smaller of the two parts into which they cut the Earth:
    so one that crosses the antimeridian or holds a pole is measured like any other.
    """
    if isinstance(area, Circle):
        metres: float = _inverse(point.lon, point.lat, area.lon, area.lat)[2]
        return max(0.0, metres / 1_000 - area.radius_km)
    if isinstance(area, NamedArea):
        return None
    return _to_polygon_m(point, _border(area)) / 1_000


class _Border(NamedTuple):
    """A polygon made ready: its corners, for each side the direction and length, and which way round it runs."""

    corners: tuple[tuple[float, float], ...]
    sides: tuple[tuple[float, float], ...]
    leftward: bool


@lru_cache(maxsize=4096)
def _border(area: Polygon) -> _Border:
    corners = [corner for place, corner in enumerate(area.points) if corner != area.points[place - 1]]
    sides = []
    for place, (lat, lon) in enumerate(corners):
        to_lat, to_lon = corners[(place + 1) % len(corners)]
        azimuth, _, metres = _inverse(lon, lat, to_lon, to_lat)
        sides.append((azimuth, metres))
    signed = _GEOD.polygon_area_perimeter([lon for _, lon in corners], [lat for lat, _ in corners])[0]
    return _Border(tuple(corners), tuple(sides), signed > 0)


def _to_polygon_m(point: Point, border: _Border) -> float:
    lat, lon = point.lat, point.lon
    bearings = []
    # The corners as seen from the point: unit vectors with the point itself at (0, 0, 1).
    views = []
    nearest = pi * _RADIUS_M
    for corner_lat, corner_lon in border.corners:
        azimuth, _, metres = _inverse(lon, lat, corner_lon, corner_lat)
        if metres < nearest:
            nearest = metres
        bearings.append(azimuth)
        angle, turn = metres / _RADIUS_M, radians(azimuth)
        flat = sin(angle)
        views.append((flat * cos(turn), flat * sin(turn), cos(angle)))
    if _encloses(bearings, border.leftward) or nearest == 0.0:
        return 0.0
    feet = []
    for place, (_, length) in enumerate(border.sides):
        foot = _foot(views[place], views[(place + 1) % len(views)])
        if foot is not None:
            feet.append((foot[0] * _RADIUS_M, place, foot[1] * length))
    if not feet:
        return nearest
    # The sphere cannot tell two sides apart that are almost equally near: each of those is measured.
    limit = min(nearest, min(feet)[0]) * _SPHERE_OFF * _SPHERE_OFF + _NEAR_ENOUGH_M
    for rough, place, along in feet:
        if rough <= limit:
            nearest = min(nearest, _to_side_m(point, border.corners[place], border.sides[place], along))
    return 0.0 if nearest < 0.001 else nearest


def _encloses(bearings: list[float], leftward: bool) -> bool:
    """Whether the border runs once round the point, on its own left (or right) hand.

    Seen from the point opposite on the Earth, the same border runs round the other way.
    """
    turned = 0.0
    before = bearings[-1]
    for bearing in bearings:
        turned += (bearing - before + 540.0) % 360.0 - 180.0
        before = bearing
    return turned < -180.0 if leftward else turned > 180.0


def _foot(start: tuple[float, float, float], end: tuple[float, float, float]) -> tuple[float, float] | None:
    """The perpendicular from (0, 0, 1) onto the arc: its angle, and where it falls as a part of the arc."""
    sx, sy, sz = start
    ex, ey, ez = end
    nx, ny, nz = sy * ez - sz * ey, sz * ex - sx * ez, sx * ey - sy * ex
    size = hypot(nx, ny, nz)
    if size == 0.0:
        return None
    along = atan2((nx * sy - ny * sx) / size, sz)
    whole = atan2(size, sx * ex + sy * ey + sz * ez)
    if along <= 0.0 or along >= whole:
        return None
    return atan2(abs(nz), hypot(nx, ny)), along / whole


def _to_side_m(point: Point, corner: tuple[float, float], side: tuple[float, float], along: float) -> float:
    """Metres from the point to a side, from a first guess how far along it the foot lies.

    Each step solves the right triangle on the sphere; what the ellipsoid adds shrinks some 300-fold a step.
    """
    azimuth, length = side
    nearest = pi * _RADIUS_M
    for _ in range(6):
        lon, lat, back = _direct(corner[1], corner[0], azimuth, along)
        towards, _, metres = _inverse(lon, lat, point.lon, point.lat)
        nearest = min(nearest, metres)
        angle, turn = metres / _RADIUS_M, radians(towards - back - 180.0)
        step = _RADIUS_M * atan2(sin(angle) * cos(turn), cos(angle))
        moved = min(max(along + step, 0.0), length)
        if abs(moved - along) < _NEAR_ENOUGH_M:
            break
        along = moved
    return nearest
