"""A moment as a person writes it down."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.reports.moments import When, when
from tests.delivery.build import NOW


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "precision", "expected"),
    [
        ("now", None, None, When(NOW, "second")),
        ("2026-11-23T09:00Z", None, None, When(utc("2026-11-23T09:00"), "minute")),
        ("2026-11-23 09:00 Z", None, None, When(utc("2026-11-23T09:00"), "minute")),
        ("2026-11-23T09:00:05Z", None, None, When(utc("2026-11-23T09:00:05"), "second")),
        ("2026-11-23T09Z", None, None, When(utc("2026-11-23T09:00"), "hour")),
        (
            "2026-11-23T09:00+09:00",
            None,
            None,
            When(utc("2026-11-23T00:00"), "minute", "+09:00", "2026-11-23T09:00"),
        ),
        (
            "2026-11-23 09:00 Asia/Seoul",
            None,
            None,
            When(utc("2026-11-23T00:00"), "minute", "Asia/Seoul", "2026-11-23T09:00"),
        ),
        ("2026-11-23T09:00", "Asia/Seoul", None, When(utc("2026-11-23T00:00"), "minute", "Asia/Seoul", "2026-11-23T09:00")),
        ("2026-11-23T09:00+09:00", "Asia/Seoul", None, When(utc("2026-11-23T00:00"), "minute", "+09:00", "2026-11-23T09:00")),
        ("2026-11-23", None, None, When(utc("2026-11-23T00:00"), "day")),
        ("2026-11-23", "Asia/Seoul", None, When(utc("2026-11-22T15:00"), "day", "Asia/Seoul")),
        ("2026-11-23T09:20Z", None, "hour", When(utc("2026-11-23T09:20"), "hour")),
        (
            "2026-11-01 01:30-04:00",
            "America/New_York",
            None,
            When(utc("2026-11-01T05:30"), "minute", "-04:00", "2026-11-01T01:30"),
        ),
        (
            "2026-11-01 01:30-05:00",
            "America/New_York",
            None,
            When(utc("2026-11-01T06:30"), "minute", "-05:00", "2026-11-01T01:30"),
        ),
    ],
)
def test_what_has_one_meaning_is_understood(text: str, zone: str | None, precision: str | None, expected: When) -> None:
    assert when(text, NOW, zone, precision) == expected


@pytest.mark.parametrize(
    ("text", "zone", "precision", "words"),
    [
        ("09:00 KST", None, None, "does not say its day"),
        ("9:00", "Asia/Seoul", None, "does not say its day"),
        ("2026-11-23T09:00", None, None, "does not say its zone"),
        ("2026-11-23 09:00 KST", None, None, "letters alone name several"),
        ("2026-11-23 09:00 EST", None, None, "letters alone name several"),
        ("2026-11-23 09:00", "CST", None, "letters alone name several"),
        ("2026-11-23 09:00 Asia/Soul", None, None, "IANA"),
        ("2026-11-23 09:00 ../../etc/passwd", None, None, "expected"),
        ("2026-11-23 09:00 +25:00", None, None, "IANA"),
        ("2026-11-01 01:30 America/New_York", None, None, "happened twice"),
        ("2026-03-08 02:30 America/New_York", None, None, "never shown"),
        ("2026-11-23T09:00+08:00", "Asia/Seoul", None, "is another"),
        ("2026-11-23 09:00 Asia/Seoul", "Asia/Tokyo", None, "expected one of them"),
        ("2026-02-30T09:00Z", None, None, "day"),
        ("2026-11-23T24:00Z", None, None, "hour"),
        ("0001-01-01T00:00+09:00", None, None, "no calendar"),
        ("23/11/2026 09:00Z", None, None, "expected 2026-11-23T09:00Z"),
        ("yesterday", None, None, "expected 2026-11-23T09:00Z"),
        ("", None, None, "expected 2026-11-23T09:00Z"),
        ("2026-11-23", None, "minute", "no finer precision"),
        ("2026-11-23", None, "week", "expected one of second, minute, hour, day"),
        ("2026-11-23T09:00Z" + "x" * 100_000, None, None, "expected"),
    ],
)
def test_what_has_none_or_several_is_refused(text: str, zone: str | None, precision: str | None, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        when(text, NOW, zone, precision)
    assert len(str(caught.value)) < 400


PIECES = (
    "2026-11-23",
    "0001-01-01",
    "9999-12-31",
    "T",
    " ",
    "09:00",
    "24:99",
    ":30",
    "Z",
    "+09:00",
    "-99:99",
    "Asia/Seoul",
    "KST",
    "\x00",
    "٣",
)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=60), st.sampled_from((None, *PIECES)))
def test_any_text_is_understood_or_refused(text: str, zone: str | None) -> None:
    try:
        found = when(text, NOW, zone)
    except ValueError:
        return
    assert found.time.tzinfo is UTC
