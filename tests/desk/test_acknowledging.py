"""Acknowledged, snoozed, let go: what somebody has is silent for its time; what nobody had been told is said all the same."""

from datetime import time
from typing import Any

import msgspec
import pytest

from alerts.desk import RefusedError
from alerts.policy import QuietHours
from streams.actions import Match, Silence, Snooze, Unacknowledge
from streams.severity import Severity
from tests.desk.build import DAY, DUTY, HOUR, MINUTE, NOTES, SECOND, T0, Run, lapse, policy, words

GATHER = 10 * SECOND


def test_an_acknowledgement_of_june_does_not_swallow_octobers_page() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.ack(MINUTE, until=365 * DAY)
    run.lapse(lapse(revision=2, change="resolved"), at=HOUR)
    run.until(2 * HOUR)
    october = 130 * DAY
    run.lapse(lapse(revision=3, change="reopened"), at=october)
    (alarm,) = run.until(october + MINUTE)
    assert (alarm.kind, alarm.because) == ("alarm", "it is back")
    assert run.desk.pages()[0].state == "firing"


def test_an_acknowledgement_ends_and_the_alarm_comes_again() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.ack(MINUTE, until=10 * HOUR)
    assert run.until(10 * HOUR - SECOND) == []
    (alarm,) = run.until(10 * HOUR)
    assert (alarm.kind, alarm.because) == ("alarm", "the acknowledgement of ann is over, and it still stands")


def test_letting_go_begins_the_escalation_anew() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.ack(MINUTE)
    assert words(run.act(Unacknowledge(target=run.page()), 2 * HOUR)) == [("alarm", "ann-phone")]
    assert words(run.until(2 * HOUR + 15 * MINUTE)) == [("escalation", "chief-phone")]


def test_snoozed_is_silent_until_its_end_and_then_an_alarm() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.act(Snooze(target=run.page(), until=T0 + 5 * HOUR), MINUTE)
    assert run.desk.pages()[0].state == "snoozed"
    assert run.until(5 * HOUR - SECOND) == []
    assert words(run.until(5 * HOUR)) == [("alarm", "ann-phone")]


def test_worse_wakes_what_is_snoozed() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.act(Snooze(target=run.page(), until=T0 + 5 * HOUR), MINUTE)
    run.lapse(lapse(revision=2, change="escalated", severity=Severity.CRITICAL), at=HOUR)
    assert words(run.until(2 * HOUR)) == [("alarm", "ann-phone"), ("escalation", "chief-phone")]


def test_what_is_over_cannot_be_acknowledged() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.lapse(lapse(revision=2, change="resolved"), at=MINUTE)
    run.until(2 * MINUTE)
    with pytest.raises(RefusedError, match="nothing on this page stands any more"):
        run.ack(3 * MINUTE)


def test_what_somebody_had_before_its_alarm_went_out_is_said_when_that_ends() -> None:
    run = Run()
    run.lapse(lapse())
    run.ack(SECOND, until=HOUR)
    assert run.until(HOUR - SECOND) == []
    assert words(run.until(HOUR)) == [("alarm", "ann-phone")]


def test_an_acknowledgement_must_end_after_now_and_within_a_year() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    for until in (MINUTE, MINUTE - SECOND, 400 * DAY):
        with pytest.raises(RefusedError, match="expected an end"):
            run.ack(MINUTE, until=until)
    run.ack(MINUTE, until=MINUTE + SECOND)


@pytest.mark.parametrize("joined", ["west", "east"], ids=["another", "the same, worse"])
def test_what_came_a_moment_before_an_acknowledgement_is_covered_and_yet_said(joined: str) -> None:
    run = Run()
    run.lapse(lapse(group="announcement"))
    run.until(GATHER)
    loud: dict[str, Any] = {"group": "announcement", "severity": Severity.CRITICAL}
    run.lapse(lapse(joined, 1 + (joined == "east"), "opened" if joined == "west" else "escalated", **loud), at=MINUTE)
    (update,) = run.ack(MINUTE + SECOND)
    assert (update.kind, update.receiver, [each.subject for each in update.lapses]) == ("update", "ann-phone", [joined])
    assert run.until(HOUR) == []
    run.lapse(lapse(joined, 3, "resolved", **loud), at=HOUR)
    assert words(run.until(2 * HOUR)) == [("all-clear", "ann-phone")]


def test_an_acknowledgement_says_nothing_of_what_a_silence_holds() -> None:
    run = Run()
    run.act(Silence(name="s", match=Match(subjects=("west",)), start=T0, end=T0 + DAY, reason="works"), SECOND)
    run.lapse(lapse(group="announcement"), lapse("west", group="announcement"), at=SECOND)
    run.until(MINUTE)
    assert run.ack(2 * MINUTE) == []


def test_what_was_covered_before_it_was_said_is_said_once_more_on_the_page_wakes_it() -> None:
    night = QuietHours(id="night", zone="UTC", start=time(11), end=time(14))
    run = Run(policy(routes=(DUTY, msgspec.structs.replace(NOTES, quiet="night")), quiet=(night,)))
    run.lapse(lapse("one", group="announcement", severity=Severity.WARN))
    run.until(MINUTE)
    run.ack(MINUTE, until=30 * DAY)
    run.lapse(lapse("two", group="announcement"), at=HOUR)
    assert words(run.until(HOUR + MINUTE)) == [("alarm", "ann-phone")]
    run.lapse(lapse("two", 2, "resolved", group="announcement"), at=HOUR + MINUTE)
    run.until(2 * HOUR - SECOND)
    (alarm,) = run.until(2 * HOUR)
    assert (alarm.kind, alarm.receiver, [each.subject for each in alarm.lapses]) == ("alarm", "notes", ["one"])


def test_what_was_covered_before_it_was_said_is_said_though_the_rest_was_said_anew_meanwhile() -> None:
    run = Run()
    run.act(Silence(name="s", match=Match(subjects=("one",)), start=T0, end=T0 + DAY, reason="works"), SECOND)
    run.lapse(lapse("one", group="announcement"), lapse("two", group="announcement"), at=SECOND)
    run.until(MINUTE)
    run.ack(MINUTE, until=HOUR)
    anew = run.until(HOUR)
    assert [(sending.kind, [each.subject for each in sending.lapses]) for sending in anew] == [("alarm", ["two"])]
    run.until(DAY - SECOND)
    assert {each.subject for sending in run.sent for each in sending.lapses} == {"two"}
    updates = run.until(DAY)
    assert words(updates) == [("update", name) for name in ("ann-phone", "chief-phone", "head-phone", "siren")]
    assert {each.subject for each in updates[0].lapses} == {"one", "two"}
