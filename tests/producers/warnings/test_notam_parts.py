"""The parts of a NOTAM, each however it is printed: positions, moments, schedules, areas."""

from datetime import UTC, datetime, timedelta

import pytest

from producers.warnings.notam import positions, read, schedule, times
from producers.warnings.notam.sheet import Sheet
from producers.warnings.reading import Span
from streams.events.areas import Circle, Polygon

RECEIVED = datetime(2026, 9, 24, tzinfo=UTC)

POSITIONS = [
    "234500N1201200E",
    "2345N12012E",
    "234500.0N1201200.0E",
    "2345.0N 12012.0E",
    "2345.0N,12012.0E",
    "N234500E1201200",
    "N2345E12012",
    "N2345 E12012",
    "N23 45 00 E120 12 00",
    "23 45 00N 120 12 00E",
    "23-45-00N 120-12-00E",
    "23-45N 120-12E",
    "23-45.0N/120-12.0E",
    "23-45-00N-120-12-00E",
    "N23°45'00\" E120°12'00\"",
    "23°45'00\"N, 120°12'00\"E",
    "N23º45\u203200″ E120º12\u203200″",
    "23°45'N 120°12'E",
    "N23:45:00/E120:12:00",
    "23.75N 120.2E",
    "N23.75 E120.2",
    "n234500e1201200",
    "234500N\n1201200E",
]


@pytest.mark.parametrize("printed", POSITIONS)
def test_a_position_is_read_however_it_is_printed(printed: str) -> None:
    sheet = Sheet(f"AT {printed}. END")
    assert [found.at for found in positions.positions(sheet, 0, len(sheet.plain))] == [(23.75, 120.2)]


@pytest.mark.parametrize("printed", ["236000N1201200E", "234560N1201200E", "910000N1201200E", "234500N1810000E"])
def test_a_position_that_cannot_be_is_found_and_not_read(printed: str) -> None:
    sheet = Sheet(printed)
    assert [found.at for found in positions.positions(sheet, 0, len(sheet.plain))] == [None]


MOMENTS = [
    "2609250014",
    "202609250014",
    "260925 0014",
    "26/09/25 00:14",
    "2026-09-25 00:14",
    "2026-09-25T00:14Z",
    "25 SEP 00:14 2026",
    "25 SEP 2026 00:14",
    "25 SEP 2026 0014 UTC",
    "25-SEP-2026 00:14",
    "SEP 25 2026 0014",
    "SEPTEMBER 25, 2026 00:14",
    "250014Z SEP 26",
    "250014Z SEP 2026",
    "250014Z SEP",
    "25 sep 2026 00:14",
]


@pytest.mark.parametrize("printed", MOMENTS)
def test_a_moment_is_read_however_it_is_printed(printed: str) -> None:
    sheet = Sheet(printed)
    match = times.MOMENT.match(sheet.flat)
    assert match is not None
    assert times.moment(sheet, match, RECEIVED).at == datetime(2026, 9, 25, 0, 14, tzinfo=UTC)
    assert bool(sheet.assumed) is (printed == "250014Z SEP")


def span(start: str, end: str) -> Span:
    return Span(datetime.fromisoformat(f"2026-{start}+00:00"), datetime.fromisoformat(f"2026-{end}+00:00"))


def daily(first: int, last: int, start: str, end: str) -> list[Span]:
    return [span(f"09-{day}T{start}", f"09-{day}T{end}") for day in range(first, last + 1)]


FIVE_DAYS = span("09-25T00:00", "09-29T23:59")
"""Friday to Tuesday."""
SCHEDULES = {
    "0014-0614": daily(25, 29, "00:14", "06:14"),
    "DAILY 0014-0614": daily(25, 29, "00:14", "06:14"),
    "DLY BTN 00:14-06:14": daily(25, 29, "00:14", "06:14"),
    "DAILY FROM 0014Z TO 0614Z": daily(25, 29, "00:14", "06:14"),
    "25-27 0014-0614": daily(25, 27, "00:14", "06:14"),
    "25 26 27 0014-0614": daily(25, 27, "00:14", "06:14"),
    "25,26 AND 27 0014-0614": daily(25, 27, "00:14", "06:14"),
    "SEP 25-27 0014-0614": daily(25, 27, "00:14", "06:14"),
    "25-27 SEP 0014-0614": daily(25, 27, "00:14", "06:14"),
    "25 SEP-27 SEP 0014-0614": daily(25, 27, "00:14", "06:14"),
    "SEP 25: 0014-0614 SEP 26: 0014-0614": daily(25, 26, "00:14", "06:14"),
    "FRI-SUN 0014-0614": daily(25, 27, "00:14", "06:14"),
    "FRIDAY SATURDAY SUNDAY 0014-0614": daily(25, 27, "00:14", "06:14"),
    "25 0014-0614 26 0014-0614": daily(25, 26, "00:14", "06:14"),
    "DAILY 0014-0614 EXC 27 28 29": daily(25, 26, "00:14", "06:14"),
    "DAILY 0014-0614 EXC SUN-TUE": daily(25, 26, "00:14", "06:14"),
    "25 0100-0200 0300-0400": [span("09-25T01:00", "09-25T02:00"), span("09-25T03:00", "09-25T04:00")],
    "25 2200-26 0400": [span("09-25T22:00", "09-26T04:00")],
    "FRI 2200-SAT 0400": [span("09-25T22:00", "09-26T04:00")],
    "25 2200-0400": [span("09-25T22:00", "09-26T04:00")],
    "25-26 2000-2400": [span("09-25T20:00", "09-26T00:00"), span("09-26T20:00", "09-27T00:00")],
    "H24": [FIVE_DAYS],
    "26 27 H24": [span("09-26T00:00", "09-28T00:00")],
}


