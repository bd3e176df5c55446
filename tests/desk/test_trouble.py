"""Receivers that take nothing: an alert itself, once for each; whoever stands in is told when it is over as well."""

from datetime import timedelta

from alerts.desk import Desk
from alerts.policy import Officer
from streams.actions import Acknowledge, Match, Resolve, Silence
from streams.severity import Severity
from tests.desk.build import DAY, DUTY, HOUR, MINUTE, POLICY, SECOND, T0, Run, lapse, policy, words

GATHER = 10 * SECOND


def failed() -> Run:
    run = Run()
    run.lapse(lapse())
    (alarm,) = run.until(GATHER)
    run.outcome(alarm, MINUTE, delivered=False, reason="connection refused", attempts=9)
    return run


def test_a_receiver_that_takes_nothing_is_told_to_the_trouble_route_with_its_reason() -> None:
    trouble = failed().sent[-1]
    assert (trouble.kind, trouble.receiver, trouble.lapses) == ("undelivered", "ops", ())
    assert trouble.because == "receiver:ann-phone: took nothing after 9 attempts: connection refused"


def test_it_is_one_alert_however_much_it_does_not_take() -> None:
    run = failed()
    run.lapse(lapse("west"), at=2 * MINUTE)
    (alarm,) = run.until(3 * MINUTE)
    assert run.outcome(alarm, 4 * MINUTE, delivered=False) == []


def test_it_is_over_when_it_takes_something_again() -> None:
    run = failed()
    run.lapse(lapse("west"), at=2 * MINUTE)
    (alarm,) = run.until(3 * MINUTE)
    assert words(run.outcome(alarm, 4 * MINUTE)) == [("all-clear", "ops")]
    assert len(run.desk.pages()) == 2


def test_a_receiver_is_in_trouble_from_its_first_failure_on_though_it_will_be_tried_again() -> None:
    run = Run()
    run.lapse(lapse())
    (alarm,) = run.until(GATHER)
    assert words(run.outcome(alarm, MINUTE, delivered=False, final=False)) == [("undelivered", "ops")]
    assert run.outcome(alarm, 2 * MINUTE, delivered=False, final=False) == []
    assert words(run.outcome(alarm, 3 * MINUTE)) == [("all-clear", "ops")]


def test_an_outcome_that_comes_twice_or_is_nobodys_says_nothing() -> None:
    run = Run()
    run.lapse(lapse())
    (alarm,) = run.until(GATHER)
    assert run.outcome(alarm, MINUTE, delivered=False) != []
    assert run.outcome(alarm, MINUTE, delivered=False) == []
    assert run.outcome(alarm, MINUTE, key="0" * 24, delivered=False) == []
    run.outcome(alarm, 2 * MINUTE, receiver="siren")
    assert run.outcome(alarm, 3 * MINUTE, delivered=False, receiver="siren") == []


def test_whoever_stood_in_is_told_that_it_is_over_too() -> None:
    run = failed()
    alarm = run.sent[0]
    run.outcome(alarm, 2 * MINUTE, receiver="siren")
    run.lapse(lapse(revision=2, change="resolved"), at=3 * MINUTE)
    assert words(run.until(4 * MINUTE)) == [("all-clear", "ann-phone"), ("all-clear", "siren")]


def test_the_page_says_what_was_delivered() -> None:
    run = Run()
    run.lapse(lapse())
    (alarm,) = run.until(GATHER)
    assert [word.delivered for word in run.desk.pages()[0].words] == [None]
    run.outcome(alarm, MINUTE, delivered=False)
    run.outcome(alarm, 2 * MINUTE, receiver="siren")
    (page,) = [page for page in run.desk.pages() if page.trouble is None]
    assert [word.delivered for word in page.words] == [True]


def test_trouble_of_the_trouble_route_itself_goes_to_the_others_on_it() -> None:
    run = Run(policy(trouble=("receiver:ops", "person:chief")))
    run.lapse(lapse())
    (alarm,) = run.until(GATHER)
    first = run.outcome(alarm, MINUTE, delivered=False)
    assert words(first) == [("undelivered", "ops"), ("undelivered", "chief-phone")]
    second = run.outcome(first[0], 2 * MINUTE, delivered=False)
    assert words(second) == [("undelivered", "chief-phone")]
    assert run.outcome(second[0], 3 * MINUTE, delivered=False) != []
    assert words(run.until(4 * MINUTE)) == []


def test_trouble_that_nobody_acknowledges_is_said_again_and_one_that_somebody_has_is_not() -> None:
    run = failed()
    trouble = run.sent[-1]
    assert words(run.until(MINUTE + 30 * MINUTE))[-1] == ("nag", "ops")
    run.act(Acknowledge(target=trouble.page), HOUR)
    assert ("nag", "ops") not in words(run.until(30 * DAY))
    views = [page for page in run.desk.pages() if page.trouble is not None]
    assert [(view.state, view.trouble) for view in views] == [
        ("acknowledged", "receiver:ann-phone: took nothing after 9 attempts: connection refused")
    ]
    assert run.act(Resolve(target=trouble.page, reason="mended"), 31 * DAY) == []


