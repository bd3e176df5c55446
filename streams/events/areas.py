"""Places and areas as notices give them: a point, a circle, a polygon, or a named sea.

Degrees are WGS 84 latitude and longitude, distances kilometres.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta
from shapely import Polygon as PlanePolygon
from shapely.validation import explain_validity

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Kilometres = Annotated[float, Meta(ge=0)]
_SURE_TURN = 1e-9
"""Square degrees between two sides of which rounding cannot change the sign."""


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A place on the Earth: degrees north and east."""

    lat: Latitude
    lon: Longitude


class Circle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, tag_field="shape", tag="circle"):
    """All places within ``radius_km`` of the centre."""

    lat: Latitude
    lon: Longitude
    radius_km: Annotated[float, Meta(gt=0, le=20_038)]


class Polygon(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, tag_field="shape", tag="polygon"
):
    """The area within ``points``, [latitude, longitude] in order; the last joins the first.

    Raises:
        ValueError: when the border crosses or touches itself, or encloses nothing.
    """

    points: Annotated[tuple[tuple[Latitude, Longitude], ...], Meta(min_length=3, max_length=500)]

    _EAST: ClassVar[float] = 360.0

    def __post_init__(self) -> None:
        corners = self.unrolled()
        if _surely_convex(corners):
            # As most are; such a border neither meets itself nor encloses nothing.
            return
        plane = PlanePolygon([(lon, lat) for lat, lon in corners])
        if not plane.is_valid:
            raise ValueError(f"expected a polygon whose border does not cross itself: {explain_validity(plane)}")
        if plane.area == 0:
            raise ValueError("expected a polygon that encloses an area, got points on one line")

    def unrolled(self) -> list[tuple[float, float]]:
        """The points with longitudes made continuous where the border crosses the antimeridian."""
        result = [self.points[0]]
        for lat, lon in self.points[1:]:
            before = result[-1][1]
            while lon - before > 180:
                lon -= self._EAST
            while lon - before < -180:
                lon += self._EAST
            result.append((lat, lon))
        return result


def _surely_convex(corners: Sequence[tuple[float, float]]) -> bool:
    """Whether the border turns the same way at every corner, and once round in all, beyond any error of rounding."""
    before_lat, before_lon = corners[-1]
    lat, lon = corners[0]
    north, east = lat - before_lat, lon - before_lon
    upward = north > 0 or (north == 0 and east > 0)
    rounds, turns = 0, 0.0
    for next_lat, next_lon in (*corners[1:], corners[0]):
        to_north, to_east = next_lat - lat, next_lon - lon
        turn = east * to_north - north * to_east
        if turns * turn < 0 or abs(turn) < _SURE_TURN:
            return False
        turns = turn
        was_upward, upward = upward, to_north > 0 or (to_north == 0 and to_east > 0)
        rounds += upward and not was_upward
        lat, lon, north, east = next_lat, next_lon, to_north, to_east
    return rounds == 1


class NamedArea(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, tag_field="shape", tag="named"
):
    """A body of water or a sector that the notice only names (1988 agreement: ocean quadrant or body of water)."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]


Area = Circle | Polygon | NamedArea
