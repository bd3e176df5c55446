"""Pages: gathered, said once, worse, back, over, withdrawn; whoever got the alarm gets the all-clear."""

from datetime import time, timedelta
from typing import Any

import msgspec
import pytest

from alerts.desk import Desk, RefusedError
from alerts.policy import QuietHours, Rota, Route, Step
from streams.actions import Acknowledge, Note, Resolve
from streams.severity import Severity
from tests.desk.build import DAY, HOUR, MINUTE, NOTES, POLICY, SECOND, T0, Run, lapse, policy, span, words

GATHER = 10 * SECOND


def test_a_lapse_is_one_alarm_to_who_has_the_watch_and_its_end_an_all_clear_to_the_same() -> None:
    run = Run()
    assert run.lapse(lapse()) == []
    assert words(run.until(GATHER)) == [("alarm", "ann-phone")]
    run.lapse(lapse(revision=2, change="resolved"), at=5 * MINUTE)
    assert words(run.until(5 * MINUTE + GATHER)) == [("all-clear", "ann-phone")]
    assert words(run.until(30 * DAY)) == []
    (page,) = run.desk.pages(settled=True)
    assert page.state == "resolved"
    assert run.desk.pages() == []


def test_the_alarm_goes_out_when_the_time_to_gather_is_over_and_not_a_second_sooner() -> None:
    run = Run()
    run.lapse(lapse())
    assert run.until(GATHER - SECOND) == []
    assert words(run.until(GATHER)) == [("alarm", "ann-phone")]


def test_with_no_time_to_gather_the_alarm_goes_out_at_once() -> None:
    run = Run(policy(gather=span(timedelta())))
    assert words(run.lapse(lapse())) == [("alarm", "ann-phone")]


def test_eight_suspensions_of_one_announcement_are_one_page_that_lists_eight() -> None:
    run = Run()
    run.lapse(*(lapse(f"channel-{number}", group="announcement") for number in range(8)))
    (sending,) = run.until(GATHER)
    assert len(sending.lapses) == 8
    assert len(run.desk.pages()) == 1


def test_what_joins_an_announcement_later_is_an_update_while_nobody_has_it_and_an_alarm_once_somebody_had() -> None:
    run = Run()
    run.lapse(lapse("one", group="announcement"))
    run.until(MINUTE)
    run.lapse(lapse("two", group="announcement"), at=MINUTE)
    (update,) = run.until(2 * MINUTE)
    assert (update.kind, len(update.lapses)) == ("update", 2)
    run.ack(3 * MINUTE)
    run.lapse(lapse("three", group="announcement"), at=4 * MINUTE)
    (alarm,) = run.until(5 * MINUTE)
    assert (alarm.kind, len(alarm.lapses)) == ("alarm", 3)


def test_lapses_between_the_same_parties_gather_and_others_do_not() -> None:
    run = Run()
    run.lapse(lapse("east"), lapse("west"), lapse("far", parties=("AA", "CC")))
    assert sorted(len(sending.lapses) for sending in run.until(GATHER)) == [1, 2]
    run.lapse(lapse("north"), at=MINUTE)
    run.until(2 * MINUTE)
    assert len(run.desk.pages()) == 3


def test_a_revision_that_changes_nothing_for_people_says_nothing() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.lapse(lapse(revision=2, change="amended"), at=MINUTE)
    assert run.until(10 * MINUTE) == []


def test_a_duplicate_and_an_older_revision_change_nothing() -> None:
    run = Run()
    run.lapse(lapse(revision=2))
    run.until(GATHER)
    assert run.lapse(lapse(revision=2), lapse(revision=1), at=MINUTE) == []
    assert run.until(2 * MINUTE) == []


def test_what_was_said_nowhere_needs_no_all_clear() -> None:
    run = Run()
    run.lapse(lapse())
    run.lapse(lapse(revision=2, change="withdrawn"), at=SECOND)
    assert run.until(DAY) == []


def test_what_was_over_before_it_became_known_is_said_once() -> None:
    run = Run()
    run.lapse(lapse(state="resolved", resolved=T0))
    assert words(run.until(DAY)) == [("late", "ann-phone")]
    run.lapse(lapse(revision=2, change="withdrawn"), at=DAY)
    assert words(run.until(2 * DAY)) == [("withdrawn", "ann-phone")]


