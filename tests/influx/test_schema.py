"""The contract between who writes to InfluxDB and who asks it."""

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboards.influx import schema
from dashboards.influx.columns import bucket_of, fields_of, point, tags_of
from dashboards.influx.schema import ROWS, Row, StandingRow
from dashboards.influx.times import at_minute, at_second, seconds

NOON = datetime(2024, 8, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.measurement)
def test_every_row_says_what_it_is_and_of_which_run(row: type[Row]) -> None:
    assert "run" in tags_of(row)
    assert fields_of(row)
    assert set(fields_of(row).values()) <= {int, float, str}
    # Ids would make a series each: they are fields.
    assert not {"id", "of", "subject_id", "event", "notice", "incident", "launch"} & set(tags_of(row))


def test_measurements_have_names_of_their_own() -> None:
    names = [row.measurement for row in ROWS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.measurement)
def test_a_number_that_is_declared_with_a_fraction_is_written_with_one(row: type[Row]) -> None:
    given: dict[str, Any] = {"run": "live"} | {
        field.name: 1 if field.name in fields_of(row) and fields_of(row)[field.name] is not str else "x"
        for field in fields(row)
        if field.default is MISSING or field.name in fields_of(row)
    }
    line = point(row(**given), 0).to_line_protocol()
    for name, kind in fields_of(row).items():
        assert {int: f"{name}=1i", float: f"{name}=1", str: f'{name}="x"'}[kind] in line
        if kind is float:
            assert f"{name}=1i" not in line


def test_what_is_not_known_is_left_out() -> None:
    row = StandingRow(run="live", kind="feed", name="pings", stand=3, reason="never-heard", open=0)
    line = point(row, at_minute(NOON)).to_line_protocol()
    assert line == (
        'standing,kind=feed,name=pings,run=live open=0i,reason="never-heard",severity=0i,stand=3i 1722859200000000000'
    )


def test_two_things_in_one_second_are_two_points_and_revisions_stay_in_order() -> None:
    first, second = at_second(NOON, "a", 1), at_second(NOON, "a", 2)
    other = at_second(NOON, "b", 1)
    assert first < second
    assert len({first, second, other}) == 3
    assert {moment // 1_000_000_000 for moment in (first, second, other)} == {seconds(NOON)}
    assert first == at_second(NOON, "a", 1)


def test_moments_before_1970_are_rounded_down() -> None:
    early = datetime(1962, 10, 16, 12, 0, 0, 500_000, tzinfo=UTC)
    assert seconds(early) == -227_534_400
    assert at_second(early, "a") // 1_000_000_000 == -227_534_400


def test_replays_and_drills_have_a_bucket_of_their_own() -> None:
    live = StandingRow(run="live", kind="feed", name="pings", stand=0, reason="", open=0)
    drill = StandingRow(run="exercise", kind="feed", name="pings", stand=0, reason="", open=0)
    assert (bucket_of(live), bucket_of(drill)) == ("steadyline", "steadyline-runs")
    once = schema.RetractionRow(run="live", id="r", retracts="e")
    assert bucket_of(once) == "steadyline-records"
