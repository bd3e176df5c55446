"""The one way from bytes to events: what is refused, and by what words."""

import json
from datetime import UTC, datetime
from math import cos, pi, sin
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon as PlanePolygon

from streams.events import AnyEvent, ChannelCheck, Polygon
from streams.events.decode import MAX_BYTES, Refused, decode, encode
from tests.events.strategies import events


def check(**changes: Any) -> dict[str, Any]:
    """A channel check, with fields replaced; a field set to ``...`` is left out."""
    return {
        name: value
        for name, value in (
            {
                "specversion": "1.0",
                "id": "c-1",
                "source": "feed:test",
                "type": "org.steadyline.channel.check.v1",
                "time": "2023-11-21T13:42:00Z",
                "data": {"channel": "us-prc-dtl"},
            }
            | changes
        ).items()
        if value is not ...
    }


def notice(**changes: Any) -> dict[str, Any]:
    """A launch notice, with fields of its data replaced."""
    data = {"notice": "n-1", "party": "US", "recipients": [{"party": "PRC"}]}
    return check(type="org.steadyline.launch.notice.v1", data=data | changes)


def observation(**changes: Any) -> dict[str, Any]:
    """A launch observation, with fields of its data replaced."""
    return check(type="org.steadyline.launch.observation.v1", data={"party": "US"} | changes)


def incident(**changes: Any) -> dict[str, Any]:
    """An incident report, with fields of its data replaced."""
    data = {"incident": "i-1", "parties": ["US", "PRC"], "gravity": "high", "domain": "air"}
    return check(type="org.steadyline.incident.report.v1", data=data | changes)


def polygon(*points: tuple[float, float]) -> dict[str, Any]:
    return {"shape": "polygon", "points": points}


BOW_TIE = polygon((0, 0), (10, 10), (0, 10), (10, 0))

