"""Ten sites are owed by the end of 28 February 2026 (UTC)."""

import pytest

from tests.core.world import (
    MICRO,
    Story,
    answered,
    at,
    beats,
    changed,
    check,
    contact,
    measured,
    meeting,
    retraction,
    status,
)

DUE = 72.0
LIVE = changed(('measure = "sites"\ntarget = 10', 'measure = "live-channels"\ntarget = 3'))


@pytest.mark.parametrize(("hours", "lapsed"), [(DUE - MICRO, False), (DUE, False), (DUE + MICRO, True)])
def test_the_measure_is_owed_by_the_end_of_its_day(hours: float, lapsed: bool) -> None:
    assert bool(Story().tell(measured("m", 1, 5)).until(hours).of("sites")) is lapsed


@pytest.mark.parametrize(("value", "reached"), [(9.9, False), (10, True), (11, True)])
def test_at_least_the_target_is_enough(value: float, reached: bool) -> None:
    assert bool(Story().tell(measured("m", 1, value)).until(80).of("sites")) is not reached


@pytest.mark.parametrize(("value", "kept"), [(10.1, False), (10, True), (9, True)])
def test_at_most_the_target_is_enough_where_it_is_a_ceiling(value: float, kept: bool) -> None:
    rules = changed(("target = 10", 'target = 10\nat = "most"'))
    assert bool(Story(rules=rules).tell(measured("m", 1, value)).until(80).of("sites")) is not kept


def test_the_last_report_of_its_time_counts() -> None:
    assert len(Story().tell(measured("a", 1, 12), measured("b", 2, 8)).until(80).of("sites")) == 1


def test_met_late_resolves_on_the_day_it_is_met() -> None:
    story = Story().tell(measured("a", 1, 5), measured("b", 90, 12)).until(100)
    lapse = story.one("sites")
    assert (lapse.state, lapse.onset, lapse.resolved, lapse.events) == ("resolved", at(DUE), at(90), ("a", "b"))


def test_a_late_report_of_a_value_in_time_withdraws_it() -> None:
    story = Story().tell(measured("a", 1, 5)).until(80).now(measured("late", 60, 10))
    assert story.of("sites") == []
    assert story.said[-1].because == "late"


def test_a_retracted_report_counts_for_nothing() -> None:
    story = Story().tell(measured("a", 1, 5), measured("b", 60, 10), retraction("r", 90, "b")).until(91)
    assert story.one("sites").events == ("a",)


def test_a_measure_that_was_never_reported_is_not_asked_for() -> None:
    assert Story().until(140).of("sites") == []


def test_a_report_known_to_the_day_can_have_been_in_time() -> None:
    told = [measured("a", 1, 5), measured("b", 71, 10, precision="day", zone="America/New_York")]
    assert Story().tell(*told).until(140).of("sites") == []


UP = [check("east", "e", 70), check("west", "w", 70), meeting("t", 70), contact("p", 70, "phone")]
"""Every channel was in contact two hours before the day was over."""


@pytest.mark.parametrize(("cut", "lapsed"), [((), False), (("phone",), False), (("phone", "talks"), True)])
def test_live_channels_are_counted_by_the_watch_itself(cut: tuple[str, ...], lapsed: bool) -> None:
    story = Story(rules=LIVE).tell(UP, [status("cut", 71, *cut)] if cut else []).until(72.2)
    assert bool(story.of("sites")) is lapsed
    if lapsed:
        assert "live-channels: 2 by 2026-03-01" in story.one("sites").arithmetic[0]


def test_a_channel_of_which_nothing_is_known_is_not_counted_as_dead() -> None:
    """The lines' feed is silent over the slot of the last instant: unknown is not lapsed."""
    story = Story(rules=LIVE).tell(UP).until(80)
    assert {lapse.state for lapse in story.of("checks")} == {"unknown"}
    assert story.of("sites") == []


def test_too_few_live_channels_stay_too_few_when_what_cut_them_has_settled() -> None:
    rules = changed(
        ('measure = "sites"\ntarget = 10', 'measure = "live-channels"\ntarget = 3'),
        ('id = "open"', 'id = "open"\nsettle = "12 h"'),
    )
    told = [check("east", "e", 70), check("west", "w", 70), meeting("t", 70), contact("p", 70, "phone")]
    told += [
        status("cut", 71, "phone", "talks"),
        contact("p2", 80, "phone"),
        contact("t2", 80, "talks"),
        status("again", 120, "phone"),
    ]
    story = Story(rules=rules).tell(*told).until(140)
    assert [lapse.state for lapse in story.of("sites")] == ["open"]


def test_a_channel_whose_dates_are_over_is_no_live_channel() -> None:
    phone = ('id = "phone"\ntitle', 'id = "phone"\nepoch = { until = 2026-02-27 }\ntitle')
    live = ('measure = "sites"\ntarget = 10', 'measure = "live-channels"\ntarget = 4')
    rounds = [meeting(f"m{hours}", hours) for hours in range(0, 144, 24)]
    told = [*beats(), *answered("east", "west"), *rounds, contact("c", 1, "phone")]
    assert Story(rules=changed(live)).tell(*told).until(140).of("sites") == []
    assert len(Story(rules=changed(live, phone)).tell(*told).until(140).of("sites")) == 1


def test_too_few_live_channels_are_found_where_all_of_them_are_well() -> None:
    """Nothing moves where nothing lapses: the count is asked for all the same."""
    live = changed(('measure = "sites"\ntarget = 10', 'measure = "live-channels"\ntarget = 4'))
    told = [*beats(-2, 144), *answered("east", "west"), *(meeting(f"m{hours}", hours) for hours in range(0, 144, 24))]
    lapse = Story(rules=live).tell(*told).until(140).one("sites")
    assert "live-channels: 3" in lapse.arithmetic[0]
