"""Notices that somebody wrote as data: what is understood, and every fault told at once with its place."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from producers.structured import reading
from producers.structured.flat import FIELDS, Usual
from producers.structured.reading import Form, Known, Read, form_of, read
from streams.events import LaunchNotice
from streams.events.decode import decode, encode
from streams.events.launches import Window
from tests.events.strategies import events
from tests.producers.structured.writing import Flat, as_csv, as_json, as_json_lines, as_toml, flat

USUAL = Usual("urn:steadyline:report:me")
NOTICE: Flat = {
    "notice": "NAVAREA-XI-123-26",
    "party": "PRC",
    "issued": "2026-11-23T09:00:00Z",
    "recipients": [{"party": "JPN", "received": "2026-11-23T09:05:00Z"}],
    "window": {"opens": "2026-11-24T09:00:00Z", "closes": "2026-11-24T11:00:00Z"},
    "range_km": 5500,
}
WRITERS: dict[Form, Callable[[Sequence[Flat]], bytes]] = {
    "json": as_json,
    "jsonl": as_json_lines,
    "csv": as_csv,
    "toml": as_toml,
}
# A machine may be busy with something else.
SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
notices = events((LaunchNotice,)).map(lambda event: cast("LaunchNotice", event))


def told(data: bytes | str, form: Form, usual: Usual = USUAL, **others: object) -> Read:
    return read("n", data.encode() if isinstance(data, str) else data, form, usual, **others)  # type: ignore[arg-type]


def problems(data: bytes | str, form: Form) -> list[str]:
    result = told(data, form)
    assert not result.events
    return [str(problem) for problem in result.problems]


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_says_the_same(form: Form) -> None:
    (event,) = told(WRITERS[form]([NOTICE]), form).events
    assert (event.data.notice, event.data.party, event.data.range_km) == ("NAVAREA-XI-123-26", "PRC", 5500)
    assert event.time == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert event.data.window == Window(
        opens=datetime(2026, 11, 24, 9, tzinfo=UTC), closes=datetime(2026, 11, 24, 11, tzinfo=UTC)
    )
    assert event.source == USUAL.source
    assert event.id == told(as_json([NOTICE]), "json").events[0].id, "the same content, the same event"


@given(st.lists(notices, min_size=1, max_size=2, unique_by=lambda event: event.data.notice), st.sampled_from(tuple(WRITERS)))
def test_what_was_written_is_read_back(written: list[LaunchNotice], form: Form) -> None:
    rows = [flat(event) for event in written]
    assume(form != "csv" or all(_fits(name, cell) for row in rows for name, cell in row.items()))
    result = told(WRITERS[form](rows), form)
    assert result.problems == []
    assert result.events == [as_told(event) for event in written]


def _fits(name: str, cell: object) -> bool:
    """Whether a cell can hold it: blank is nothing there, blanks around count in text alone, and a table has no NUL."""
    return not isinstance(cell, str) or ("\0" not in cell and bool(cell.strip()) and (name == "text" or cell == cell.strip()))


def as_told(event: LaunchNotice) -> LaunchNotice:
    """The event as it comes of whatever form: when the log took it in is the log's to say."""
    plain = json.loads(encode(event))
    plain.pop("ingested", None)
    read = decode(json.dumps(plain))
    assert isinstance(read, LaunchNotice)
    return read


def changed(**fields: object) -> bytes:
    """The notice with other fields, as JSON; ``None`` leaves one out."""
    return as_json([{name: value for name, value in (NOTICE | fields).items() if value is not None}])


