"""Speeds as people write them, and waiting without waiting."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.replaying.pacing import FRAME, Pace, parse_speed

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("max", None),
        ("60x", 60),
        ("1x", 1),
        ("0.5x", 0.5),
        ("1d/s", 86_400),
        ("2 h/s", 7_200),
        ("30 min/s", 1_800),
        (" 60x ", 60),
    ],
)
def test_speeds_are_read(text: str, speed: float | None) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "60", "0x", "-1x", "x", "1d", "/s", "0d/s", "1 month/s", "60x/s", "1e3x"])
def test_other_words_are_no_speeds(text: str) -> None:
    with pytest.raises(ValueError, match="such as 60x"):
        parse_speed(text)


def test_nothing_is_waited_for_before_the_first_moment() -> None:
    slept: list[float] = []
    pace = Pace(60, clock=lambda: 0.0, sleep=slept.append)
    assert list(pace.moments(START)) == [START]
    assert slept == []


def test_history_passes_in_frames_and_ends_on_the_moment() -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        assert 0 < seconds <= FRAME
        now += seconds

    pace = Pace(60, clock=lambda: now, sleep=sleep)
    list(pace.moments(START))
    until = START + timedelta(seconds=90)
    moments = list(pace.moments(until))
    assert now == pytest.approx(1.5)
    assert moments[-1] == until
    assert moments == sorted(moments)
    assert len(moments) >= 1.5 / FRAME


def test_a_replay_that_is_behind_does_not_wait() -> None:
    readings = iter([0.0, 1_000.0])
    pace = Pace(60, clock=lambda: next(readings), sleep=lambda _: pytest.fail("it is late already"))
    list(pace.moments(START))
