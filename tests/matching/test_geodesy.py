import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely import Point as PlanePoint
from shapely import Polygon as PlanePolygon

from streams.events.areas import Circle, NamedArea, Point, Polygon
from streams.matching.geodesy import bearing_deg, distance_km, distance_to_area_km, sector

GEOD = Geod(ellps="WGS84")


def place(lat: float, lon: float) -> Point:
    return Point(lat=lat, lon=lon)


LONDON, NEW_YORK, TOKYO, PYONGYANG = (
    place(51.5074, -0.1278),
    place(40.7128, -74.006),
    place(35.68, 139.77),
    place(39.02, 125.75),
)
ACROSS = Polygon(points=((10, 170), (10, -170), (-10, -170), (-10, 170)))
POLE = Polygon(points=((80, 0), (85, 90), (84, 180), (82, -90)))
BOX = Polygon(points=((0, 0), (0, 10), (10, 10), (10, 0)))


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        (LONDON, NEW_YORK, 5_570),
        (place(0, 0), place(0, 1), 111.3195),
        (place(90, 0), place(-90, 0), 20_003.93),
        (LONDON, LONDON, 0),
    ],
)
def test_known_distances(a: Point, b: Point, km: float) -> None:
    assert distance_km(a, b) == pytest.approx(km, rel=0.005)
    assert distance_km(b, a) == pytest.approx(distance_km(a, b))


@pytest.mark.parametrize(
    ("to", "degrees"), [(place(1, 0), 0), (place(0, 1), 90), (place(-1, 0), 180), (place(0, -1), 270), (place(0, 0), 180)]
)
def test_bearing(to: Point, degrees: float) -> None:
    assert bearing_deg(place(0, 0), to) == pytest.approx(degrees)


@pytest.mark.parametrize(
    ("azimuth", "name"),
    [(0, "N"), (22.4, "N"), (22.5, "NE"), (45, "NE"), (90, "E"), (135, "SE"), (180, "S"), (225, "SW"), (270, "W"), (315, "NW"),
     (337.4, "NW"), (337.5, "N"), (359.9, "N"), (-10, "N"), (360, "N")],
)  # fmt: skip
def test_sectors_are_centred_on_the_winds(azimuth: float, name: str) -> None:
    assert sector(azimuth) == name


@pytest.mark.parametrize(
    ("point", "area", "km"),
    [
        (place(0, 180), ACROSS, 0),
        (place(0, -175), ACROSS, 0),
        (place(0, 160), ACROSS, 1_113.19),
        (place(0, -160), ACROSS, 1_113.19),
        (place(90, 0), POLE, 0),
        (place(70, 0), POLE, 1_116.16),
        (place(5, 5), BOX, 0),
        (place(5, 11), BOX, 110.9),
        (place(-1, 5), BOX, 110.57),
        (place(0, 0), BOX, 0),
        (place(0, 5), BOX, 0),
        (place(0, 2), Circle(lat=0, lon=0, radius_km=100), 122.64),
        (place(0, 0.5), Circle(lat=0, lon=0, radius_km=100), 0),
    ],
)
def test_distance_to_an_area(point: Point, area: Polygon | Circle, km: float) -> None:
    assert distance_to_area_km(point, area) == pytest.approx(km, rel=1e-3, abs=1e-6)


def test_a_named_area_has_no_distance() -> None:
    assert distance_to_area_km(LONDON, NamedArea(name="Sea of Japan")) is None


def test_the_antipode_of_a_polygon_lies_outside_it() -> None:
    assert (distance_to_area_km(place(-5, -175), BOX) or 0) > 18_000
    assert (distance_to_area_km(place(-89.9, 10), POLE) or 0) > 18_000


def test_the_way_round_and_a_repeated_corner_make_no_difference() -> None:
    other_way = Polygon(points=(*reversed(BOX.points), BOX.points[-1]))
    for point in (place(5, 5), place(20, 5), place(3, -4), LONDON):
        assert distance_to_area_km(point, other_way) == pytest.approx(distance_to_area_km(point, BOX))


@st.composite
def stars(draw: st.DrawFn) -> tuple[tuple[float, float], float, Polygon]:
    """A star-shaped polygon round a centre, anywhere on the Earth."""
    lat, lon = draw(st.floats(-88, 88)), draw(st.floats(-180, 180))
    size = draw(st.sampled_from([50e3, 500e3, 2_500e3]))
    turn, corners = draw(st.floats(0, 359)), draw(st.integers(3, 7))
    points = []
    for number in range(corners):
        there = GEOD.fwd(lon, lat, turn + 360 * number / corners, size * draw(st.floats(0.4, 1)))
        points.append((there[1], there[0]))
    try:
        return (lat, lon), size, Polygon(points=tuple(points))
    except ValueError:
        return (0, 0), 1_100e3, BOX


@given(stars(), st.floats(0, 360), st.floats(0, 3))
def test_polygons_agree_with_borders_walked_step_by_step(
    star: tuple[tuple[float, float], float, Polygon], azimuth: float, far: float
) -> None:
    (lat, lon), size, area = star
    there = GEOD.fwd(lon, lat, azimuth, size * far)
    point = place(there[1], there[0])
    border = []
    for (lat_a, lon_a), (lat_b, lon_b) in zip(area.points, (*area.points[1:], area.points[0]), strict=True):
        border += [(lat_a, lon_a), *((y, x) for x, y in GEOD.npts(lon_a, lat_a, lon_b, lat_b, 400))]
    # The border as seen from the point: azimuthal equidistant, so distances to it are true.
    seen = []
    for border_lat, border_lon in border:
        bearing, _, metres = GEOD.inv(point.lon, point.lat, border_lon, border_lat)
        seen.append((metres * math.sin(math.radians(bearing)), metres * math.cos(math.radians(bearing))))
    nearest = min(math.hypot(x, y) for x, y in seen) / 1_000
    found = distance_to_area_km(point, area)
    assert found is not None
    step = max(size / 100 / 1_000, 0.1)
    if nearest > step:
        inside = PlanePolygon(seen).contains(PlanePoint(0, 0))
        assert (found == 0) == inside
    if found > 0:
        assert found <= nearest + 1e-6
        assert math.hypot(found, step) >= nearest - 1e-6 or found == pytest.approx(nearest, rel=1e-3)
