"""Properties of the NOTAM reader: parts put in come out, nothing crashes, time grows with the length only."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.warnings.notam import read
from producers.warnings.reading import Reading, Span
from streams.events.areas import Circle, Polygon

RECEIVED = datetime(2026, 9, 24, tzinfo=UTC)


def test_a_receipt_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        read("A1234/26 NOTAMN", datetime(2026, 9, 24))  # noqa: DTZ001


@st.composite
def notams(draw: st.DrawFn) -> tuple[str, Reading]:
    """A NOTAM put together from parts, and the reading of just these parts."""
    series, serial = draw(st.sampled_from("ABCDEFGV")), f"{draw(st.integers(1, 9999)):04}/26"
    old = draw(st.none() | st.integers(1, 9999).map(lambda n: f"{series}{n:04}/26"))
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 500_000)))
    end = draw(st.none() | st.integers(1, 100_000).map(lambda n: start + timedelta(minutes=n)))
    estimated = end is not None and draw(st.booleans())
    lower, upper = draw(st.integers(0, 99)), draw(st.none() | st.integers(100, 600))
    sep = draw(st.sampled_from([" ", "\n", "  ", " \r\n"]))
    minutes = st.integers(-80 * 60, 80 * 60)
    lat, lon = draw(minutes), draw(st.integers(-170 * 60, 170 * 60))
    size = draw(st.integers(1, 60))

    def printed(north: int, east: int) -> str:
        ns, ew = "S" if north < 0 else "N", "W" if east < 0 else "E"
        y, x = f"{abs(north) // 60:02}{abs(north) % 60:02}00", f"{abs(east) // 60:03}{abs(east) % 60:02}00"
        return f"{y}{ns}{x}{ew}" if after else f"{ns}{y}{ew}{x}"

    after = draw(st.booleans())
    area: Circle | Polygon
    if draw(st.booleans()):
        area = Circle(lat=round(lat / 60, 6), lon=round(lon / 60, 6), radius_km=round(size * 1.852, 6))
        where = draw(
            st.sampled_from(["WI {r}NM RADIUS OF {p}", "CIRCLE CENTRED AT {p} RADIUS {r}NM", "RADIUS {r} NM CENTERED ON {p}"])
        )
        where = where.format(r=size, p=printed(lat, lon))
    else:
        corners = ((lat, lon), (lat + size, lon), (lat + size, lon + size))
        area = Polygon(points=tuple((round(y / 60, 6), round(x / 60, 6)) for y, x in corners))
        joint = draw(st.sampled_from(["-", " ", " - ", ", ", " TO ", "\n"]))
        where = "AREA BOUNDED BY " + joint.join(printed(*corner) for corner in corners)
    header = f"{series}{serial} NOTAM{'R ' + old if old else 'N'}"
    close = "PERM" if end is None else f"{end:%y%m%d%H%M}{' EST' if estimated else ''}"
    top = "UNL" if upper is None else f"FL{upper}"
    text = sep.join(
        [
            f"({header}",
            "A) ZBPE",
            f"B) {start:%y%m%d%H%M}",
            f"C) {close}",
            f"E) MISSILE LAUNCH {where}",
            f"F) FL{lower:03}",
            f"G) {top})",
        ]
    )
    return text, Reading(
        form="notam",
        text=text,
        series=series,
        number=serial,
        issuer="ZBPE",
        kind="launch",
        status="replacement" if old else "new",
        cancels=(old,) if old else (),
        replaces=(old,) if old else (),
        windows=(Span(start, end),),
        areas=(area,),
        lower_ft=lower * 100,
        upper_ft=None if upper is None else upper * 100,
        estimated=estimated,
    )


@given(notams())
def test_the_parts_of_a_notam_come_back(case: tuple[str, Reading]) -> None:
    text, expected = case
    assert read(text, RECEIVED) == expected


WORDS = st.sampled_from(
    [
        "(",
        ")",
        "A1234/26",
        "NOTAMN",
        "NOTAMR",
        "NOTAMC",
        "Q)",
        "A)",
        "B)",
        "C)",
        "D)",
        "E)",
        "F)",
        "G)",
        "ZBPE/QWMLW/IV/BO/W/000/999/3842N11113E050",
        "2609250014",
        "2609280614",
        "PERM",
        "EST",
        "DAILY",
        "0014-0614",
        "25",
        "SEP",
        "-",
        "TO",
        "EXC",
        "H24",
        "SR-SS",
        "N234500E1201200",
        "2345N",
        "12012E",
        "9999N",
        "BOUNDED",
        "BY",
        "AREA",
        "RADIUS",
        "50NM",
        "WI",
        "ARC",
        ",",
        ".",
        ";",
        "1.",
        "A:",
        "UNL",
        "FL250",
        "SFC",
        "WEF",
        "TIL",
        "WIE",
        "UNTIL",
        "CREATED:",
        "NNNN",
        "ZCZC",
        "221020",
        "ZBBBYNYX",
        "ROCKET",
        "CANCEL",
        "EITHER",
        "SIDE",
        "OF",
        "LINE",
        "°",
        "'",
        "é",
        "ß",
        "İ",
    ]
)


@given(st.text(max_size=400) | st.lists(WORDS, max_size=80).map(" ".join) | st.lists(WORDS, max_size=80).map("\n".join))
@settings(max_examples=300)
def test_no_text_makes_it_crash(text: str) -> None:
    reading = read(text, RECEIVED)
    assert reading.text == text
    assert len(reading.unread) <= 50
    assert all(0 < part.line <= text.count("\n") + 1 and part.column > 0 and part.text for part in reading.unread)
    assert all(span.end is None or span.start < span.end for span in reading.windows)


LONG = [
    "1",
    "N2345E12012 ",
    "N234500E1201200-",
    "23-45-00N 120-12-00E, ",
    "2345N ",
    "RADIUS 50NM ",
    "WI 50NM RADIUS OF N2345E12012 ",
    "2609250014 ",
    "2609250014 TIL 2609250614 ",
    "25 0014-0614 ",
    "A) ",
    "F) G) ",
    " ",
    "\n",
    "\n \n",
    "BOUNDED BY ",
    "AREA A: ",
    "CANCEL A1234/26 ",
    "A1234/26 AND ",
    "SFC-",
    "1,000",
    "OF THE ",
    "( (",
    "A1234/26 NOTAMN ",
    "10NM EITHER SIDE OF LINE JOINING N2345E12012 ",
    "ARC 9999N ",
    "DAILY ",
    "DANGER BOUND ",
    ". ",
]


@pytest.mark.parametrize(
    "frame", ["{}", "A1234/26 NOTAMN B) 2609250000 C) 2610302359 D) {} E) X", "A1234/26 NOTAMN B) 2609250000 E) {}"]
)
@pytest.mark.parametrize("part", LONG)
def test_time_grows_with_the_length_only(part: str, frame: str) -> None:
    def seconds(length: int) -> float:
        text = frame.format((part * length)[:length])
        best = 9.0
        for _ in range(3):
            began = time.process_time()
            read(text, RECEIVED)
            best = min(best, time.process_time() - began)
        return best

    # Four times the text may cost eight times the time (noise), not sixteen.
    assert seconds(20_000) < 8 * seconds(5_000)
