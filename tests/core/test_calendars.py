"""When checks are due: local time, clocks that change, holidays, skipped days, and no seam between two reckonings."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from streams.agreements.model import Calendar
from streams.calendars import Slots

NINE_AND_FIVE = "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0;BYSECOND=0"
NINE = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(
    start: str, end: str, *rules: str, zone: str = "UTC", holidays: str | None = None, skip: tuple[date, ...] = ()
) -> list[str]:
    """The due times between two moments, as text."""
    slots = Slots(Calendar(rules=rules, zone=zone, holidays=holidays, skip=skip))
    return [f"{moment:%m-%dT%H:%M}" for moment in slots.between(utc(start), utc(end))]


@pytest.mark.parametrize(
    ("what", "rules", "zone", "start", "end", "expected"),
    [
        (
            "09:00 and 17:00 in Seoul",
            (NINE_AND_FIVE,),
            "Asia/Seoul",
            "2023-04-06T20:00",
            "2023-04-07T20:00",
            ["04-07T00:00", "04-07T08:00"],
        ),
        ("the start is inclusive, the end is not", (NINE,), "UTC", "2026-03-01T09:00", "2026-03-02T09:00", ["03-01T09:00"]),
        (
            "Tuesdays",
            ("FREQ=WEEKLY;BYDAY=TU;BYHOUR=6;BYMINUTE=30;BYSECOND=0",),
            "UTC",
            "2026-03-01T00:00",
            "2026-03-15T00:00",
            ["03-03T06:30", "03-10T06:30"],
        ),
        (
            "1 January",
            ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;BYHOUR=0;BYMINUTE=0;BYSECOND=0",),
            "UTC",
            "2025-06-01T00:00",
            "2026-06-01T00:00",
            ["01-01T00:00"],
        ),
        (
            "two rules that meet are one slot",
            (NINE, NINE_AND_FIVE),
            "UTC",
            "2026-03-01T00:00",
            "2026-03-02T00:00",
            ["03-01T09:00", "03-01T17:00"],
        ),
        # New York: clocks go forward on 8 March 2026 at 02:00, back on 1 November at 02:00.
        (
            "09:00 across spring forward",
            (NINE,),
            "America/New_York",
            "2026-03-07T00:00",
            "2026-03-10T00:00",
            ["03-07T14:00", "03-08T13:00", "03-09T13:00"],
        ),
        (
            "09:00 across fall back",
            (NINE,),
            "America/New_York",
            "2026-10-31T00:00",
            "2026-11-03T00:00",
            ["10-31T13:00", "11-01T14:00", "11-02T14:00"],
        ),
        (
            "a wall-clock time that is skipped comes as late as if clocks had not changed",
            ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0",),
            "America/New_York",
            "2026-03-08T00:00",
            "2026-03-09T00:00",
            ["03-08T07:30"],
        ),
        (
            "a wall-clock time that comes twice is due the first time only",
            ("FREQ=DAILY;BYHOUR=1;BYMINUTE=30;BYSECOND=0",),
            "America/New_York",
            "2026-11-01T00:00",
            "2026-11-02T00:00",
            ["11-01T05:30"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_checks_fall_due_by_the_wall_clock_of_their_zone(
    what: str, rules: tuple[str, ...], zone: str, start: str, end: str, expected: list[str]
) -> None:
    assert due(start, end, *rules, zone=zone) == expected


def test_public_holidays_and_single_days_are_skipped_by_their_local_date() -> None:
    # Chuseok 2023 in Seoul: 28 to 30 September; 2 October was a substitute; 3 October is the National Foundation Day.
    found = due("2023-09-26T15:00", "2023-10-04T15:00", NINE, zone="Asia/Seoul", holidays="KR", skip=(date(2023, 10, 4),))
    assert found == ["09-27T00:00", "10-01T00:00"]


def test_the_next_slot_is_found_from_its_own_instant_on() -> None:
    slots = Slots(Calendar(rules=(NINE,)))
    assert slots.next_from(utc("2026-03-01T09:00")) == utc("2026-03-01T09:00")
    assert slots.next_from(utc("2026-03-01T09:00") + timedelta(microseconds=1)) == utc("2026-03-02T09:00")
    over = Slots(Calendar(rules=("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;UNTIL=19991231T000000",)))
    assert over.next_from(utc("2026-01-01T00:00")) is None


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY;BYMINUTE=0;BYSECOND=0",
        "FREQ=HOURLY;INTERVAL=6;BYMINUTE=0;BYSECOND=0",
        "FREQ=DAILY;INTERVAL=3;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
    ],
)
def test_slots_are_evenly_spaced_over_the_years_with_no_seam(rule: str) -> None:
    slots = Slots(Calendar(rules=(rule,)))
    moments = slots.between(utc("2025-01-01T00:00"), utc("2026-01-01T00:00"))
    assert len({after - before for before, after in pairwise(moments)}) == 1


@pytest.mark.parametrize("rule", ["FREQ=HOURLY;INTERVAL=5;BYMINUTE=0;BYSECOND=0", "FREQ=MINUTELY;INTERVAL=7;BYSECOND=0"])
def test_steps_that_do_not_divide_a_day_are_evenly_spaced_or_refused(rule: str) -> None:
    try:
        slots = Slots(Calendar(rules=(rule,)))
    except ValueError:
        return
    moments = slots.between(utc("2025-01-01T00:00"), utc("2025-03-10T00:00"))
    assert len({after - before for before, after in pairwise(moments)}) == 1


def test_an_hourly_check_is_due_in_every_hour_of_a_day_on_which_clocks_go_back() -> None:
    slots = Slots(Calendar(rules=("FREQ=HOURLY;BYMINUTE=0;BYSECOND=0",), zone="America/New_York"))
    assert len(slots.between(utc("2026-11-01T04:00"), utc("2026-11-02T05:00"))) == 25


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        ({"rules": ("every day",)}, "recurrence rule"),
        ({"rules": (NINE,), "zone": "Asia/Nowhere"}, "IANA time zone"),
        ({"rules": (NINE,), "holidays": "ZZ"}, "ISO 3166"),
    ],
)
def test_what_cannot_be_read_is_refused(calendar: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Slots(Calendar(**calendar))  # type: ignore[arg-type]


def test_a_forgotten_reckoning_is_made_again_the_same() -> None:
    slots = Slots(Calendar(rules=(NINE_AND_FIVE,), zone="Asia/Seoul"))
    before = slots.between(utc("1999-01-01T00:00"), utc("1999-03-01T00:00"))
    slots.between(utc("2000-01-01T00:00"), utc("2010-01-01T00:00"))
    assert slots.between(utc("1999-01-01T00:00"), utc("1999-03-01T00:00")) == before


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        ("FREQ=HOURLY;INTERVAL=2;BYMINUTE=0;BYSECOND=0", [5, 7, 8, 10]),
        ("FREQ=HOURLY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", [7.5]),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", [7.5]),
    ],
)
def test_an_hour_that_never_comes_asks_for_no_check_an_hour_before_it(rule: str, due: list[float]) -> None:
    """New York, 8 March 2026: from 01:59 to 03:00. What is due at 02:00 comes at 03:00, and not at 01:00 as well."""
    day = datetime(2026, 3, 8, tzinfo=UTC)
    found = Slots(Calendar(rules=(rule,), zone="America/New_York")).between(day + timedelta(hours=4), day + timedelta(hours=11))
    assert [(moment - day) / timedelta(hours=1) for moment in found] == due
