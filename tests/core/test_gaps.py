"""Rounds of talks never further apart than 30 hours; a warning at once, a page 12 hours later."""

import pytest

from tests.core.world import MICRO, Story, at, beats, changed, check, contact, event, final, meeting, status

GAP = 30.0
FED = changed(
    (
        'title = "Talks"\nparties = ["AA", "BB"]\nkind = "working"',
        'title = "Talks"\nparties = ["AA", "BB"]\nkind = "working"\nfeed = "desk"',
    )
)
"""The talks' own reports come by a feed."""


@pytest.mark.parametrize(("hours", "lapsed"), [(GAP - MICRO, False), (GAP, False), (GAP + MICRO, True)])
def test_a_round_is_owed_within_the_gap_inclusive(hours: float, lapsed: bool) -> None:
    story = Story().tell(meeting("m0", 0)).until(hours)
    assert bool(story.of("rounds")) is lapsed


@pytest.mark.parametrize(("hours", "severity"), [(GAP + 12, "warn"), (GAP + 12 + MICRO, "page")])
def test_it_grows_louder_by_the_steps(hours: float, severity: str) -> None:
    story = Story().tell(meeting("m0", 0)).until(hours)
    assert story.one("rounds").severity == severity


def test_the_next_round_ends_the_lapse_and_a_cancelled_one_or_a_no_show_does_not() -> None:
    told = [meeting("m0", 0), meeting("m1", 33, "no-show"), meeting("m2", 34, "cancelled")]
    story = Story().tell(told).until(36)
    assert story.one("rounds").state == "open"
    story.tell(meeting("m3", 37)).until(40)
    lapse = story.one("rounds")
    assert (lapse.state, lapse.onset, lapse.resolved, lapse.events) == ("resolved", at(GAP), at(37), ("m0", "m3"))


def test_a_meeting_known_to_the_day_reaches_from_its_last_instant_and_to_its_first() -> None:
    # From the end of the first day to the start of the third: 24 h at least, and within the gap at most 72 h.
    story = Story().tell(meeting("m0", 6, precision="day"), meeting("m1", 54, precision="day")).until(75)
    assert story.of("rounds") == []
    late = Story().tell(meeting("m0", 6, precision="day"), meeting("m1", 78, precision="day")).until(100)
    assert (late.one("rounds").onset, late.one("rounds").resolved) == (at(24 + GAP), at(72))


def test_a_late_report_of_a_round_within_the_gap_withdraws_the_lapse_and_is_named() -> None:
    story = Story().tell(meeting("m0", 0)).until(40).now(meeting("late", 20))
    (lapse,) = [lapse for lapse in story.watch.lapses() if lapse.rule == "rounds"]
    assert (lapse.state, lapse.because) == ("withdrawn", "late")


def test_a_round_is_not_owed_while_the_talks_stand_suspended_and_is_from_the_first_contact_on() -> None:
    story = Story().tell(meeting("m0", 0), status("cut", 10, "talks"), contact("call", 60, "talks")).until(60 + GAP)
    assert story.of("rounds") == []
    assert story.one("open").resolved == at(60)
    story.until(60 + GAP + MICRO)
    assert story.one("rounds").onset == at(60 + GAP)


@pytest.mark.parametrize(("hours", "lapsed"), [(GAP, False), (GAP + MICRO, True)])
def test_a_suspension_after_the_deadline_undoes_no_lapse(hours: float, lapsed: bool) -> None:
    story = Story().tell(meeting("m0", 0), status("cut", hours, "talks")).until(80)
    assert bool(story.of("rounds")) is lapsed


def test_a_gap_is_unknown_while_its_feed_is_silent_and_a_lapse_again_when_it_is_back() -> None:
    story = Story(rules=FED).tell(beats(end=32), check("talks", "m0", 0)).until(34)
    assert story.one("rounds").state == "open"
    story.until(40)
    assert story.one("rounds").state == "unknown"
    story.tell(event("feed.heartbeat", "back", 50, {"feed": "desk"})).until(51)
    assert story.one("rounds").state == "open"
    assert story.changes("rounds") == ["opened warn", "unknown warn", "opened page"]


def test_a_deadline_in_the_silence_of_the_feed_is_unknown_and_no_lapse() -> None:
    story = Story(rules=FED).tell(beats(end=20), check("talks", "m0", 0)).until(GAP + 10)
    lapse = story.one("rounds")
    assert (lapse.state, lapse.reason, lapse.severity) == ("unknown", "feed-silent", "warn")


def test_a_gap_that_is_over_before_the_feed_vouched_for_its_deadline_is_a_lapse_once_it_does() -> None:
    """The feed is alive throughout: nothing here is unknown."""
    story = Story(rules=FED).tell(beats(), check("talks", "m0", 0), check("talks", "m1", GAP + 1)).until(60)
    lapse = story.one("rounds")
    assert (lapse.state, lapse.reason, lapse.resolved) == ("resolved", "too-long-apart", at(GAP + 1))
    assert "unknown warn" not in story.changes("rounds")


