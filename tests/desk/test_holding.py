"""What holds a word back: silences, announced maintenance, quiet hours, and comings and goings. Nothing holds an all-clear."""

from datetime import UTC, datetime, time, timedelta

import pytest

from alerts.desk import RefusedError
from alerts.desk.holding import quiet_until
from alerts.policy import Flapping, Maintenance, QuietHours, Route
from streams.actions import Match, Silence, Unsilence
from streams.severity import Severity
from tests.desk.build import DAY, DUTY, HOUR, MINUTE, NOTES, SECOND, T0, Run, lapse, moments, policy, span, words

GATHER = 10 * SECOND
EAST = Match(subjects=("east",))


def silence(name: str = "work", match: Match = EAST, start: timedelta = timedelta(), end: timedelta = HOUR) -> Silence:
    return Silence(name=name, match=match, start=T0 + start, end=T0 + end, reason="a new cable")


def test_a_silence_holds_what_it_names_until_its_end_and_then_says_why_it_is_late() -> None:
    run = Run()
    run.act(silence(), timedelta())
    run.lapse(lapse())
    assert run.until(HOUR - SECOND) == []
    (alarm,) = run.until(HOUR)
    assert (alarm.kind, alarm.because) == ("alarm", "held back until now: silence work (a new cable)")


def test_what_is_over_before_the_silence_ends_is_never_said() -> None:
    run = Run()
    run.act(silence(), timedelta())
    run.lapse(lapse())
    run.lapse(lapse(revision=2, change="resolved"), at=MINUTE)
    assert run.until(DAY) == []


def test_a_silence_holds_nothing_else() -> None:
    run = Run()
    run.act(silence(), timedelta())
    run.lapse(lapse("west"))
    assert words(run.until(GATHER)) == [("alarm", "ann-phone")]


def test_all_clears_go_past_a_silence() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.act(silence(), MINUTE)
    run.lapse(lapse(revision=2, change="resolved"), at=2 * MINUTE)
    assert words(run.until(3 * MINUTE)) == [("all-clear", "ann-phone")]


def test_a_silence_rests_the_escalation_which_goes_on_at_its_end() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.act(silence(start=MINUTE), MINUTE)
    assert run.until(HOUR - SECOND) == []
    assert words(run.until(HOUR)) == [("escalation", "chief-phone")]


def test_a_silence_that_is_ended_before_its_time_says_at_once_what_stands() -> None:
    run = Run()
    run.act(silence(), timedelta())
    run.lapse(lapse())
    run.until(MINUTE)
    assert words(run.act(Unsilence(name="work", reason="done"), 2 * MINUTE)) == [("alarm", "ann-phone")]
    assert run.desk.silences() == []


def test_what_gets_worse_in_a_silence_waits_too() -> None:
    run = Run()
    run.act(silence(), timedelta())
    run.lapse(lapse(), lapse(revision=2, change="escalated", severity=Severity.CRITICAL))
    assert run.until(HOUR - SECOND) == []
    assert run.until(HOUR)[0].severity is Severity.CRITICAL


def test_of_two_silences_the_later_end_counts() -> None:
    run = Run()
    run.act(silence(), timedelta())
    run.act(silence("more", end=2 * HOUR), timedelta())
    run.lapse(lapse())
    assert run.until(2 * HOUR - SECOND) == []
    assert moments(run.until(2 * HOUR), "alarm") == [2 * HOUR]


def test_a_silence_of_a_drill_silences_nothing_real_and_the_other_way_round() -> None:
    run = Run()
    run.act(silence(), timedelta(), exercise=True)
    run.lapse(lapse(), lapse(exercise=True))
    assert words(run.until(GATHER)) == [("alarm", "ann-phone")]
    run.until(2 * HOUR)
    assert moments([sending for sending in run.sent if sending.exercise], "alarm") == [HOUR]


def test_maintenance_announced_in_the_policy_is_a_silence_and_is_changed_there() -> None:
    work = Maintenance(name="work", match=EAST, start=T0 - DAY, end=T0 + HOUR, reason="announced")
    run = Run(policy(maintenance=(work,)))
    run.lapse(lapse())
    assert moments(run.until(2 * HOUR), "alarm") == [HOUR]
    with pytest.raises(RefusedError, match="those of the policy are changed there"):
        run.act(Unsilence(name="work", reason="done"), 3 * HOUR)


def test_a_silence_needs_a_name_of_its_own_and_an_end_that_is_to_come_within_a_year() -> None:
    run = Run()
    run.act(silence(), timedelta())
    with pytest.raises(RefusedError, match="there is a silence work until"):
        run.act(silence(), MINUTE)
    with pytest.raises(RefusedError, match="an end that is to come"):
        run.act(silence("late"), 2 * HOUR)
    with pytest.raises(RefusedError, match="within 366 days"):
        run.act(silence("long", end=400 * DAY), MINUTE)
    assert [view.name for view in run.desk.silences()] == ["work"]