REFUSED = [
    pytest.param("", "truncated", id="empty"),
    pytest.param("{", "truncated", id="cut off"),
    pytest.param("not json", "malformed", id="no JSON"),
    pytest.param("[]", "object", id="an array"),
    pytest.param(check(type=...), "`type`", id="no type"),
    pytest.param(check(type="org.steadyline.unheard.of.v1"), "$.type", id="unknown type"),
    pytest.param(check(specversion="0.3"), "$.specversion", id="another CloudEvents"),
    pytest.param(check(id=...), "`id`", id="no id"),
    pytest.param(check(id=""), "$.id", id="empty id"),
    pytest.param(check(id="a b"), "$.id", id="id with a space"),
    pytest.param(check(source=...), "`source`", id="no source"),
    pytest.param(check(time=...), "`time`", id="no time"),
    pytest.param(check(time="2023-11-21T13:42:00"), "$.time", id="time without zone"),
    pytest.param(check(time="2023-11-21"), "$.time", id="a day for a time"),
    pytest.param(check(time="2023-02-30T00:00:00Z"), "$.time", id="30 February"),
    pytest.param(check(ingested="2023-11-21T13:42:00"), "$.ingested", id="ingested without zone"),
    *(
        pytest.param(
            check(**{name: moment}), f"a year from 1000 to 9000, got {int(moment[:4])} - at `$.{name}`", id=f"{name} {moment}"
        )
        for name in ("time", "received", "reported", "ingested")
        for moment in ("0001-01-01T00:00:00+14:00", "0999-12-31T23:59:59Z", "9001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00")
    ),
    pytest.param(notice(window={"opens": "0999-12-31T00:00:00Z", "closes": "2023-11-21T00:00:00Z"}), "got 999", id="opens"),
    pytest.param(notice(window={"opens": "2023-11-21T00:00:00Z", "closes": "9001-01-01T00:00:00Z"}), "got 9001", id="closes"),
    pytest.param(notice(recipients=[{"party": "US", "received": "9999-12-31T23:59:59Z"}]), "got 9999", id="received in 9999"),
    pytest.param(notice(revision=1_000_001), "1000000", id="a revision without bound"),
    pytest.param(check(zone="Mars/Olympus"), "$.zone", id="no such zone"),
    pytest.param(
        notice(recipients=[{"party": "US", "received": "2023-11-20T00:00:00Z", "precision": "day", "zone": "Mars/Olympus"}]),
        "recipients[0]",
        id="no such zone of a receipt",
    ),
    pytest.param(check(zone="../../etc/passwd"), "$.zone", id="zone that is a path"),
    pytest.param(check(precision="year"), "$.precision", id="unknown precision"),
    pytest.param(check(data=...), "`data`", id="no data"),
    pytest.param(check(data={}), "`channel`", id="no channel"),
    pytest.param(check(data={"channel": "a", "outcom": "answered"}), "outcom", id="a field mistyped"),
    pytest.param(check(data={"channel": "a", "latency_ms": -1}), "latency_ms", id="negative latency"),
    pytest.param(notice(notice="a\u0000b"), "notice", id="a key with a control character"),
    pytest.param(notice(party="US\n"), "party", id="a party with a line end"),
    pytest.param(check(ingested="2023-11-21T13:00:00Z"), "`ingested`", id="ingested before it happened"),
    pytest.param(
        notice(window={"opens": "2023-11-22T00:00:00Z", "closes": "2023-11-21T00:00:00Z"}), "window", id="inverted window"
    ),
    pytest.param(notice(window={"opens": "2023-11-22T00:00:00", "closes": "2023-11-23T00:00:00Z"}), "opens", id="naive window"),
    pytest.param(
        notice(
            window={"opens": "2023-11-22T00:00:00Z", "closes": "2023-11-23T00:00:00Z"},
            further_windows=[
                {"opens": "2023-11-24T00:00:00Z", "closes": "2023-11-25T00:00:00Z"},
                {"opens": "2023-11-21T23:59:59Z", "closes": "2023-11-24T00:00:00Z"},
            ],
        ),
        "no earlier than window, at 2023-11-22T00:00:00+00:00, got one that opens 2023-11-21T23:59:59+00:00 - at `$.data`",
        id="a further window before the first",
    ),
    pytest.param(notice(impact_areas=[BOW_TIE]), "cross itself", id="self-crossing polygon"),
    pytest.param(notice(impact_areas=[polygon((0, 0), (1, 1), (2, 2))]), "polygon", id="a polygon without area"),
    pytest.param(notice(impact_areas=[polygon((0, 0), (91, 1), (2, 2))]), "impact_areas", id="beyond the pole"),
    pytest.param(
        notice(launch_area={"shape": "circle", "lat": 0, "lon": 0, "radius_km": 0}), "radius_km", id="an empty circle"
    ),
    pytest.param(notice(range_km=-1), "range_km", id="negative planned range"),
    pytest.param(notice(recipients=[]), "recipients", id="a notice to nobody"),
    pytest.param(notice(party="us"), "party", id="a party in small letters"),
    pytest.param(observation(range_km=-0.1), "range_km", id="negative range"),
    pytest.param(observation(range_km="1000"), "range_km", id="a range in quotes"),
    pytest.param(observation(count=0), "count", id="a launch of nothing"),
    pytest.param(incident(parties=["US", "US"]), "two different parties", id="an incident with oneself"),
    pytest.param(incident(parties=["US"]), "parties", id="an incident of one"),
    # The launch of 1999 as it was printed: 04:44 GMT for 00:44 GMT.
    pytest.param(
        check(time="2023-11-21T17:42:00Z", zone="Asia/Tokyo", local="2023-11-21T22:42"), "$.local", id="4 h clash of times"
    ),
    pytest.param(check(zone="Asia/Tokyo", local="half past ten"), "$.local", id="local time in words"),
]