@pytest.mark.parametrize("printed", SCHEDULES)
def test_a_schedule_gives_its_windows(printed: str) -> None:
    sheet = Sheet(printed)
    assert FIVE_DAYS.end is not None
    assert schedule.read(sheet, 0, len(sheet.plain), FIVE_DAYS.start, FIVE_DAYS.end) == SCHEDULES[printed]
    assert sheet.unread() == ()


UNREAD_SCHEDULES = [
    "SR-SS",
    "HJ",
    "HX",
    "25 26",
    "30 0014-0614",
    "DAILY 0014-0674",
    "DAILY 2500-2600",
    "EXC 27",
    "25 2200-",
    "WED 0100-0200",
    "0014-0614 25 27",
]


@pytest.mark.parametrize("printed", UNREAD_SCHEDULES)
def test_a_schedule_that_is_not_understood_leaves_the_whole_period_and_says_so(printed: str) -> None:
    sheet = Sheet(printed)
    assert FIVE_DAYS.end is not None
    assert schedule.read(sheet, 0, len(sheet.plain), FIVE_DAYS.start, FIVE_DAYS.end) == [FIVE_DAYS]
    assert [part.text for part in sheet.unread()] == [printed]
    assert sheet.assumed


def test_a_day_that_two_months_have_is_not_guessed() -> None:
    sheet = Sheet("25 0014-0614")
    start = datetime(2026, 9, 1, tzinfo=UTC)
    assert schedule.read(sheet, 0, len(sheet.plain), start, start + timedelta(days=70)) == [
        Span(start, start + timedelta(days=70))
    ]
    assert "month" in sheet.unread()[0].expected


POLYGON = "N3800E11900-N3900E11900-N3900E12000"
NO_AREA = [
    "WI 10-20NM RADIUS OF N3800E11900",
    "WI 50 MILES RADIUS OF N3800E11900",
    f"AREA {POLYGON}-N3800E1200",
    f"AREA 39XXN12000E-{POLYGON}",
    f"AREA {POLYGON}-39XXN12000E-N3800E12000",
    f"AREA {POLYGON}-XXXX-N3800E12000-N3700E12000-N3700E11900",
    f"AREA {POLYGON} THENCE ALONG COAST TO START",
    f"LINE JOINING {POLYGON}",
    f"EXCLUDING AREA {POLYGON}",
    "LAUNCH SITE N3800E11900",
    "10NM EITHER SIDE OF N3800E11900",
    "WI 0NM RADIUS OF N3800E11900",
    "SECTOR BTN RADIALS 270 AND 300 OF ABC VOR",
]


@pytest.mark.parametrize("words", NO_AREA)
def test_an_area_of_which_a_part_cannot_be_read_is_none_and_is_told(words: str) -> None:
    reading = read(f"A1234/26 NOTAMN\nA) ZBPE B) 2609250014 C) 2609250614\nE) MISSILE LAUNCH {words}", RECEIVED)
    assert reading.areas == ()
    assert any(part.line == 3 for part in reading.unread)


def test_a_radius_belongs_to_its_own_centre() -> None:
    reading = read(f"A1234/26 NOTAMN\nB) 2609250014 C) 2609250614\nE) AREA {POLYGON} AND 5NM RADIUS OF N3500E11900", RECEIVED)
    assert reading.areas == (
        Polygon(points=((38.0, 119.0), (39.0, 119.0), (39.0, 120.0))),
        Circle(lat=35.0, lon=119.0, radius_km=9.26),
    )
    assert reading.unread == ()