def test_a_gap_across_the_silence_of_its_feed_is_said_to_be_unknown_whichever_way_the_check_came() -> None:
    # The check comes while the feed's word is still waited for, and the feed never speaks again.
    told = [beats(end=28), check("talks", "m0", 0), check("talks", "m1", GAP + 1)]
    live = Story(rules=FED).tell(*told).until(60)
    late = Story(rules=FED).until(60).now(*told)
    live.now(meeting("no", 1, "no-show"))
    assert [(lapse.onset, lapse.state) for lapse in live.of("rounds") if lapse.onset == at(GAP)] == [(at(GAP), "unknown")]
    assert [(lapse.onset, lapse.state) for lapse in late.of("rounds") if lapse.onset == at(GAP)] == [(at(GAP), "unknown")]


def test_a_dialogue_that_fell_silent_before_its_rule_came_into_force_is_owed_from_then_on() -> None:
    """The last round lies long before the epoch; the gap counts from the first day of the rule at the latest."""
    rules = changed(('longest_gap = "30 h"', 'longest_gap = "30 h"\nepochs = [{ from = 2026-02-28 }]'))
    story = Story(rules=rules).tell(meeting("m0", 0)).until(48 + GAP)
    assert story.of("rounds") == []
    story.until(48 + GAP + MICRO)
    assert [lapse.state for lapse in story.of("rounds")] == ["open"]


@pytest.mark.parametrize(("heard", "owed"), [(0.0, GAP), (12.0, 12 + GAP), (20.0, 96 + GAP)])
def test_what_fell_due_in_one_epoch_is_a_lapse_of_it_though_another_begins_later(heard: float, owed: float) -> None:
    """Of two epochs only the one counts in which the round fell due; where it was none of them, the next that begins."""
    rules = changed(('longest_gap = "30 h"', 'longest_gap = "30 h"\nepochs = [{ until = 2026-02-28 }, { from = 2026-03-02 }]'))
    story = Story(rules=rules).tell(meeting("m0", heard)).until(144)
    assert [(lapse.onset, lapse.state) for lapse in story.of("rounds")] == [(at(owed), "open")]


def test_a_late_round_within_a_gap_that_has_settled_under_its_own_rule_is_taken_in() -> None:
    """Other rules about the channel settle later, so it is not refused."""
    story = Story(rules=changed(('id = "rounds"\n', 'id = "rounds"\nsettle = "24 h"\n')))
    story.tell(meeting("a", 0), meeting("b", 80), meeting("c", 115), meeting("d", 146)).until(149)
    story.now(meeting("late", 50)).until(160)
    assert story.of("rounds") == [] or all(lapse.onset >= at(110) for lapse in story.of("rounds"))


def test_a_gap_that_waits_for_its_feed_is_found_however_the_next_sign_was_taken_in() -> None:
    """The feed was last heard before the deadline and is not overdue: the next check ends a gap that is no lapse yet."""
    found = []
    for quick in (False, True):
        story = Story(rules=FED).tell(beats(-2, 30), check("talks", "first", 1.2)).until(31.5)
        late = check("talks", "late", 31.7)
        story.watch.advance(at(31.8))
        if not (quick and story.watch.absorb(late, at(31.8))):
            story.now(late)
        found.append(final(story.tell(beats(32, 40)).until(40).watch))
    assert found[0] == found[1]
    assert [(lapse.state, lapse.onset) for lapse in found[1] if lapse.rule == "rounds"] == [("resolved", at(31.2))]


def test_a_round_known_to_the_day_reaches_beyond_all_exact_ones_of_that_day() -> None:
    """However many followed its first instant, it can have been the last."""
    exact = [contact(f"c{hour}", hour, "talks") for hour in (1.0, 2.0, 3.0, 4.0, 5.0)]
    story = Story().tell(meeting("day", 0, precision="day"), *exact).until(24 + GAP)
    assert story.of("rounds") == []
    assert [lapse.onset for lapse in story.until(24 + GAP + MICRO).of("rounds")] == [at(24 + GAP)]


def test_a_late_round_known_to_the_day_moves_the_deadline_of_an_exact_one_on_that_day() -> None:
    """It may have been the last thing on that day: whichever of the two is told first, the next is owed from its end on."""
    exact, day, after = meeting("exact", 50), meeting("day", 55, precision="day"), meeting("after", 110)
    early = meeting("early", 26)
    found = [
        final(Story().until(138).now(*order).watch)
        for order in ((early, exact, day, after), (early, exact, after, day), (after, day, exact, early))
    ]
    assert found[0] == found[1] == found[2]
    assert [lapse.onset for lapse in found[0] if lapse.rule == "rounds"] == [at(72 + 30)]