def test_worse_is_an_alarm_anew_also_where_somebody_has_it() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.ack(MINUTE)
    run.lapse(lapse(revision=2, change="escalated", severity=Severity.CRITICAL), at=2 * MINUTE)
    (alarm,) = run.until(3 * MINUTE)
    assert (alarm.kind, alarm.severity) == ("alarm", "critical")
    assert "worse" in alarm.because
    assert run.desk.pages()[0].state == "firing"


def test_a_warning_that_becomes_a_page_goes_to_the_watch_and_all_who_heard_hear_that_it_is_over() -> None:
    run = Run()
    run.lapse(lapse(severity=Severity.WARN))
    assert words(run.until(GATHER)) == [("alarm", "notes")]
    run.lapse(lapse(revision=2, change="escalated"), at=MINUTE)
    assert words(run.until(2 * MINUTE)) == [("alarm", "ann-phone")]
    run.lapse(lapse(revision=3, change="resolved"), at=3 * MINUTE)
    assert words(run.until(4 * MINUTE)) == [("all-clear", "ann-phone"), ("all-clear", "notes")]


def test_what_eases_is_an_update_to_who_heard_of_it() -> None:
    run = Run()
    run.lapse(lapse(severity=Severity.CRITICAL))
    run.until(GATHER)
    run.lapse(lapse(revision=2, change="eased"), at=MINUTE)
    assert words(run.until(2 * MINUTE)) == [("update", "ann-phone")]


def test_closed_by_hand_is_said_with_its_reason_and_what_gets_worse_fires_anew() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    (clear,) = run.act(Resolve(target=run.page(), reason="no event will end it"), HOUR, by="bob")
    assert (clear.kind, clear.because) == ("all-clear", "closed by bob: no event will end it")
    run.lapse(lapse(revision=2, change="amended"), at=2 * HOUR)
    assert run.until(DAY) == []
    run.lapse(lapse(revision=3, change="escalated", severity=Severity.CRITICAL), at=DAY)
    assert words(run.until(DAY + MINUTE)) == [("alarm", "ann-phone")]


def test_a_withdrawal_reaches_all_who_ever_heard_of_it_even_after_the_all_clear() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(20 * MINUTE)
    run.lapse(lapse(revision=2, change="resolved"), at=HOUR / 2)
    run.until(HOUR)
    run.lapse(lapse(revision=3, change="withdrawn"), at=100 * DAY)
    assert words(run.until(101 * DAY)) == [("withdrawn", "ann-phone"), ("withdrawn", "chief-phone")]
    assert run.desk.pages(settled=True)[0].state == "withdrawn"


def test_unknown_is_never_an_alarm_of_a_lapse_and_certainty_is_one() -> None:
    run = Run()
    run.lapse(lapse(change="unknown", reason="feed-silent"))
    assert words(run.until(GATHER)) == [("unknown", "ann-phone")]
    run.lapse(lapse(revision=2, change="opened"), at=MINUTE)
    (alarm,) = run.until(2 * MINUTE)
    assert (alarm.kind, alarm.because) == ("alarm", "it was unknown, and is certain now")


def test_what_becomes_unknown_is_an_update_and_no_all_clear() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.lapse(lapse(revision=2, change="unknown"), at=MINUTE)
    (update,) = run.until(2 * MINUTE)
    assert update.kind == "update"
    assert len(run.desk.pages()) == 1


def test_a_silent_feed_that_is_heard_again_is_over_though_it_stays_unknown() -> None:
    run = Run()
    run.lapse(lapse("feed/desk", change="unknown", parties=(), reason="feed-silent", severity=Severity.WARN))
    assert words(run.until(GATHER)) == [("unknown", "notes")]
    heard = lapse("feed/desk", 2, "amended", parties=(), reason="feed-silent", state="unknown", resolved=T0 + HOUR)
    run.lapse(heard, at=HOUR)
    assert words(run.until(2 * HOUR)) == [("all-clear", "notes")]


