"""The worker's settings, and what it does with its clock, without a broker."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events import Tick
from streams.events.decode import decode
from streams.live import clock
from streams.live.clock import BETWEEN, LEAP, QUIET, Early, Steady
from streams.live.settings import SettingsError, WorkerSettings, from_environment

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

WRONG = [
    ("STEADYLINE_KAFKA", "localhost", "expected HOST:PORT, several with commas, got 'localhost'"),
    ("STEADYLINE_KAFKA", "a:1,b:70000", "expected HOST:PORT"),
    ("STEADYLINE_RUN", "a b", "expected a run named with letters"),
    ("STEADYLINE_AGREEMENTS", "/nowhere/at/all", "there is none at /nowhere/at/all"),
    ("STEADYLINE_TICK_SECONDS", "0", "expected 0.1 to 60 seconds, got '0'"),
    ("STEADYLINE_TICK_SECONDS", "nan", "expected 0.1 to 60 seconds, got 'nan'"),
    ("STEADYLINE_SESSION_SECONDS", "soon", "expected 1 to 60 seconds, got 'soon'"),
    ("STEADYLINE_HEARTBEAT_SECONDS", "9", "expected at most a third of STEADYLINE_SESSION_SECONDS (10), got 9"),
    ("STEADYLINE_COMMIT_SECONDS", "-1", "expected 0.1 to 60 seconds"),
    ("STEADYLINE_REPLICATION", "many", "expected 1 to 9 replicas, got 'many'"),
    ("STEADYLINE_PLAIN_AGENT", "perhaps", "expected yes or no, got 'perhaps'"),
]


@pytest.mark.parametrize(("name", "text", "why"), WRONG, ids=lambda value: str(value)[:30])
def test_a_setting_that_cannot_be_meant_is_named(name: str, text: str, why: str) -> None:
    with pytest.raises(SettingsError) as error:
        from_environment({name: text})
    assert str(error.value).startswith(f"{name}: ")
    assert why in str(error.value)


def test_an_empty_environment_gives_what_is_usual() -> None:
    assert from_environment({"STEADYLINE_RUN": "", "STEADYLINE_KAFKA": " "}) == WorkerSettings()


def test_all_settings_are_read(tmp_path: Path) -> None:
    settings = from_environment(
        {
            "STEADYLINE_KAFKA": "a:1, [::1]:2",
            "STEADYLINE_RUN": "drill",
            "STEADYLINE_AGREEMENTS": str(tmp_path),
            "STEADYLINE_TICK_SECONDS": "2",
            "STEADYLINE_SESSION_SECONDS": "30",
            "STEADYLINE_HEARTBEAT_SECONDS": "5",
            "STEADYLINE_COMMIT_SECONDS": "0.5",
            "STEADYLINE_REPLICATION": "3",
            "STEADYLINE_PLAIN_AGENT": "yes",
            "STEADYLINE_DATADIR": str(tmp_path),
        }
    )
    assert settings.servers == ["a:1", "[::1]:2"]
    assert settings.app_id == "steadyline-run-drill"
    assert settings.topic("launches") == "run.drill.launches"
    assert (settings.tick, settings.session_timeout, settings.heartbeat, settings.commit) == (2.0, 30.0, 5.0, 0.5)
    assert (settings.replication, settings.plain, settings.agreements, settings.datadir) == (3, True, tmp_path, tmp_path)


def test_a_tick_is_a_tick_and_its_id_sorts_by_its_time() -> None:
    ticks = [decode(clock.tick(NOON + timedelta(microseconds=number), partition)) for number, partition in ((0, None), (7, 3))]
    assert all(isinstance(each, Tick) for each in ticks)
    assert [each.id for each in ticks] == ["clock/2026-03-01T12:00:00.000000Z", "clock/2026-03-01T12:00:00.000007Z/early-3"]
    assert ticks[1].time == NOON + timedelta(microseconds=7)


@given(st.lists(st.tuples(st.sampled_from(["clock", "early"]), st.floats(0.01, 1.5)), max_size=30))
def test_an_early_tick_is_later_than_the_last_and_never_ahead_of_the_clock(steps: list[tuple[str, float]]) -> None:
    """The clock's ticks are passed some time after they were sent, so that much the early ones lag behind the clock."""
    early = Early(1.0)
    at, last, clock_last = 100.0, None, None
    for step, waited in steps:
        at += waited
        if step == "clock":
            clock_last = last = NOON + timedelta(seconds=at - 100.0)
            early.passed(last, at + 0.02)
            at += 0.02
            continue
        moment = early.time(at)
        if moment is None:
            continue
        assert clock_last is not None
        assert last is not None
        assert last < moment <= min(NOON + timedelta(seconds=at - 100.0), clock_last + timedelta(seconds=1))
        early.passed(moment, at)
        last = moment


def test_early_ticks_keep_their_distance_and_end_with_the_clock() -> None:
    early = Early(1.0)
    assert early.due_at(5.0) is None
    early.passed(NOON, 5.0)
    assert early.due_at(5.1) == pytest.approx(5.1 + QUIET)
    assert early.time(5.2) is not None
    assert early.due_at(5.19) == pytest.approx(max(5.19 + QUIET, 5.2 + BETWEEN))
    assert early.due_at(6.5) is None


@pytest.mark.parametrize("leap", [300.0, -300.0, LEAP + 0.1, -LEAP - 0.1])
def test_a_time_of_day_that_leaps_is_not_followed_until_it_is_back(leap: float) -> None:
    steady, gone = Steady(), timedelta(seconds=leap)
    for second in range(3):
        assert steady.now(NOON + timedelta(seconds=second), second) == NOON + timedelta(seconds=second)
    for second in range(3, 600):
        right = NOON + timedelta(seconds=second)
        assert steady.now(right + gone, second) == right
        assert steady.leap == pytest.approx(leap)
    later = NOON + timedelta(seconds=600.2)
    assert steady.now(later, 600) == later
    assert steady.leap == 0


@given(st.lists(st.floats(-LEAP * 0.99, LEAP * 0.99), max_size=50))
def test_a_time_of_day_that_is_kept_right_little_by_little_is_followed(moves: list[float]) -> None:
    steady, wall = Steady(), NOON
    for second, move in enumerate(moves):
        wall += timedelta(seconds=1 + move)
        assert steady.now(wall, second) == wall
        assert steady.leap == 0
