"""Escalation: each step at its second, asked anew whether somebody has it; nags and reminders that grow rarer."""

from datetime import date, timedelta
from itertools import pairwise

import msgspec
import pytest

from alerts.policy import Override, Rota, Route, Step
from alerts.sendings import Kind
from streams.spans import Span
from tests.desk.build import DAY, HOUR, MINUTE, NOTES, SECOND, T0, Run, lapse, moments, policy, span, words

ALARM = 10 * SECOND
FIRST, SECOND_STEP, LAST = ("alarm", "ann-phone"), ("escalation", "chief-phone"), ("escalation", "head-phone")

BOUNDARIES = [
    (15 * MINUTE, [("escalation", "chief-phone")]),
    (HOUR, [("escalation", "head-phone"), ("escalation", "siren")]),
    (HOUR + 30 * MINUTE, [("nag", "head-phone"), ("nag", "siren")]),
    (HOUR + 90 * MINUTE, [("nag", "head-phone"), ("nag", "siren")]),
]


@pytest.mark.parametrize(("after", "said"), BOUNDARIES)
def test_a_word_goes_out_at_its_second_and_neither_before_nor_again_after(
    after: timedelta, said: list[tuple[Kind, str]]
) -> None:
    run = Run()
    run.lapse(lapse())
    run.until(ALARM + after - MINUTE)
    assert run.until(ALARM + after - SECOND) == []
    assert words(run.until(ALARM + after)) == said
    assert run.until(ALARM + after + SECOND) == []


@pytest.mark.parametrize(("after", "said"), BOUNDARIES)
def test_an_acknowledgement_a_second_before_keeps_it_from_going_out(after: timedelta, said: list[tuple[Kind, str]]) -> None:
    run = Run()
    run.lapse(lapse())
    run.until(ALARM + after - SECOND)
    run.ack(ALARM + after - SECOND)
    assert run.until(ALARM + after + MINUTE) == []


@pytest.mark.parametrize(("after", "said"), BOUNDARIES)
def test_an_acknowledgement_in_the_journal_before_a_late_tick_counts_though_the_step_was_due(
    after: timedelta, said: list[tuple[Kind, str]]
) -> None:
    run = Run()
    run.lapse(lapse())
    run.until(ALARM + after - SECOND)
    run.ack(ALARM + after + 5 * SECOND)
    assert run.until(ALARM + after + MINUTE) == []


def test_a_step_names_its_number_and_why_it_goes_out() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(HOUR)
    assert [(sending.step, sending.because) for sending in run.sent[:2]] == [
        (1, ""),
        (2, "nobody acknowledged it within 15 min"),
    ]


def test_after_a_pause_of_the_desk_each_step_that_is_overdue_goes_out_once() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(ALARM)
    late = run.desk.advance(run.sent[0].at + 5 * HOUR)
    assert words(late) == [SECOND_STEP, LAST, ("escalation", "siren")]


def test_nags_grow_rarer_and_never_cease() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(209 * DAY)
    nags = sorted(set(moments(run.sent, "nag")))
    waits = [later - sooner for sooner, later in pairwise(nags)]
    assert nags[0] == ALARM + HOUR + 30 * MINUTE
    assert waits[:7] == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 7 * DAY]
    assert set(waits[7:]) == {30 * DAY}


def test_reminders_of_what_somebody_has_grow_rarer_and_go_to_the_watch_and_to_who_has_it() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(ALARM)
    run.ack(MINUTE, by="bob", until=360 * DAY)
    reminded = [sending for sending in run.until(100 * DAY) if sending.kind == "reminder"]
    at = sorted(set(moments(reminded, "reminder")))
    assert [moment.days for moment in at] == [1, 3, 7, 37, 67, 97]
    assert words(reminded)[:2] == [("reminder", "ann-phone"), ("reminder", "bob-phone")]
    assert "bob has it since" in reminded[0].because


def manned_from_2027() -> tuple[Rota, ...]:
    """The rota of the policy, before its first watch."""
    return tuple(msgspec.structs.replace(rota, start=date(2027, 1, 1)) for rota in policy().rotas)


def test_where_the_first_step_reaches_nobody_the_next_has_it_at_once_and_it_says_why() -> None:
    run = Run(policy(rotas=manned_from_2027()))
    run.lapse(lapse())
    (alarm,) = run.until(ALARM)
    assert (alarm.receiver, alarm.step) == ("chief-phone", 2)
    assert alarm.because == "nobody was reached by rota:duty"
    assert words(run.until(ALARM + HOUR)) == [LAST, ("escalation", "siren")]