def test_a_page_is_found_by_a_lapse_on_it_and_what_nobody_knows_is_refused() -> None:
    run = Run()
    run.lapse(lapse())
    run.until(GATHER)
    run.act(Note(target=lapse().id, note="on the phone"), MINUTE)
    assert [done.note for done in run.desk.pages()[0].deeds] == ["on the phone"]
    with pytest.raises(RefusedError, match="no page, and no lapse on one"):
        run.act(Note(target="0123456789abcdef", note="?"), MINUTE)


def test_a_page_that_is_over_is_forgotten_once_no_late_report_can_take_it_back() -> None:
    run = Run()
    run.lapse(lapse())
    run.lapse(lapse(revision=2, change="resolved"), at=HOUR)
    run.until(399 * DAY)
    assert len(run.desk.pages(settled=True)) == 1
    run.until(402 * DAY)
    assert run.desk.pages(settled=True) == []
    assert run.desk.wake is None


def test_what_was_over_long_before_it_became_known_is_history() -> None:
    run = Run()
    run.lapse(lapse(state="resolved", resolved=T0 - 31 * DAY))
    run.lapse(lapse("feed/desk", change="unknown", parties=(), reason="feed-silent", resolved=T0 - 31 * DAY))
    assert run.until(DAY) == []


def test_by_another_policy_what_stands_is_told_to_whom_that_one_names_and_who_has_a_page_keeps_it() -> None:
    run = Run()
    run.lapse(lapse(), lapse("far", parties=("AA", "CC")))
    run.until(GATHER)
    had = next(page for page in run.desk.pages() if page.lapses[0].subject == "far")
    run.act(Note(target=had.id, note="mine"), MINUTE)
    run.act(Acknowledge(target=had.id), MINUTE)
    cells = {name: cell for name, cell in run.desk.changes().items() if cell is not None}
    other = Desk(policy(routes=(Route(id="chief", steps=(Step(to=("person:chief",)),)),)))
    other.recall(cells)
    assert other.wake is not None
    assert words(other.advance(T0 + 2 * MINUTE)) == [("alarm", "chief-phone")]
    assert {page.state for page in other.pages()} == {"firing", "acknowledged"}


def test_the_names_of_cells_are_plain_whatever_the_lapse_is_called() -> None:
    run = Run()
    run.lapse(lapse("\x1f\x00/é", group="a\x1fb"))
    run.until(GATHER)
    for name in run.desk.changes():
        assert all(part.isascii() and part.isprintable() for part in name)


def test_what_no_longer_gathers_counts_for_nothing_after_a_restart_either() -> None:
    run = Run(policy(together=2))
    run.lapse(lapse("west"))
    run.lapse(lapse("far", parties=("AA", "DD")), at=SECOND)
    run.until(11 * SECOND)
    run.lapse(lapse("east"), at=11 * SECOND)
    cells = {name: cell for name, cell in run.desk.changes().items() if cell is not None}
    run.desk = Desk(policy(together=2))
    run.desk.recall(cells)
    run.lapse(lapse("feed/desk", parties=()), at=11 * SECOND)
    assert len(run.desk.pages()) == 4
    assert len({sending.page for sending in run.until(MINUTE)}) == 2


def test_an_action_of_a_drill_means_the_drills_page_and_any_other_the_real_one() -> None:
    run = Run()
    run.lapse(lapse(), lapse(exercise=True))
    run.until(GATHER)
    run.act(Note(target=lapse().id, note="for the drill"), MINUTE, exercise=True)
    run.act(Note(target=lapse().id, note="for real"), MINUTE)
    notes = {page.exercise: [done.note for done in page.deeds] for page in run.desk.pages()}
    assert notes == {True: ["for the drill"], False: ["for real"]}


def test_an_all_clear_does_not_wait_for_what_gathers_on_the_same_page() -> None:
    run = Run(policy(gather=span(MINUTE)))
    run.lapse(lapse("one", group="announcement"))
    run.until(MINUTE)
    run.lapse(lapse("two", group="announcement"), at=2 * MINUTE)
    run.lapse(lapse("one", 2, "resolved", group="announcement"), at=2 * MINUTE + SECOND)
    sent = run.until(2 * MINUTE + 31 * SECOND)
    assert ("all-clear", "ann-phone") in words(sent)


