"""In a month the two parties give notices at most one apart; in a year each may withhold one launch."""

import pytest

from tests.core.world import MICRO, Story, at, beats, changed, launch, notice, retraction, statement

MARCH = 72.0
"""March begins 72 hours after the start."""


def given(party: str, count: int, hours: float = 1.0) -> list[object]:
    """So many notices of February launches by a party."""
    return [notice(f"{party}{number}", hours, f"{party}-{number}", hours + 30, hours + 31, party) for number in range(count)]


@pytest.mark.parametrize(("ours", "theirs", "apart"), [(1, 0, False), (2, 1, False), (2, 0, True), (0, 2, True), (3, 1, True)])
def test_counts_may_lie_as_far_apart_as_agreed_and_no_further(ours: int, theirs: int, apart: bool) -> None:
    story = Story().tell(given("AA", ours), given("BB", theirs)).until(MARCH + 1)  # type: ignore[arg-type]
    assert bool(story.of("pace")) is apart


def test_a_period_is_judged_an_instant_after_its_end_and_the_one_behind_is_named_first() -> None:
    story = Story().tell(given("AA", 3), given("BB", 1)).until(MARCH)  # type: ignore[arg-type]
    assert story.of("pace") == []
    lapse = story.until(MARCH + MICRO).one("pace")
    assert (lapse.subject, lapse.onset, lapse.parties, lapse.reason) == (
        "AA-BB/2026-02",
        at(MARCH),
        ("BB", "AA"),
        "out-of-step",
    )


def test_a_late_report_of_a_notice_puts_the_two_in_step_again() -> None:
    story = Story().tell(given("AA", 2)).until(MARCH + 1)  # type: ignore[arg-type]
    story.now(notice("late", 2, "b-late", 40, 41, "BB"))
    assert story.of("pace") == []
    assert story.said[-1].because == "late"


def test_a_period_whose_notices_were_all_taken_back_is_in_step() -> None:
    story = Story().tell(given("AA", 2)).until(MARCH + 1)  # type: ignore[arg-type]
    assert len(story.of("pace")) == 1
    story.now(retraction("r0", MARCH, "AA0"), retraction("r1", MARCH, "AA1"))
    assert story.of("pace") == []


def test_a_notice_counts_in_the_period_for_which_the_launch_is_planned() -> None:
    told = [notice("a", 1, "n1", 80, 81), notice("b", 1, "n2", 81, 82)]
    assert Story().tell(*told).until(MARCH + 1).of("pace") == []


def test_a_notice_of_several_windows_counts_once_in_the_period_of_the_first() -> None:
    march = [{"opens": at(80).isoformat(), "closes": at(81).isoformat()}]
    told = [notice(f"a{number}", 1, f"n{number}", 60, 61, further_windows=march) for number in range(2)]
    story = Story().tell(*told).until(MARCH + 24 * 31 + 1)
    assert [lapse.subject for lapse in story.of("pace")] == ["AA-BB/2026-02"]


@pytest.mark.parametrize(("bare", "over"), [(1, False), (2, True)])
def test_a_party_may_withhold_as_many_launches_as_its_quota_and_no_more(bare: int, over: bool) -> None:
    """China and Russia: two a year."""
    story = Story().tell([launch(f"l{number}", 10 + number * 5) for number in range(bare)]).until(60)
    assert [lapse.onset for lapse in story.of("quota")] == ([at(15)] if over else [])


def test_a_late_record_of_a_notice_takes_the_excess_back() -> None:
    story = Story().tell(launch("l0", 10), launch("l1", 30)).until(60)
    assert story.one("quota").subject == "AA/BB/2026"
    story.now(notice("late", 1, "n1", 29, 31))
    assert story.of("quota") == []


def test_a_launch_of_which_no_notice_was_owed_is_not_withheld() -> None:
    told = [statement("s", 5, "suspended"), launch("l0", 10), launch("l1", 30)]
    assert Story().tell(*told).until(60).of("quota") == []


def test_a_launch_of_which_nobody_can_say_whether_it_was_notified_is_not_withheld() -> None:
    """The feed that would carry the notices is silent: unknown is not lapsed."""
    rules = changed(('wait = "6 h"', 'wait = "6 h"\nfeed = "desk"'))
    story = Story(rules=rules).tell(beats(end=4), launch("l0", 20), launch("l1", 40)).until(80)
    assert {lapse.state for lapse in story.of("prelaunch")} == {"unknown"}
    assert story.of("quota") == []


def test_a_log_that_carries_no_notices_at_all_counts_none_withheld() -> None:
    rules = changed(('wait = "6 h"', 'wait = "6 h"\nfeed = "desk"'))
    story = Story(rules=rules).tell(launch("l0", 20), launch("l1", 40)).until(80)
    assert {lapse.state for lapse in story.of("prelaunch")} == {"unknown"}
    assert story.of("quota") == []


def test_a_year_s_excess_stays_on_record_when_its_first_launches_have_settled() -> None:
    rules = changed(('id = "prelaunch"', 'id = "prelaunch"\nsettle = "12 h"'))
    story = Story(rules=rules).tell([launch(f"l{number:03}", number / 4) for number in range(200)]).until(100)
    assert [lapse.onset for lapse in story.of("quota")] == [at(0.25)]
    assert [change for change in story.changes("quota") if change.startswith("withdrawn")] == []


def test_a_month_is_not_out_of_step_because_its_first_notices_have_settled() -> None:
    rules = changed(('id = "prelaunch"', 'id = "prelaunch"\nsettle = "24 h"'), ('id = "pace"', 'id = "pace"\nsettle = "240 h"'))
    story = Story(rules=rules)
    # Both give 300 notices in February; those of AA all come first, and fall out of the book as launches go on.
    story.tell([notice(f"a{n:03}", n / 50, f"a-{n}", n / 50 + 1, n / 50 + 1.1, "AA") for n in range(300)])
    story.tell([notice(f"b{n:03}", 40 + n / 50, f"b-{n}", 41 + n / 50, 41.1 + n / 50, "BB") for n in range(300)])
    story.tell([launch(f"l{n:03}", 60 + n / 25, launch=f"l{n:03}", **{"class": "cruise"}) for n in range(300)])
    story.until(MARCH + 1)
    assert story.of("pace") == []


def test_a_launch_withheld_before_there_was_a_quota_is_none_of_it() -> None:
    """A rule holds from its date on: each launch is counted by the rules of its day."""
    rules = changed(('measure = "withheld"\n', 'measure = "withheld"\nepochs = [{ from = 2026-02-28 }]\n'))
    before = Story(rules=rules).tell(launch("a", 3), launch("b", 60)).until(140)
    assert before.of("quota") == []
    assert len(Story(rules=rules).tell(launch("a", 52), launch("b", 60)).until(140).of("quota")) == 1


@pytest.mark.parametrize("known", [4.6, 20.0])
def test_a_launch_that_the_feed_vouches_for_only_later_is_counted_then(known: float) -> None:
    """The feed has vouched for the first of a salvo, whose lapse stands; it is the second that goes beyond the quota."""
    rules = changed(('lead = "24 h"', 'lead = "0 s"'), ('wait = "6 h"', 'wait = "0 s"\nfeed = "desk"'))
    story = Story(rules=rules).tell(beats(-2, 30)).until(known).now(launch("a", 3.9), launch("b", 4.5)).until(30)
    assert len(story.of("quota")) == 1