@pytest.mark.parametrize(("record", "named"), REFUSED)
def test_what_is_no_event_is_refused_by_its_field(record: str | dict[str, Any], named: str) -> None:
    line = record if isinstance(record, str) else json.dumps(record)
    for given_as in (line, line.encode()):
        with pytest.raises(Refused) as refusal:
            decode(given_as)
        assert named in str(refusal.value)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"\xff\xfe{", id="no UTF-8"),
        pytest.param(json.dumps(check(source="x")).encode().replace(b'"x"', b'"\xff"'), id="no UTF-8 within"),
        pytest.param(b"[" * 100_000, id="deep nesting"),
        pytest.param(json.dumps(check()).encode() + b"{}", id="two records on a line"),
        pytest.param(json.dumps(check()).encode() + b" " * MAX_BYTES, id="over-long"),
    ],
)
def test_bytes_that_are_no_record_are_refused(record: bytes) -> None:
    with pytest.raises(Refused):
        decode(record)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_do_anything_but_decode_or_be_refused(record: bytes) -> None:
    with pytest.raises(Refused):
        decode(record)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_json_does_anything_but_decode_or_be_refused(document: Any) -> None:
    for record in (document, check(data=document), check(time=document), notice(window=document), notice(launch_area=document)):
        try:
            decode(json.dumps(record))
        except Refused:
            continue


@given(events())
def test_an_event_is_the_same_after_encoding_and_decoding(event: AnyEvent) -> None:
    line = encode(event)
    assert b"\n" not in line
    assert decode(line) == event
    assert encode(decode(line)) == line


@pytest.mark.parametrize("time", ["2023-11-21T22:42:00+09:00", "2023-11-21T13:42:00Z", "2023-11-21T08:42:00-05:00"])
def test_times_are_kept_in_utc(time: str) -> None:
    event = decode(json.dumps(check(time=time)))
    assert event.time == datetime(2023, 11, 21, 13, 42, tzinfo=UTC)
    assert event.time.tzinfo is UTC


@pytest.mark.parametrize(
    ("local", "zone"), [("2023-11-21T22:42", "Asia/Tokyo"), ("2023-11-21T22:42+09:00", "UTC"), ("2023-11-21T19:12", "+05:30")]
)
def test_a_printed_local_time_that_agrees_is_taken(local: str, zone: str) -> None:
    assert decode(json.dumps(check(local=local, zone=zone))).local == local


@pytest.mark.parametrize(("ahead", "taken"), [(4, True), (5, True), (6, False)])
def test_a_source_may_run_five_minutes_ahead_of_the_log(ahead: int, taken: bool) -> None:
    record = json.dumps(check(time=f"2023-11-21T13:{ahead:02}:00Z", ingested="2023-11-21T13:00:00Z"))
    if taken:
        assert isinstance(decode(record), ChannelCheck)
    else:
        with pytest.raises(Refused, match="cannot come before"):
            decode(record)


def test_a_polygon_may_cross_the_antimeridian() -> None:
    area = Polygon(points=((10, 170), (10, -170), (20, -170), (20, 170)))
    assert [lon for _, lon in area.unrolled()] == [170, 190, 190, 170]


@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=3, max_size=7), st.sampled_from([1.0, 1e-5, 9.0]))
def test_a_polygon_is_taken_exactly_where_its_border_is_valid_and_encloses_something(
    corners: list[tuple[int, int]], scale: float
) -> None:
    points = [(lat * scale, lon * scale) for lat, lon in corners]
    plane = PlanePolygon([(lon, lat) for lat, lon in points])
    record = json.dumps(notice(launch_area=polygon(*points)))
    if plane.is_valid and plane.area > 0:
        decode(record)
    else:
        with pytest.raises(Refused, match="expected a polygon"):
            decode(record)


@given(st.integers(3, 9), st.sampled_from([1, 2, 3]), st.floats(-0.01, 0.01), st.booleans())
def test_a_star_that_turns_one_way_all_round_is_still_refused(corners: int, step: int, bent: float, backwards: bool) -> None:
    points = [
        (20 * sin(2 * pi * step * turn / corners) + bent, 30 * cos(2 * pi * step * turn / corners)) for turn in range(corners)
    ]
    points = points[::-1] if backwards else points
    plane = PlanePolygon([(lon, lat) for lat, lon in points])
    try:
        decode(json.dumps(notice(launch_area=polygon(*points))))
    except Refused:
        assert not (plane.is_valid and plane.area > 0)
    else:
        assert plane.is_valid