FAULTS: list[tuple[dict[str, object], str]] = [
    ({"party": None}, "party: expected this field (a state or body: US, PRC, DPRK, IMO), got none"),
    ({"party": "prc"}, "party: expected a state or body: US, PRC, DPRK, IMO, got 'prc'"),
    ({"issued": "2026-11-23T09:00:00"}, "issued: expected a zone too: 2026-11-23T09:00Z, got '2026-11-23T09:00:00'"),
    ({"issued": "yesterday"}, "issued: expected 2026-11-23T09:00Z (with its zone), got 'yesterday'"),
    ({"recipients": []}, "recipients: expected a list of 1 to 200, got 0"),
    ({"recipients": "JPN"}, "recipients: expected a list, got 'JPN'"),
    ({"recipients": ["JPN", {"party": "ROK", "recieved": 1}]}, "recipients[1].recieved: no such field; did you mean received?"),
    ({"range_km": "5500"}, "range_km: expected a number, got '5500'"),
    ({"range_km": -1}, "range_km: expected a number >= 0.0, got -1"),
    ({"launches": 1.5}, "launches: expected a whole number, got 1.5"),
    ({"voluntary": "yes"}, "voluntary: expected true or false, got 'yes'"),
    ({"revision": 10**30}, "revision: expected a whole number <= 1000000, got a number too large"),
    ({"status": "canceled"}, "status: expected one of planned, amended, cancelled, got 'canceled'; did you mean cancelled?"),
    ({"window": {"opens": "2026-11-24T09:00:00Z"}}, "window.closes: expected this field"),
    (
        {"window": {"opens": "2026-11-24T09:00:00Z", "closes": "2026-11-24T08:00:00Z"}},
        "window: expected a window that closes after it opens",
    ),
    (
        {"further_windows": [{"opens": "2026-11-23T09:00:00Z", "closes": "2026-11-23T10:00:00Z"}]},
        "expected further_windows that open no earlier than window",
    ),
    ({"launch_area": {"shape": "cirle"}}, "launch_area: expected `shape`: one of circle, polygon, named, got 'cirle'"),
    (
        {"launch_area": {"shape": "circle", "lat": 91, "lon": 0, "radius_km": 1}},
        "launch_area.lat: expected a number <= 90.0, got 91",
    ),
    (
        {"impact_areas": [{"shape": "polygon", "points": [[0, 0], [1, 1]]}]},
        "impact_areas[0].points: expected a list of 3 to 500",
    ),
    (
        {"impact_areas": [{"shape": "polygon", "points": [[0, 0], [1, 1], [0, 1], [1, 0]]}]},
        "impact_areas[0]: expected a polygon whose border does not cross itself",
    ),
    ({"prty": "PRC"}, "prty: no such field; did you mean party?"),
    ({"ingested": "2026-11-23T09:00:00Z"}, "ingested: no such field"),
    ({"zone": "Asia/Soul"}, "zone: expected an IANA time zone or an offset such as +09:00, got 'Asia/Soul'"),
    ({"local": "2026-11-23T19:00", "zone": "Asia/Tokyo"}, "local: printed local time 2026-11-23T19:00 in Asia/Tokyo"),
    ({"specversion": "1.0", "type": "org.steadyline.tick.v1"}, "type: expected org.steadyline.launch.notice.v1"),
]


@pytest.mark.parametrize(("fields", "expected"), FAULTS, ids=[expected[:60] for _, expected in FAULTS])
def test_what_is_wrong_is_told_with_its_field(fields: dict[str, object], expected: str) -> None:
    assert any(f"n:2: notice 1: {expected}" in problem for problem in problems(changed(**fields), "json")), expected


def test_every_fault_of_a_file_is_told_at_once_and_in_order() -> None:
    rows = (
        "notice,party,issued,recipients,range_km\nA-1,PRC,soon,JPN,-1\nA-2,PRC,2026-11-23T09:00Z,JPN,5\nA-3,x,2026-11-23,,far\n"
    )
    assert problems(rows, "csv") == [
        "n:2: issued: expected 2026-11-23T09:00Z (with its zone), got 'soon'",
        "n:2: range_km: expected a number >= 0.0, got '-1'",
        "n:4: issued: expected 2026-11-23T09:00Z (with its zone), got '2026-11-23'",
        "n:4: party: expected a state or body: US, PRC, DPRK, IMO, got 'x'",
        "n:4: recipients: expected this field (a list), got none",
        "n:4: range_km: expected a number, got 'far'",
    ]


def test_what_is_sound_is_taken_where_that_is_asked_for() -> None:
    data = as_json([NOTICE, {}, NOTICE | {"notice": "B-1"}])
    result = told(data, "json", partial=True)
    assert [event.data.notice for event in result.events] == ["NAVAREA-XI-123-26", "B-1"]
    assert {problem.field.partition(":")[0] for problem in result.problems} == {"notice 2"}


def test_two_that_contradict_each_other_are_told_and_two_that_agree_are_one() -> None:
    assert problems(as_json([NOTICE, NOTICE | {"range_km": 5}]), "json") == [
        "n:18: notice 2: notice: line 2 says something else of the same revision"
    ]
    first, second = told(as_json([NOTICE, NOTICE]), "json").events
    assert first == second
    assert len(told(as_json([NOTICE, NOTICE | {"range_km": 5, "revision": 2}]), "json").events) == 2


def test_what_no_agreement_knows_is_remarked_upon_and_hinders_nothing() -> None:
    known = Known({"PRC", "JPN", "US"}, {"hcoc-2002"})
    notice = NOTICE | {"party": "PCR", "agreements": ["hcoc-2020"]}
    result = told(as_json_lines([notice]), "jsonl", known=known)
    assert len(result.events) == 1
    assert [str(remark) for remark in result.remarks] == [
        "n:1: party: no agreement knows the party PCR; did you mean PRC?",
        "n:1: agreements[0]: no agreement is called hcoc-2020; did you mean hcoc-2002?",
    ]


