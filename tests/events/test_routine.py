"""The short way to read a routine check: what it reads is what ``decode`` reads, and what it cannot vouch for it leaves."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events import ChannelCheck
from streams.events.channels import Check
from streams.events.decode import MAX_BYTES, Refused, decode, encode
from streams.events.routine import routine
from tests.events.strategies import events

PLAIN: dict[str, Any] = {
    "specversion": "1.0",
    "type": "org.steadyline.channel.check.v1",
    "source": "urn:test",
    "id": "c-1",
    "time": "2026-01-01T00:00:00.000Z",
    "ingested": "2026-01-01T00:00:00.372Z",
    "data": {"channel": "load-000", "outcome": "answered", "latency_ms": 412},
}
NAMES = [None, True, "", " ", "x", "a b", "a\tb", "a\u00a0b", "\u200b", "\udc80", "x" * 201, "x" * 2_001, "urn:test", "1.0"]
TYPES = [PLAIN["type"], "org.steadyline.contact.v1", "org.steadyline.tick.v1"]
CHOICES = ["answered", "unanswered", "no-carrier", "second", "day", "UTC", "Asia/Tokyo"]
VALUES = [0, -1, 1.5, 1e308, 1767225600, [], {}, ["x"], {"channel": "c"}, {"channel": "c", "extra": 1}]
TIMES = [
    "2026-01-01T09:00:00+09:00",
    "2026-01-01T00:00:00+00:00",
    "2026-01-01T00:00:00-00:00",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:01Z",
    "2026-01-01T00:04:00Z",
    "2026-01-01T00:06:00Z",
    "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "1000-01-01T00:00:00Z",
    "9000-06-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
]
ODD = st.sampled_from([*NAMES, *TYPES, *CHOICES, *VALUES, *TIMES])
FIELDS = (
    st.sampled_from([*PLAIN, *(f"data.{name}" for name in PLAIN["data"])])
    | st.sampled_from(["precision", "zone", "local", "received", "reported", "exercise", "run", "fact", "subject", "extra"])
    | st.sampled_from(["datacontenttype", "dataschema", "data.presumed", "data.text", "data.extra", "data.type"])
)
LEFT_OUT = object()


def written(changes: list[tuple[str, Any]], repeated: list[tuple[str, Any]]) -> bytes:
    """A routine check with fields changed or left out, and some given once more."""
    document = {**PLAIN, "data": dict(PLAIN["data"])}
    for name, value in changes:
        inner, _, field = name.rpartition(".")
        part = document["data"] if inner and isinstance(document.get("data"), dict) else document
        if value is LEFT_OUT:
            part.pop(field, None)
        else:
            part[field] = value
    text = json.dumps(document, separators=(",", ":"))
    for name, value in repeated:
        text = f"{text[:-1]},{json.dumps(name)}:{json.dumps(value)}}}"
    return text.encode("utf-8", "surrogatepass")


def same(line: bytes) -> bool:
    """Whether the short way took the line; if it did, ``decode`` must say the same of it."""
    check = routine(line)
    if check is None:
        return False
    whole = decode(line)
    assert check.whole == whole
    assert whole == ChannelCheck(
        specversion=check.specversion,
        id=check.id,
        source=check.source,
        time=check.time,
        ingested=check.ingested,
        data=Check(channel=check.data.channel, outcome=check.data.outcome, latency_ms=check.data.latency_ms),
    )
    return True


def test_a_routine_check_is_read() -> None:
    assert same(json.dumps(PLAIN).encode())
    assert same(written([("data.outcome", LEFT_OUT), ("data.latency_ms", LEFT_OUT)], []))


@given(
    st.lists(st.tuples(FIELDS, ODD | st.just(LEFT_OUT)), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from([*PLAIN, "precision"]), ODD), max_size=2),
)
def test_what_the_short_way_reads_of_a_changed_record_is_what_decode_reads(
    changes: list[tuple[str, Any]], repeated: list[tuple[str, Any]]
) -> None:
    same(written(changes, repeated))


@given(st.data())
def test_what_the_short_way_reads_of_damaged_bytes_is_what_decode_reads(data: st.DataObject) -> None:
    line = bytearray(json.dumps(PLAIN, separators=(",", ":")).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(line) - 1))
        line[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    same(bytes(line))


@given(events())
def test_no_other_event_is_taken_for_a_routine_check(event: Any) -> None:
    line = encode(event)
    assert not same(line) or type(event) is ChannelCheck


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[" * 10_000, id="nested"),
        pytest.param(b'{"data":' * 10_000, id="nested objects"),
        pytest.param(json.dumps(PLAIN).encode() + b" " * MAX_BYTES, id="over-long"),
        pytest.param(written([("id", "a b")], []), id="space in the id"),
        pytest.param(written([("id", "a\u00a0b")], []), id="no-break space in the id"),
        pytest.param(written([], [("type", "org.steadyline.contact.v1")]), id="of two types"),
    ],
)
def test_what_is_refused_is_left(line: bytes) -> None:
    assert not same(line)
    with pytest.raises(Refused):
        decode(line)