def test_where_nobody_is_reached_at_all_trouble_is_told_and_the_page_waits() -> None:
    route = Route(id="empty", steps=(Step(to=("rota:duty",)),))
    run = Run(policy(routes=(route,), rotas=manned_from_2027()))
    run.lapse(lapse())
    (sending,) = run.until(ALARM)
    assert (sending.kind, sending.receiver, sending.lapses) == ("undelivered", "ops", ())
    assert sending.because.startswith("route:empty: nobody is reached by any of its steps")
    assert run.desk.pages()[0].state == "firing"


def test_whoever_has_the_watch_when_a_word_goes_out_gets_it() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(ALARM)
    run.ack(MINUTE, until=8 * DAY)
    assert words(run.until(8 * DAY))[-1] == ("alarm", "bob-phone")


def test_a_route_without_nags_and_reminders_says_it_once() -> None:
    run = Run(policy(routes=(NOTES,)))
    run.lapse(lapse())
    assert words(run.until(300 * DAY)) == [("alarm", "notes")]


def test_routes_that_go_on_have_it_both() -> None:
    first = Route(id="first", steps=(Step(to=("person:chief",)),), go_on=True)
    run = Run(policy(routes=(first, NOTES)))
    run.lapse(lapse())
    assert words(run.until(MINUTE)) == [("alarm", "chief-phone"), ("alarm", "notes")]


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ((Step(after=span(MINUTE), to=("person:ann",)),), "without `after`"),
        ((Step(to=("person:ann",)), Step(to=("person:bob",))), "each later than the one before"),
    ],
)
def test_steps_in_another_order_are_no_route(steps: tuple[Step, ...], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Route(id="r", steps=steps)


def test_waits_of_less_than_a_minute_are_no_route() -> None:
    with pytest.raises(ValueError, match="a minute or more"):
        Route(id="r", steps=NOTES.steps, nags=(Span(seconds=1),))


def test_a_step_that_reaches_nobody_is_left_to_the_next_at_once() -> None:
    steps = (
        Step(to=("person:ann",)),
        Step(after=span(15 * MINUTE), to=("rota:duty",)),
        Step(after=span(HOUR), to=("person:head",)),
    )
    run = Run(policy(routes=(Route(id="all", steps=steps),), rotas=manned_from_2027()))
    run.lapse(lapse())
    run.until(ALARM)
    assert run.until(ALARM + 15 * MINUTE - SECOND) == []
    (next_,) = run.until(ALARM + 15 * MINUTE)
    assert (next_.kind, next_.receiver, next_.step) == ("escalation", "head-phone", 3)
    assert next_.because == "nobody acknowledged it within 15 min; nobody was reached by rota:duty"
    assert words(run.until(ALARM + 44 * MINUTE)) == []
    assert words(run.until(ALARM + 45 * MINUTE)) == [("nag", "head-phone")]


def test_a_last_step_that_reaches_nobody_is_left_to_the_one_before() -> None:
    steps = (Step(to=("person:ann",)), Step(after=span(15 * MINUTE), to=("rota:duty",)))
    run = Run(policy(routes=(Route(id="all", steps=steps, nags=()),), rotas=manned_from_2027()))
    run.lapse(lapse())
    assert words(run.until(DAY)) == [("alarm", "ann-phone"), ("escalation", "ann-phone")]


def test_a_reminder_goes_to_a_step_that_reaches_anybody() -> None:
    run = Run(policy(rotas=manned_from_2027()))
    run.lapse(lapse())
    run.until(ALARM)
    run.ack(MINUTE, by="somebody-of-another-list")
    assert words(run.until(2 * DAY)) == [("reminder", "chief-phone")]


def test_a_route_whose_watch_ends_is_in_trouble_and_no_more_once_somebody_is_reached() -> None:
    overrides = tuple(
        Override(person="ann", start=T0 + start, end=T0 + end) for start, end in ((timedelta(), HOUR), (5 * HOUR, DAY))
    )
    rota = msgspec.structs.replace(manned_from_2027()[0], overrides=overrides)
    run = Run(policy(routes=(Route(id="all", steps=(Step(to=("rota:duty",)),)),), rotas=(rota,)))
    run.lapse(lapse())
    assert words(run.until(HOUR - SECOND)) == [("alarm", "ann-phone"), ("nag", "ann-phone")]
    assert ("undelivered", "ops") in words(run.until(5 * HOUR))
    said = words(run.until(9 * HOUR))
    assert ("nag", "ann-phone") in said
    assert ("all-clear", "ops") in said
    assert all(page.trouble is None for page in run.desk.pages())