def test_what_a_notice_does_not_say_comes_from_whoever_sends_it() -> None:
    plain = {name: value for name, value in NOTICE.items() if name != "party"}
    (event,) = told(as_json([plain]), "json", Usual("urn:x", "DPRK")).events
    assert (event.source, event.data.party, event.exercise) == ("urn:x", "DPRK", False)
    (event,) = told(as_json([NOTICE | {"source": "urn:y", "exercise": False}]), "json", Usual("urn:x", "DPRK", True)).events
    assert (event.source, event.data.party, event.exercise) == ("urn:y", "PRC", True)


def test_an_event_as_it_is_goes_in_as_it_is() -> None:
    (event,) = told(changed(), "json").events
    assert told(encode(event), "json").events == [event]
    assert told(encode(event) + b"\n\n" + encode(event) + b"\n", "jsonl").events == [event, event]


CELLS: list[tuple[str, str, object]] = [
    ("recipients", "JPN; ROK", [{"party": "JPN"}, {"party": "ROK"}]),
    ("recipients", "JPN 2026-11-23T09:00:00Z;", [{"party": "JPN", "received": "2026-11-23T09:00:00Z"}]),
    ("recipients", '[{"party": "JPN"}]', [{"party": "JPN"}]),
    ("window", "2026-11-24T00:00Z / 2026-11-24T02:00Z", {"opens": "2026-11-24T00:00:00Z", "closes": "2026-11-24T02:00:00Z"}),
    ("launch_area", "circle: 38.5 -132.2 30", {"shape": "circle", "lat": 38.5, "lon": -132.2, "radius_km": 30.0}),
    ("launch_area", "NAME: Sea of Japan", {"shape": "named", "name": "Sea of Japan"}),
    (
        "impact_areas",
        "polygon: 38.5 132.2, 39 133, 38 134; name: here",
        [{"shape": "polygon", "points": [[38.5, 132.2], [39.0, 133.0], [38.0, 134.0]]}, {"shape": "named", "name": "here"}],
    ),
    ("agreements", "hcoc-2002; launch-1988", ["hcoc-2002", "launch-1988"]),
    ("range_km", " 5500.5 ", 5500.5),
    ("launches", "0", 0),
    ("voluntary", "true", True),
    ("text", "null", "null"),
    ("text", "=SUM(A1)", "=SUM(A1)"),
    ("text", "  two\nlines; with, marks ", "  two\nlines; with, marks "),
]


@pytest.mark.parametrize(("column", "cell", "value"), CELLS, ids=[f"{column}-{cell[:20]}" for column, cell, _ in CELLS])
def test_a_cell_has_short_forms(column: str, cell: str, value: object) -> None:
    row = {"notice": "A-1", "party": "PRC", "issued": "2026-11-23T09:00:00Z", "recipients": "US"} | {column: cell}
    (event,) = told(as_csv([row]), "csv").events
    assert flat(event)[column] == value


BAD_CELLS = [
    ("window", "2026-11-24", "expected OPENS/CLOSES"),
    ("launch_area", "circle: 1 2", "expected circle: LAT LON KM"),
    ("launch_area", "polygon: 1 2 3, 4", "expected polygon: LAT LON, LAT LON"),
    ("launch_area", "square: 1 2", "expected circle: LAT LON KM, polygon: LAT LON, ... or name: WORDS"),
    ("launch_area", "circle: a 0 1", "launch_area.lat: expected a number, got 'a'"),
    ("impact_areas", '[{"shape": ', "expected JSON after '['"),
    ("impact_areas", "[" * 100_000, "expected JSON after '['"),
    ("text", "x" * 20_001, "length <= 20000, got 'xxx"),
    ("range_km", "nan", "expected a number"),
    ("range_km", "inf", "expected a number"),
    ("range_km", "1e999", "expected a number"),
    ("revision", "1.5", "expected a whole number, got '1.5'"),
    ("exercise", "perhaps", "expected true or false, got 'perhaps'"),
]


@pytest.mark.parametrize(("column", "cell", "expected"), BAD_CELLS, ids=[f"{one}-{two[:20]}" for one, two, _ in BAD_CELLS])
def test_a_cell_that_cannot_be_read_is_told_alone(column: str, cell: str, expected: str) -> None:
    row = {"notice": "A-1", "party": "PRC", "issued": "2026-11-23T09:00:00Z", "recipients": "US"} | {column: cell}
    (problem,) = problems(as_csv([row]), "csv")
    assert problem.startswith(f"n:2: {column}")
    assert expected in problem