def test_a_receiver_for_drills_that_fails_is_told_to_nobody_outside_the_drill() -> None:
    run = Run()
    run.lapse(lapse(exercise=True))
    (alarm,) = run.until(GATHER)
    assert run.outcome(alarm, MINUTE, delivered=False) == []
    assert [page.exercise for page in run.desk.pages() if page.trouble is not None] == [True]


def test_the_wall_holds_though_a_policy_names_a_pager_for_drills_and_a_drills_receiver_for_people() -> None:
    broken = policy(
        exercise=("ann-phone", "drills"),
        people=tuple(Officer(id=person.id, name=person.name, receivers=("drills",)) for person in POLICY.people),
        trouble=("receiver:drills",),
    )
    run = Run(broken)
    run.lapse(lapse(), lapse("west", exercise=True), lapse("far", run="replay"))
    run.until(HOUR)
    assert {(sending.receiver, sending.exercise) for sending in run.sent} <= {("drills", True), ("siren", False)}


def test_everything_of_a_desk_that_serves_a_run_goes_to_the_exercise_route() -> None:
    run = Run(run="replay-1")
    run.lapse(lapse())
    (alarm,) = run.until(DAY)
    assert (alarm.receiver, alarm.exercise, alarm.run) == ("drills", True, "replay-1")
    run.act(Silence(name="s", match=Match(subjects=("west",)), start=T0, end=T0 + 9 * DAY, reason="r"), DAY)
    run.lapse(lapse("west"), at=DAY)
    assert run.until(2 * DAY) == []
    assert timedelta() < alarm.at - run.journal[0].at <= GATHER


def test_trouble_that_somebody_had_for_a_while_is_said_again_when_that_ends() -> None:
    run = failed()
    trouble = run.sent[-1]
    run.act(Acknowledge(target=trouble.page, until=T0 + DAY), 2 * MINUTE)
    assert ("nag", "ops") not in words(run.until(DAY - SECOND))
    assert ("nag", "ops") in words(run.until(DAY))


def test_whoever_stood_in_only_after_it_was_over_is_told_that_it_is() -> None:
    run = failed()
    run.lapse(lapse(revision=2, change="resolved"), at=3 * MINUTE)
    assert words(run.until(4 * MINUTE)) == [("all-clear", "ann-phone")]
    assert words(run.outcome(run.sent[0], 5 * MINUTE, receiver="siren")) == [("all-clear", "siren")]
    clear = run.sent[-1]
    assert run.outcome(clear, 6 * MINUTE, receiver="bob-phone") == []
    assert {kind for kind, _ in words(run.until(DAY))} == {"nag"}


def test_an_alarm_that_its_own_receiver_takes_only_after_it_was_over_is_cleared_once() -> None:
    run = Run()
    run.lapse(lapse())
    (alarm,) = run.until(GATHER)
    run.lapse(lapse(revision=2, change="resolved"), at=MINUTE)
    assert words(run.until(2 * MINUTE)) == [("all-clear", "ann-phone")]
    assert run.outcome(alarm, 3 * MINUTE) == []
    assert run.until(DAY) == []


def test_whoever_was_told_of_trouble_in_anothers_place_is_told_that_it_is_over() -> None:
    run = Run(policy(trouble=("person:ann",)))
    run.lapse(lapse(severity=Severity.WARN))
    (note,) = run.until(GATHER)
    (told,) = run.outcome(note, MINUTE, delivered=False, final=False)
    assert run.outcome(told, 2 * MINUTE, receiver="drills") == []
    run.lapse(lapse("west", parties=("CC", "DD"), severity=Severity.WARN), at=3 * MINUTE)
    run.until(4 * MINUTE)
    (nag,) = [sending for sending in run.until(HOUR) if sending.kind == "nag"]
    assert run.outcome(nag, HOUR, receiver="siren") == []
    cleared = run.outcome(note, HOUR + MINUTE)
    assert words(cleared) == [("all-clear", "ann-phone"), ("all-clear", "siren")]


def test_trouble_of_what_a_later_policy_has_no_more_is_over() -> None:
    run = Run()
    run.lapse(lapse(severity=Severity.WARN))
    (note,) = run.until(GATHER)
    run.outcome(note, MINUTE, delivered=False, final=False)
    cells = {name: cell for name, cell in run.desk.changes().items() if cell is not None}
    left = tuple(receiver for receiver in POLICY.receivers if receiver.id != "notes")
    run.desk = Desk(policy(receivers=left, routes=(DUTY,)))
    run.desk.recall(cells)
    (clear,) = run.until(2 * MINUTE)
    assert (clear.kind, clear.receiver) == ("all-clear", "ops")
    assert clear.because == "receiver:notes: it is not in the policy any more"
    # What was on its way to the receiver comes back now, and is no trouble of this policy's.
    assert run.outcome(note, 3 * MINUTE, delivered=False) == []
    assert run.until(90 * DAY) == []
