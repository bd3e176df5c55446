"""Spans, intervals, precision, zones and the days on which clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.events.times import Interval, interval, spoken, zone_named
from streams.spans import Span, in_words, longest


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "months", "seconds"),
    [
        ("90 s", 0, 90),
        ("30 min", 0, 1_800),
        ("1.5 h", 0, 5_400),
        ("24h", 0, 86_400),
        ("5 d", 0, 432_000),
        ("2 weeks", 0, 1_209_600),
        ("8 months", 8, 0),
        ("1 year", 12, 0),
        (" 0 s ", 0, 0),
    ],
)
def test_a_span_is_read_as_agreements_write_it(text: str, months: int, seconds: float) -> None:
    assert Span.parse(text) == Span(months, seconds)


@pytest.mark.parametrize("text", ["", "h", "24", "-1 h", "1 fortnight", "1.5 months", "24 h 30 min", "1e3 s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Span.parse(text)


def test_a_span_is_not_negative_and_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Span(seconds=-1)
    with pytest.raises(AttributeError):
        Span().seconds = 1


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31T00:00", 1, "2026-02-28T00:00"),
        ("2024-01-31T00:00", 1, "2024-02-29T00:00"),
        ("2024-02-29T12:00", 12, "2025-02-28T12:00"),
        ("2025-10-31T00:00", 8, "2026-06-30T00:00"),
    ],
)
def test_months_are_months_of_the_calendar(start: str, months: int, end: str) -> None:
    assert Span(months=months).after(utc(start)) == utc(end)


def test_before_is_the_other_way() -> None:
    assert Span(months=1).before(utc("2026-03-31T00:00")) == utc("2026-02-28T00:00")
    assert Span(seconds=3_600).before(utc("2026-03-01T00:30")) == utc("2026-02-28T23:30")


def test_the_longest_span_takes_a_month_as_31_days_and_nothing_as_the_default() -> None:
    assert longest([Span(seconds=30 * 86_400), Span(months=1)]) == Span(months=1)
    assert longest([Span(seconds=32 * 86_400), Span(months=1)]) == Span(seconds=32 * 86_400)
    assert longest([]) == Span(seconds=400 * 86_400)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=2, minutes=50), "2 h 50 min"),
        (timedelta(days=6, hours=18), "6 d 18 h"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(days=1), "24 h"),
        (timedelta(days=5), "5 d"),
        (timedelta(), "0 s"),
        (timedelta(minutes=-78), "-1 h 18 min"),
    ],
)
def test_a_length_in_words(length: timedelta, words: str) -> None:
    assert in_words(length) == words


@pytest.mark.parametrize(
    ("moment", "precision", "zone", "first", "last"),
    [
        ("2026-03-01T10:42:07", "second", "UTC", "2026-03-01T10:42:07", "2026-03-01T10:42:07"),
        ("2026-03-01T10:42", "minute", "UTC", "2026-03-01T10:42", "2026-03-01T10:42"),
        ("2026-03-01T10:00", "hour", "UTC", "2026-03-01T10:00", "2026-03-01T11:00"),
        ("2026-03-01T10:00", "day", "UTC", "2026-03-01T00:00", "2026-03-02T00:00"),
        # A day in Seoul begins on the day before, UTC.
        ("2026-03-01T10:00", "day", "Asia/Seoul", "2026-02-28T15:00", "2026-03-01T15:00"),
        ("2026-03-01T15:00", "day", "Asia/Seoul", "2026-03-01T15:00", "2026-03-02T15:00"),
        ("2026-03-01T10:00", "day", "+05:30", "2026-02-28T18:30", "2026-03-01T18:30"),
        ("2024-09-10T02:00", "day", "Pacific/Honolulu", "2024-09-09T10:00", "2024-09-10T10:00"),
        # Spring forward: a day of 23 hours; fall back: one of 25.
        ("2026-03-08T18:00", "day", "America/New_York", "2026-03-08T05:00", "2026-03-09T04:00"),
        ("2026-11-01T18:00", "day", "America/New_York", "2026-11-01T04:00", "2026-11-02T05:00"),
        # Where clocks change at midnight, a day can begin at one in the morning.
        ("2026-03-08T18:00", "day", "America/Havana", "2026-03-08T05:00", "2026-03-09T04:00"),
    ],
)
def test_a_time_stands_for_all_instants_that_its_precision_allows(
    moment: str, precision: str, zone: str, first: str, last: str
) -> None:
    assert interval(utc(moment), precision, zone) == Interval(utc(first), utc(last))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "+9", "+25:99", "../etc/passwd", "Asia"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected an IANA time zone"):
        zone_named(name)


def test_a_moment_is_spoken_in_utc_with_seconds_only_where_there_are_any() -> None:
    assert spoken(datetime.fromisoformat("2023-11-21T22:42:00+09:00")) == "2023-11-21 13:42Z"
    assert spoken(utc("2023-11-21T13:42:07")) == "2023-11-21 13:42:07Z"