def test_what_joins_as_loud_as_the_loudest_is_an_update_and_louder_an_alarm() -> None:
    run = Run()
    loud: dict[str, Any] = {"group": "announcement", "severity": Severity.CRITICAL}
    run.lapse(lapse("one", group="announcement"), lapse("two", **loud))
    run.until(MINUTE)
    run.lapse(lapse("three", **loud), at=MINUTE)
    assert words(run.until(2 * MINUTE)) == [("update", "ann-phone")]
    other = Run()
    other.lapse(lapse("one", group="announcement"))
    other.until(MINUTE)
    other.lapse(lapse("three", **loud), at=MINUTE)
    assert words(other.until(2 * MINUTE)) == [("alarm", "ann-phone")]


def test_more_on_one_route_lets_the_other_go_on_from_where_it_rested() -> None:
    run = Run()
    run.lapse(lapse("one", group="announcement"))
    run.until(2 * HOUR)
    run.ack(2 * HOUR)
    run.lapse(lapse("two", group="announcement", severity=Severity.WARN), at=3 * HOUR)
    assert words(run.until(3 * HOUR + GATHER)) == [("alarm", "notes")]
    assert run.until(3 * HOUR + 30 * MINUTE) == []
    assert words(run.until(3 * HOUR + 30 * MINUTE + GATHER)) == [("nag", "head-phone"), ("nag", "siren")]


def test_each_word_says_the_loudest_that_stands_of_what_its_receiver_heard() -> None:
    run = Run()
    loud: dict[str, Any] = {"group": "announcement", "severity": Severity.CRITICAL}
    run.lapse(lapse("one", **loud), lapse("two", **loud), lapse("three", group="announcement", severity=Severity.WARN))
    assert {(sending.kind, sending.receiver, sending.stands) for sending in run.until(MINUTE)} == {
        ("alarm", "ann-phone", Severity.CRITICAL),
        ("alarm", "notes", Severity.WARN),
    }
    run.lapse(lapse("two", 2, "eased", group="announcement"), at=MINUTE)
    (eased,) = [sending for sending in run.until(2 * MINUTE) if sending.receiver == "ann-phone"]
    assert (eased.kind, eased.severity, eased.stands) == ("update", Severity.PAGE, Severity.CRITICAL)
    run.lapse(lapse("one", 2, "resolved", **loud), at=2 * MINUTE)
    (partly,) = run.until(3 * MINUTE)
    assert (partly.kind, partly.stands, partly.ends) == ("all-clear", Severity.PAGE, False)
    run.lapse(lapse("two", 3, "resolved", group="announcement"), at=3 * MINUTE)
    (last,) = run.until(4 * MINUTE)
    assert (last.kind, last.receiver, last.ends) == ("all-clear", "ann-phone", True)


@pytest.mark.parametrize("rotas", [POLICY.rotas, ()], ids=["with a watch", "without"])
def test_what_was_over_before_it_became_known_goes_to_the_first_step_that_reaches_anybody(rotas: tuple[Rota, ...]) -> None:
    run = Run(policy(rotas=rotas))
    run.lapse(lapse(change="resolved"))
    (late,) = run.until(DAY)
    assert (late.kind, late.receiver) == ("late", "ann-phone" if rotas else "chief-phone")
    assert ("nobody was reached by rota:duty" in late.because) is not bool(rotas)


def test_what_was_over_before_it_became_known_is_said_on_a_route_whose_quiet_hours_held_it() -> None:
    night = QuietHours(id="night", zone="UTC", start=time(11), end=time(14))
    routes = (Route(id="all", steps=(Step(to=("person:ann",)),), go_on=True), msgspec.structs.replace(NOTES, quiet="night"))
    run = Run(policy(routes=routes, quiet=(night,)))
    run.lapse(lapse(change="resolved", severity=Severity.WARN))
    assert words(run.until(2 * HOUR - SECOND)) == [("late", "ann-phone")]
    assert words(run.until(30 * DAY)) == [("late", "notes")]


def test_what_was_over_and_came_back_before_that_was_said_is_an_alarm_alone() -> None:
    run = Run()
    run.lapse(lapse(change="resolved"))
    run.lapse(lapse(revision=2, change="reopened"), at=SECOND)
    assert words(run.until(MINUTE)) == [("alarm", "ann-phone")]
