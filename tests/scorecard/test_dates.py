"""The date of a moment."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from streams.events.times import Precision, interval
from streams.scorecard.dates import day_of, days_between


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Asia/Seoul", "Asia/Shanghai", "Asia/Kolkata", "Pacific/Auckland", "America/New_York", "Pacific/Honolulu"],
)
@pytest.mark.parametrize("day", [date(2024, 1, 8), date(2024, 7, 8), date(2024, 3, 10), date(2024, 4, 7)])
def test_a_day_has_the_date_of_its_own_zone(zone: str, day: date) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
    assert day_of(interval(noon.astimezone(UTC), "day", zone)) == day


@pytest.mark.parametrize("precision", ["second", "minute", "hour"])
def test_what_is_more_exact_has_its_date_in_utc(precision: Precision) -> None:
    assert day_of(interval(datetime(2024, 9, 10, 2, tzinfo=UTC), precision, "Pacific/Honolulu")) == date(2024, 9, 10)


def test_days_are_never_negative() -> None:
    assert days_between(date(2023, 11, 15), date(2023, 12, 21)) == 36
    assert days_between(date(2024, 9, 10), date(2024, 9, 9)) == 0