SEOUL_NIGHT = QuietHours(id="night", zone="Asia/Seoul", start=time(22), end=time(7))
NEW_YORK_NIGHT = QuietHours(id="night", zone="America/New_York", start=time(22), end=time(7))
LUNCH = QuietHours(id="lunch", zone="UTC", start=time(12), end=time(13), days=(0,))
QUIETS = [
    (SEOUL_NIGHT, datetime(2026, 6, 1, 12, 59, 59, tzinfo=UTC), None),
    (SEOUL_NIGHT, datetime(2026, 6, 1, 13, tzinfo=UTC), datetime(2026, 6, 1, 22, tzinfo=UTC)),
    (SEOUL_NIGHT, datetime(2026, 6, 1, 21, 59, 59, tzinfo=UTC), datetime(2026, 6, 1, 22, tzinfo=UTC)),
    (SEOUL_NIGHT, datetime(2026, 6, 1, 22, tzinfo=UTC), None),
    # Clocks change in the night of 7 to 8 March 2026: it is an hour shorter.
    (NEW_YORK_NIGHT, datetime(2026, 3, 8, 3, tzinfo=UTC), datetime(2026, 3, 8, 11, tzinfo=UTC)),
    (NEW_YORK_NIGHT, datetime(2026, 3, 8, 10, 59, 59, tzinfo=UTC), datetime(2026, 3, 8, 11, tzinfo=UTC)),
    (NEW_YORK_NIGHT, datetime(2026, 3, 8, 11, tzinfo=UTC), None),
    (LUNCH, datetime(2026, 6, 1, 12, 30, tzinfo=UTC), datetime(2026, 6, 1, 13, tzinfo=UTC)),
    (LUNCH, datetime(2026, 6, 2, 12, 30, tzinfo=UTC), None),
]


@pytest.mark.parametrize(("quiet", "moment", "until"), QUIETS)
def test_quiet_hours_are_of_their_place_and_end_to_the_second(
    quiet: QuietHours, moment: datetime, until: datetime | None
) -> None:
    assert quiet_until(quiet, moment) == until


def quiet_policy() -> Run:
    """T0 is in quiet hours, for another two hours."""
    night = QuietHours(id="night", zone="UTC", start=time(11), end=time(14))
    routes = tuple(Route(id=route.id, match=route.match, steps=route.steps, quiet="night") for route in (DUTY, NOTES))
    return Run(policy(quiet=(night,), routes=routes))


def test_quiet_hours_hold_a_warning_until_their_end() -> None:
    run = quiet_policy()
    run.lapse(lapse(severity=Severity.WARN))
    assert run.until(2 * HOUR - SECOND) == []
    (alarm,) = run.until(2 * HOUR)
    assert alarm.because == "held back until now: quiet hours night"


@pytest.mark.parametrize("severity", [Severity.PAGE, Severity.CRITICAL])
def test_quiet_hours_hold_back_nothing_that_wakes_people(severity: Severity) -> None:
    run = quiet_policy()
    run.lapse(lapse(severity=severity))
    assert words(run.until(GATHER)) == [("alarm", "ann-phone")]


def test_no_quiet_hours_can_be_written_that_hold_back_a_page() -> None:
    with pytest.raises(ValueError, match="hold back no page"):
        QuietHours(id="night", zone="UTC", start=time(22), end=time(7), below=Severity.CRITICAL)


def flap(run: Run, times: int, every: timedelta = 5 * MINUTE) -> timedelta:
    """Let it come and go so many times; returns when it went last."""
    at = timedelta()
    for number in range(times):
        run.lapse(lapse(revision=2 * number + 1, change="reopened" if number else "opened"), at=at)
        run.until(at + every)
        run.lapse(lapse(revision=2 * number + 2, change="resolved"), at=at + every)
        run.until(at + 2 * every)
        at += 2 * every
    return at


FLAPPING = Flapping(changes=4, within=span(6 * HOUR), calm=span(HOUR))


def test_what_comes_and_goes_is_held_and_the_word_before_says_why() -> None:
    run = Run(policy(flapping=FLAPPING))
    flap(run, 6)
    assert words(run.sent) == [("alarm", "ann-phone"), ("all-clear", "ann-phone")] * 2
    held = "it comes and goes: 4 changes within 6 h; alarms are held until it was still for 1 h"
    assert [sending.because for sending in run.sent] == ["", "", "it is back", held]


def test_what_stays_after_it_came_and_went_is_said_once_it_was_still_for_so_long() -> None:
    run = Run(policy(flapping=FLAPPING))
    at = flap(run, 6)
    run.lapse(lapse(revision=20, change="reopened"), at=at)
    assert run.until(at + HOUR - SECOND) == []
    (alarm,) = run.until(at + HOUR)
    assert alarm.because.startswith("held back until now: it comes and goes")


def test_what_comes_and_goes_and_gets_louder_than_before_is_not_held() -> None:
    run = Run(policy(flapping=FLAPPING))
    at = flap(run, 6)
    run.lapse(lapse(revision=20, change="reopened", severity=Severity.CRITICAL), at=at)
    assert words(run.until(at + MINUTE)) == [("alarm", "ann-phone")]


def test_changes_that_lie_far_apart_are_no_flapping() -> None:
    run = Run(policy(flapping=FLAPPING))
    flap(run, 6, every=3 * HOUR)
    assert words(run.sent).count(("alarm", "ann-phone")) == 6


def test_a_new_outage_of_the_same_line_counts_as_one_that_comes_back() -> None:
    run = Run(policy(flapping=FLAPPING))
    for number in range(5):
        at = number * 10 * MINUTE
        run.lapse(lapse(onset=T0 + at), at=at)
        run.until(at + 5 * MINUTE)
        run.lapse(lapse(onset=T0 + at, revision=2, change="resolved"), at=at + 5 * MINUTE)
        run.until(at + 10 * MINUTE)
    assert len([sending for sending in run.sent if sending.kind == "alarm"]) == 2


def test_what_nobody_heard_of_is_not_held_because_it_comes_and_goes() -> None:
    """It began in quiet hours, and is never still again."""
    run = quiet_policy()
    for number in range(40):
        at = number * 25 * MINUTE
        run.until(at)
        change = "resolved" if number % 2 else "reopened" if number else "opened"
        run.lapse(lapse(revision=number + 1, change=change, severity=Severity.WARN), at=at)
    alarm, clear = run.sent
    assert (alarm.kind, alarm.at) == ("alarm", T0 + 2 * HOUR)
    assert alarm.because.endswith(run.desk.paging.flaps.words())
    assert clear.kind == "all-clear"
