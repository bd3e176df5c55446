"""The acceptance test: over all stories, who would have been told what, how often, under the policy that comes along."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from alerts.policies import example
from alerts.sendings import Sending
from deploy.simulating import Simulation, simulate
from producers.history.expect import matches
from producers.history.story import builtin_stories, find_story, load_story
from streams.lapses import Lapse
from streams.severity import Severity

ANSWERED = timedelta(minutes=10)
CALLS = ("alarm", "unknown", "late")


@cache
def simulated(name: str) -> Simulation:
    return simulate(name, example(), ack_after=ANSWERED)


def said(sendings: list[Sending], lapse: Lapse) -> list[Sending]:
    return [sending for sending in sendings if lapse.id in {one.id for one in sending.lapses}]


@pytest.mark.parametrize("name", builtin_stories())
def test_each_lapse_that_must_be_found_calls_once_for_each_time_it_is_new_or_worse(name: str) -> None:
    story, simulation = load_story(find_story(name)), simulated(name)
    for revisions in simulation.session.result.history.values():
        wanted = any(matches(expectation, revisions) for expectation in story.must)
        calls = [sending for sending in said(simulation.sendings, revisions[-1]) if sending.kind in CALLS]
        fresh = [sending for sending in calls if "acknowledgement" not in sending.because]
        receivers = Counter((sending.receiver, sending.severity) for sending in fresh)
        # A severity is said once to each who is told of it, however many revisions there were.
        assert all(number == 1 for number in receivers.values()), receivers
        assert not wanted or fresh


@pytest.mark.parametrize("name", builtin_stories())
def test_whoever_got_the_alarm_got_the_all_clear_within_a_minute(name: str) -> None:
    simulation = simulated(name)
    for revisions in simulation.session.result.history.values():
        over = [revision for revision in revisions if revision.state in ("resolved", "withdrawn")]
        told = said(simulation.sendings, revisions[-1])
        alarmed = {sending.receiver for sending in told if sending.kind not in ("all-clear", "withdrawn")}
        cleared = {sending.receiver for sending in told if sending.kind in ("all-clear", "withdrawn")}
        assert cleared == (alarmed if over else set())


@pytest.mark.parametrize("name", builtin_stories())
def test_no_drill_leaves_the_exercise_route_and_nothing_else_enters_it(name: str) -> None:
    for sending in simulated(name).sendings:
        assert (sending.receiver == "drill-room") == sending.exercise == any(lapse.exercise for lapse in sending.lapses)


def test_the_eight_suspensions_are_one_page() -> None:
    first = simulated("us-china-2022").sendings[0]
    assert (first.kind, len(first.lapses), {lapse.group for lapse in first.lapses}) == ("alarm", 8, {"prc-mfa-2022-08-05"})
    again = [
        sending for sending in simulated("us-china-2022").sendings if sending.page == first.page and sending.kind == "alarm"
    ]
    assert all("acknowledgement" in sending.because for sending in again if sending is not first)


def test_one_missed_call_pages_nobody() -> None:
    sendings = simulated("korea-2022").sendings
    assert [(sending.kind, sending.receiver) for sending in sendings] == [
        ("alarm", "analysts-mail"),
        ("all-clear", "analysts-mail"),
    ]
    assert all(sending.severity is Severity.WARN for sending in sendings)


def test_209_days_of_silence_are_one_page_one_alarm_seven_reminders_and_two_renewals() -> None:
    simulation = simulated("korea-2023")
    (page,) = simulation.desk.pages()
    words = {(sending.at, sending.kind): sending for sending in simulation.sendings}
    onset = datetime(2023, 4, 7, tzinfo=UTC)
    assert [(kind, (at - onset).days) for at, kind in words] == [
        *(("alarm", 0), ("reminder", 1), ("reminder", 3), ("reminder", 7), ("reminder", 37), ("reminder", 67)),
        *(("alarm", 90), ("reminder", 120), ("reminder", 150), ("alarm", 180)),
    ]
    assert page.standing == 3


def test_the_same_history_gives_the_same_words() -> None:
    first = simulate("us-china-2022", example(), ack_after=ANSWERED).sendings
    assert first == simulate("us-china-2022", example(), ack_after=ANSWERED).sendings
    assert len({sending.key for sending in first}) == len(first)