REFUSED: list[tuple[Form, bytes, str]] = [
    ("json", b"", "n:1: expected JSON, got Input data was truncated in column 1"),
    ("json", b"[]", "n: expected a notice, got none"),
    ("json", b"[1]", "n:1: notice 1: expected a notice with its fields, got 1"),
    ("json", b'[\n {"notice": }]', "n:2: expected JSON, got invalid character in column 13"),
    ("json", b"[" * 100_000, "expected JSON, got brackets nested too deeply"),
    ("json", b"\xff\xfe{\x00", "n:1: expected UTF-8, got byte 0xff; it looks like UTF-16: save it as UTF-8"),
    ("jsonl", b'{}\n{"a"\n', "n:2: expected JSON"),
    ("csv", b"notice,prty\n", "n:1: prty: no such column; did you mean party?"),
    ("csv", b"# remark\nnotice,notice\n", "n:2: notice: expected each column once, got it twice"),
    ("csv", b"notice,party\nA-1\n", "n:2: expected 2 cells, as in the header, got 1"),
    ("csv", b'notice,party\n"A-1,PRC\n', "expected CSV (RFC 4180)"),
    ("csv", b"notice\n" + b"x" * 200_000, "n:2: expected CSV (RFC 4180), got: field larger than field limit"),
    ("csv", b"n\0o\n", "n:1: expected text, got a NUL"),
    ("csv", b"notice,party\n", "n: expected a notice, got none"),
    ("toml", b'notice = "A-1\n', "n:1: expected TOML"),
    ("toml", b"a = " + b"[" * 100_000, "expected TOML"),
    ("toml", b'x = 1\n[[notices]]\nnotice = "A"\n', "n:1: x: no such field beside notices"),
    ("toml", b"issued = 2026-11-24\n", "n:1: issued: expected a time with its zone, 2026-11-23T09:00Z, got 2026-11-24"),
    ("toml", b"issued = 09:00:00\n", "n:1: issued: expected a time with its zone, 2026-11-23T09:00Z, got 09:00:00"),
    ("toml", b"#" * 1_048_577, "n: expected at most 1,048,576 bytes, got 1,048,577"),
    ("json", b" " * 16_777_217, "n: expected at most 16,777,216 bytes, got 16,777,217"),
]


@pytest.mark.parametrize(("form", "data", "expected"), REFUSED, ids=[f"{form}-{data[:24]!r}" for form, data, _ in REFUSED])
def test_a_file_that_cannot_be_read_says_where(form: Form, data: bytes, expected: str) -> None:
    assert any(problem.startswith(expected) or expected in problem for problem in problems(data, form))


def test_too_many_notices_and_too_many_faults_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_NOTICES", 2)
    assert problems(as_json_lines([NOTICE | {"notice": f"A-{number}"} for number in range(3)]), "jsonl") == [
        "n: expected at most 2 notices in a file, got more"
    ]
    monkeypatch.setattr(reading, "MOST_NOTICES", 10_000)
    monkeypatch.setattr(reading, "MOST_PROBLEMS", 3)
    assert problems(b"{}\n" * 2, "jsonl")[3:] == ["n: 5 more problems are not told"]


NAMES: list[tuple[str, bytes, Form | None]] = [
    ("x.toml", b"", "toml"),
    ("x.JSON", b"", "json"),
    ("x.ndjson", b"", "jsonl"),
    ("standard input", b'\xef\xbb\xbf [{"notice": 1}]', "json"),
    ("standard input", b'"# remark, with a comma"\n# another\nNotice ,party\n', "csv"),
    ("standard input", b"# a form\n\nnotice = 1\n", "toml"),
    ("standard input", b"[[notices]]\n", "toml"),
    ("warnings.txt", b"221234Z SEP 24\nHYDROPAC 2345/24(97).\n", None),
    ("warnings.txt", b"(A1234/26 NOTAMN\nQ) ZBPE/QWMLW/IV/BO/W/000/999/2345N12012E025", None),
    ("warnings.txt", b"", None),
]


@pytest.mark.parametrize(("name", "data", "form"), NAMES, ids=[f"{name}-{data[:16]!r}" for name, data, _ in NAMES])
def test_the_form_is_known_by_its_name_or_by_how_it_begins(name: str, data: bytes, form: Form | None) -> None:
    assert form_of(name, data) == form


scraps = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@SLOWLY
@given(st.dictionaries(st.sampled_from(FIELDS), scraps, max_size=6) | scraps)
def test_no_value_makes_it_crash_and_each_refusal_has_a_reason(value: object) -> None:
    result = told(json.dumps([value]), "json")
    assert bool(result.events) != bool(result.problems)
    assert all(problem.message for problem in result.problems)


@SLOWLY
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(tuple(WRITERS)))
def test_no_bytes_make_it_crash(data: bytes, form: Form) -> None:
    result = told(data, form)
    assert bool(result.events) != bool(result.problems)
    form_of("standard input", data)
