"""Properties of the navigational reader: what is put in comes out, nothing crashes, time grows with the length only."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.warnings.navigational import read
from producers.warnings.navigational.message import LONGEST
from producers.warnings.reading import Reading, Span
from streams.events.areas import Circle, Polygon

RECEIVED = datetime(2024, 9, 24, tzinfo=UTC)
AREA = " IN AREA BOUND BY 23-45.00N 120-12.00E, 24-15.00N 120-12.00E, 24-15.00N 120-42.00E."
CORNERS = ((23.75, 120.2), (24.25, 120.2), (24.25, 120.7))
HEAD = "HYDROPAC 2345/24(97).\nMISSILE FIRING "


def at(day: int, hour: int, minute: int = 0, month: int = 9, year: int = 2024) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def days(first: int, last: int, opens: tuple[int, int], closes: tuple[int, int]) -> list[Span]:
    return [Span(at(day, *opens), at(day, *closes)) for day in range(first, last + 1)]


ONE = [Span(at(25, 0, 14), at(25, 6, 14))]
TIMES: list[tuple[str, list[Span]]] = [
    ("250014Z TO 250614Z SEP", ONE),
    ("250014Z SEP TO 250614Z SEP", ONE),
    ("250014Z SEP 24 TO 250614Z SEP 24", ONE),
    ("250014Z TO 250614Z SEPTEMBER 2024", ONE),
    ("FROM 250014 UTC TO 250614 UTC SEP", ONE),
    ("FROM 250014 TO 250614 UTC SEP", ONE),
    ("250014Z-250614Z SEP", ONE),
    ("250014Z UNTIL 250614Z SEP", ONE),
    ("BETWEEN 250014Z AND 250614Z SEP", ONE),
    ("25 SEP 0014Z TO 0614Z", ONE),
    ("0014Z 25 SEP TO 0614Z 25 SEP", ONE),
    ("0014Z TO 0614Z 25 SEP", ONE),
    ("00:14Z TO 06:14Z 25 SEP", ONE),
    ("250014Z\nTO 250614Z\nSEP", ONE),
    ("242400Z TO 250614Z SEP", [Span(at(25, 0), at(25, 6, 14))]),
    ("250014Z SEP TO 250614Z SEP 25", [Span(at(25, 0, 14, year=2025), at(25, 6, 14, year=2025))]),
    ("0014Z TO 0614Z 25 THRU 28 SEP", days(25, 28, (0, 14), (6, 14))),
    ("0014Z TO 0614Z DAILY 25-28 SEP", days(25, 28, (0, 14), (6, 14))),
    ("DAILY FROM 0014Z TO 0614Z 25 SEP TO 28 SEP", days(25, 28, (0, 14), (6, 14))),
    ("EACH DAY FROM 0014Z TO 0614Z 25 THRU 28 SEP 24", days(25, 28, (0, 14), (6, 14))),
    ("25 THRU 28 SEP, 0014Z TO 0614Z DAILY", days(25, 28, (0, 14), (6, 14))),
    ("0014Z TO 2400Z 25 AND 26 SEP", [Span(at(25, 0, 14), at(26, 0)), Span(at(26, 0, 14), at(27, 0))]),
    ("2200Z TO 0400Z DAILY 29 THRU 30 SEP", [Span(at(29, 22), at(30, 4)), Span(at(30, 22), at(1, 4, month=10))]),
]


@pytest.mark.parametrize(("printed", "windows"), TIMES, ids=[printed for printed, _ in TIMES])
def test_a_time_is_read_however_it_is_printed(printed: str, windows: list[Span]) -> None:
    reading = read(HEAD + printed + AREA, RECEIVED)
    assert reading.windows == tuple(windows)
    assert reading.unread == ()


REFUSED = [
    ("250014Z TO 0614Z SEP", "250014Z TO 0614Z SEP"),
    ("250014Z AND 260014Z SEP", "250014Z AND 260014Z SEP"),
    ("FROM 25 TO 28 SEP", "25 TO 28 SEP"),
    ("COMMENCING 250001Z SEP", "250001Z SEP"),
    ("282200Z TO 010400Z SEP", "282200Z TO 010400Z SEP"),
    ("310014Z TO 310614Z SEP", "310014Z TO 310614Z SEP"),
    ("252514Z TO 252614Z SEP", "252514Z TO 252614Z SEP"),
    ("290014Z TO 290614Z FEB 23", "290014Z TO 290614Z FEB 23"),
    ("0014Z TO 0614Z", "0014Z TO 0614Z"),
    ("0014Z TO 0614Z DAILY 01 JAN 24 THRU 31 DEC 26", "0014Z TO 0614Z DAILY 01 JAN 24 THRU 31 DEC 26"),
]


@pytest.mark.parametrize(("printed", "unread"), REFUSED, ids=[printed for printed, _ in REFUSED])
def test_a_time_that_cannot_be_or_is_unclear_is_said_and_not_guessed(printed: str, unread: str) -> None:
    reading = read(HEAD + printed + AREA, RECEIVED)
    assert reading.windows == ()
    assert [part.text for part in reading.unread] == [unread]
    assert (reading.unread[0].line, reading.unread[0].column) == (2, 16 + printed.index(unread))


@pytest.mark.parametrize("added", ["EXCEPT 27 SEP", "EVERY", "MONDAY", "BY DAYLIGHT"])
def test_what_is_said_about_the_times_and_not_read_is_unread(added: str) -> None:
    reading = read(HEAD + f"0014Z TO 0614Z 25 THRU 28 SEP {added}." + AREA, RECEIVED)
    assert len(reading.windows) == 4
    assert [part.text for part in reading.unread] == [added.removeprefix("BY ")]


NUMBERS = [
    ("NAVAREA XI 24-0531", "NAVAREA XI 531/24"),
    ("NAVAREA XI 531/24", "NAVAREA XI 531/24"),
    ("NAVAREA XI 0531/2024", "NAVAREA XI 531/24"),
    ("NAVAREA XI WARNING NR 531/24", "NAVAREA XI 531/24"),
    ("NAVAREA XXI 1/24", "NAVAREA XXI 1/24"),
    ("JAPAN COAST GUARD NAVAREA XI 24-0531", "NAVAREA XI 531/24"),
    ("HYDROPAC 2345/24(GEN).", "HYDROPAC 2345/24"),
    ("HYDROLANT 2345/2024(24,26).", "HYDROLANT 2345/24"),
    ("HYDROARC 12/24.", "HYDROARC 12/24"),
    ("221234Z SEP 24\nHYDROPAC 2345/24.", "HYDROPAC 2345/24"),
]


@pytest.mark.parametrize(("header", "name"), NUMBERS, ids=[header for header, _ in NUMBERS])
def test_a_number_is_read_however_it_is_printed(header: str, name: str) -> None:
    reading = read(f"{header}\nMISSILE FIRING 250014Z TO 250614Z SEP{AREA}", RECEIVED)
    assert (reading.id, reading.unread) == (name, ())


CANCELS = [
    ("CANCEL NAVAREA XI 123/24.", ("NAVAREA XI 123/24",)),
    ("CANCEL NAVAREA XI 24-0123.", ("NAVAREA XI 123/24",)),
    ("CANCEL HYDROPAC 2301/24, 2302/24.", ("HYDROPAC 2301/24", "HYDROPAC 2302/24")),
    ("CANCEL HYDROPAC 2301/24(97) AND NAVAREA XI 5/24.", ("HYDROPAC 2301/24", "NAVAREA XI 5/24")),
    ("CANCEL 2301/24.", ("HYDROPAC 2301/24",)),
    ("HYDROPAC 2301/24 IS CANCELLED.", ("HYDROPAC 2301/24",)),
    ("CANCEL THIS MSG 250714Z SEP 24.", ()),
    ("CANCEL THIS MESSAGE 250714Z SEP.", ()),
]


@pytest.mark.parametrize(("printed", "cancels"), CANCELS, ids=[printed for printed, _ in CANCELS])
def test_what_is_cancelled_is_read(printed: str, cancels: tuple[str, ...]) -> None:
    reading = read(f"{HEAD}250014Z TO 250614Z SEP{AREA} {printed}", RECEIVED)
    assert (reading.cancels, reading.status, reading.windows, reading.unread) == (cancels, "new", tuple(ONE), ())


def test_nothing_but_a_cancellation_is_one() -> None:
    assert read("HYDROPAC 2345/24. CANCEL HYDROPAC 2301/24.", RECEIVED).status == "cancellation"


YEARS = [
    ("NAVAREA XI 9/25 ", "", "010014Z TO 010614Z JAN", 2025, False),
    ("", "311200Z DEC 23\nHYDROPAC 4000/23.\n", "010014Z TO 010614Z JAN", 2024, False),
    ("", "HYDROPAC 4000/23.\n", "100014Z TO 100614Z DEC", 2023, False),
    ("", "", "010014Z TO 010614Z JAN", 2025, True),
    ("", "", "010014Z TO 010614Z JUL", 2024, True),
    ("", "", "010014Z TO 010614Z JUL 19", 2019, False),
]


@pytest.mark.parametrize(("number", "before", "printed", "year", "supposed"), YEARS)
def test_the_year_comes_from_the_issue_the_number_or_the_receipt(
    number: str, before: str, printed: str, year: int, supposed: bool
) -> None:
    reading = read(f"{number}{before}MISSILE FIRING {printed}{AREA}", RECEIVED)
    assert [span.start.year for span in reading.windows] == [year]
    assert bool(reading.assumed) is supposed


OVER_NEW_YEAR = [
    ("HYDROPAC 2/26(97).", "312200Z DEC TO 020400Z JAN", datetime(2026, 1, 1, tzinfo=UTC), 2025, True),
    ("HYDROPAC 2/26(97).", "2200Z TO 2300Z DAILY 30 DEC THRU 02 JAN", datetime(2026, 1, 2, tzinfo=UTC), 2025, True),
    ("HYDROPAC 2/26(97).", "030000Z JAN TO 030600Z JAN", datetime(2026, 1, 2, tzinfo=UTC), 2026, False),
    ("HYDROPAC 2902/26(97).", "312200Z DEC TO 020400Z JAN", datetime(2026, 12, 20, tzinfo=UTC), 2026, False),
    ("HYDROPAC 2902/26(97).", "312200Z DEC TO 020400Z JAN", datetime(2026, 10, 1, tzinfo=UTC), 2026, False),
]


@pytest.mark.parametrize(("number", "printed", "received", "year", "supposed"), OVER_NEW_YEAR)
def test_the_first_warnings_of_a_year_may_speak_of_the_last_days_of_the_one_before(
    number: str, printed: str, received: datetime, year: int, supposed: bool
) -> None:
    reading = read(f"{number}\nMISSILE FIRING {printed}{AREA}", received)
    assert reading.windows[0].start.year == year
    assert any("received around then" in sentence for sentence in reading.assumed) is supposed


@pytest.mark.parametrize(
    "printed",
    [
        "23-45.00N 120-12.00E",
        "23-45N 120-12E",
        "23-45-00N 120-12-00E",
        "23 45.0N 120 12.0E",
        "23 45 00N 120 12 00E",
        "23-45.00 N 120-12.00 E",
        "23-45.00N, 120-12.00E",
        "23-45.00N\n120-12.00E",
        "23°45.00'N 120°12.00'E",
        "23\u201345.00N\xa0120\u201312.00E",
        "23°45'00\"N 120°12'00\"E",
    ],
)
def test_a_position_is_read_however_it_is_printed(printed: str) -> None:
    reading = read(f"{HEAD}250014Z TO 250614Z SEP WITHIN 10 MILES OF {printed}.", RECEIVED)
    assert (reading.areas, reading.unread) == ((Circle(lat=23.75, lon=120.2, radius_km=18.52),), ())


@pytest.mark.parametrize(
    "printed", ["23-60.00N 120-12.00E", "91-00N 120-12E", "23-45N 181-00E", "23.75N 120.2E", "23-45-00N 120-12E"]
)
def test_a_position_that_cannot_be_or_is_unclear_is_unread(printed: str) -> None:
    reading = read(f"{HEAD}250014Z TO 250614Z SEP WITHIN 10 MILES OF {printed}.", RECEIVED)
    assert reading.areas == ()
    assert any(printed.split()[0] in part.text for part in reading.unread)


def minutes(value: float, width: int, letters: str, style: str) -> tuple[str, float]:
    hundredths = round(abs(value) * 6_000)
    whole, rest = divmod(hundredths, 6_000)
    if style == "seconds":
        minute, second = divmod(round(rest * 0.6), 60)
        degrees = whole + minute / 60 + second / 3600
        printed = f"{whole:0{width}d}-{minute:02d}-{second:02d}"
    else:
        degrees = whole + rest / 6_000
        join = "-" if style == "hyphen" else " "
        printed = f"{whole:0{width}d}{join}{rest / 100:05.2f}"
    return printed + letters[value < 0], round(-degrees if value < 0 else degrees, 6)


degrees_north = st.floats(-80, 80).map(lambda value: round(value, 2))
degrees_east = st.floats(-179, 178).map(lambda value: round(value, 2))


@settings(max_examples=150, deadline=None)
@given(
    lat=degrees_north,
    lon=degrees_east,
    style=st.sampled_from(["hyphen", "blank", "seconds"]),
    start=st.integers(0, 180 * 24 * 60),
    hours=st.integers(1, 40),
    radius=st.integers(1, 500),
    circle=st.booleans(),
    number=st.integers(1, 9999),
)
def test_what_is_put_in_comes_out(
    lat: float, lon: float, style: str, start: int, hours: int, radius: int, circle: bool, number: int
) -> None:
    begin = datetime(2024, 7, 1, tzinfo=UTC) + timedelta(minutes=start)
    end = begin + timedelta(hours=hours)
    corners = [(lat, lon), (lat, lon + 0.5), (lat + 0.5, lon + 0.5), (lat + 0.5, lon)]
    printed, expected = [], []
    for north, east in corners[:1] if circle else corners:
        lat_said, lat_meant = minutes(north, 2, "NS", style)
        lon_said, lon_meant = minutes(east, 3, "EW", style)
        printed.append(f"{lat_said} {lon_said}")
        expected.append((lat_meant, lon_meant))
    where = f"WITHIN {radius} MILES OF {printed[0]}" if circle else f"IN AREA BOUND BY {', '.join(printed)}"
    months = [at.strftime("%b").upper() for at in (begin, end)]
    text = (
        f"HYDROPAC {number}/24(97).\nMISSILE FIRING {begin:%d%H%M}Z {months[0]} TO {end:%d%H%M}Z {months[1]}\n{where}.\n"
        f"CANCEL THIS MSG {end:%d%H%M}Z {months[1]} {end:%y}.\n"
    )
    reading = read(text, RECEIVED)
    assert (reading.id, reading.kind, reading.unread) == (f"HYDROPAC {number}/24", "launch", ())
    assert reading.windows == (Span(begin, end),)
    if circle:
        meant = Circle(lat=expected[0][0], lon=expected[0][1], radius_km=round(radius * 1.852, 3))
        assert reading.areas == (meant,)
    else:
        assert reading.areas == (Polygon(points=tuple(expected)),)


WORDS = [
    *(
        "NAVAREA XI",
        "HYDROPAC",
        "24-0531",
        "123/24",
        "CANCEL",
        "THIS MSG",
        "IS CANCELLED",
        "REPLACES",
        "REF",
        "SELF",
        "IN FORCE",
    ),
    *("250014Z", "0614Z", "TO", "THRU", "DAILY", "25", "30", "SEP", "FEB", "24", "2024", "BETWEEN", "AND", "ALTERNATE"),
    *("AREA", "BOUND BY", "WITHIN", "15", "MILES OF", "RADIUS", "CENTERED ON", "EITHER SIDE OF", "TRACKLINE JOINING"),
    *("23-45.00N", "120-12.00E", "23 45.0N", "99-99N", "A.", "1.", "(2)", ",", ".", ";", "\n", "(", ")", "-", "/", "0"),
    *("UNTIL FURTHER NOTICE", "ROCKET LAUNCHING", "GUNNERY", "CHART", "ZCZC"),
]


def sound(reading: Reading, text: str) -> None:
    assert reading.text == text
    lines = text.split("\n")
    for part in reading.unread:
        assert part.text or not text.strip()
        assert part.expected
        from_there = " ".join("\n".join(lines[part.line - 1 :])[part.column - 1 :].split())
        assert from_there.startswith(part.text.removesuffix(" ..."))
    assert all(span.end is None or span.end >= span.start for span in reading.windows)
    assert list(reading.windows) == sorted(reading.windows, key=lambda span: span.start)
    assert len(reading.windows) <= 400


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join))
def test_no_order_of_its_words_makes_it_crash(text: str) -> None:
    sound(read(text, RECEIVED), text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_makes_it_crash(text: str) -> None:
    reading = read(text, RECEIVED)
    assert reading.text == text


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(0, 10_000))
def test_every_digit_is_read_or_told_of(first: str, second: str, number: int) -> None:
    """A number that stands alone in prose is never passed over."""
    reading = read(f"{HEAD}250014Z TO 250614Z SEP{AREA} XX {number} YY", RECEIVED)
    assert [part.text for part in reading.unread] == [str(number)]


HOSTILE = [
    *(
        "1",
        "(",
        "1 ",
        "1-",
        "23-45N ",
        "23-45N 120-12E, ",
        "CANCEL ",
        "NAVAREA ",
        "250014Z TO ",
        "DAILY ",
        "A. ",
        "1,",
        "24/",
        "-",
    ),
    *("WITHIN 5 MILES OF ", "CANCEL 1/24, ", "0014Z TO 0614Z 25, ", "SEP ", "\n", "AREA ", "BOUND ", "CHART 1 ", "IN FORCE "),
    *(
        "0014Z TO 0614Z DAILY 01 JAN THRU 31 DEC 24 ",
        "CANCEL THIS MSG ",
        "REF ",
        "25 SEP, ",
        "FROM ",
        "NO. ",
        "((",
        "1 JAN 24 TO ",
    ),
]


@pytest.mark.parametrize("part", HOSTILE)
def test_the_longest_text_takes_no_longer_than_its_length(part: str) -> None:
    text = (part * LONGEST)[:LONGEST]
    begun = time.process_time()
    reading = read(text, RECEIVED)
    assert time.process_time() - begun < 2
    assert len(reading.unread) <= 51


def test_what_is_beyond_the_longest_text_is_told_of() -> None:
    text = HEAD + "250014Z TO 250614Z SEP" + AREA + " " * LONGEST + "CANCEL"
    assert "at most 20000 characters" in [part.expected for part in read(text, RECEIVED).unread]
