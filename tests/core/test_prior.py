"""A launch beyond 500 km owes a notice 24 hours before its window, to each recipient; a page 6 hours after the launch."""

from typing import Any

import pytest

from tests.core.world import (
    MICRO,
    MINUTE,
    Story,
    at,
    beats,
    changed,
    event,
    launch,
    notice,
    retraction,
    statement,
)

THREE = changed(('parties = ["AA", "BB"]\nsummary', 'parties = ["AA", "BB", "CC"]\nsummary'))
NORM = changed(('notice_type = "launch"\nlead = "24 h"', 'notice_type = "launch"\nsuspendable = false\nlead = "24 h"'))
FED = changed(('wait = "6 h"', 'wait = "6 h"\nfeed = "desk"'))


def prelaunch(story: Story) -> dict[str, tuple[str, str]]:
    """Subject of every lapse of the rule: its reason and severity."""
    return {lapse.subject: (lapse.reason, lapse.severity.value) for lapse in story.of("prelaunch")}


def test_a_launch_in_its_window_with_a_day_s_notice_is_well() -> None:
    story = Story().tell(notice("n", 0, "n1", 24, 30), launch("l", 25)).until(60)
    assert story.of("prelaunch") == []
    assert story.of("as-notified") == []


@pytest.mark.parametrize(("ahead", "short"), [(24 + MICRO, False), (24, False), (24 - MICRO, True)])
def test_the_lead_is_counted_from_receipt_to_the_opening_of_the_window_and_the_least_is_enough(
    ahead: float, short: bool
) -> None:
    story = Story().tell(notice("n", 40 - ahead, "n1", 40, 50)).until(60)
    assert bool(story.of("prelaunch")) is short
    if short:
        lapse = story.one("prelaunch")
        assert (lapse.reason, lapse.severity, lapse.deadline) == ("short-notice", "warn", at(16))


def test_the_lead_is_counted_to_the_first_of_several_windows() -> None:
    reserve = [{"opens": at(60).isoformat(), "closes": at(62).isoformat()}]
    story = Story().tell(notice("n", 17, "n1", 40, 42, further_windows=reserve), launch("l", 61)).until(90)
    lapse = story.one("prelaunch")
    assert lapse.reason == "short-notice"
    assert lapse.arithmetic[1] == "first of 2 windows opens 2026-02-27 16:00Z: 23 h of the 24 h owed"


def test_a_launch_in_the_middle_of_its_window_counts_its_lead_to_the_opening_and_not_to_itself() -> None:
    """India and Pakistan: three days before a window of five."""
    story = Story().tell(notice("n", 0, "n1", 20, 60), launch("l", 59)).until(90)
    assert prelaunch(story) == {"AA/n1/BB": ("short-notice", "warn")}


def test_a_launch_nobody_was_told_of_is_a_warning_at_once_and_a_page_when_no_late_record_came() -> None:
    story = Story().tell(launch("l", 10)).until(10)
    assert prelaunch(story) == {"AA/l/BB": ("no-notice", "warn")}
    assert prelaunch(story.until(16)) == {"AA/l/BB": ("no-notice", "warn")}
    assert prelaunch(story.until(16 + MICRO)) == {"AA/l/BB": ("no-notice", "page")}


def test_a_late_record_of_a_notice_received_in_time_withdraws_the_lapse() -> None:
    story = Story().tell(launch("l", 30)).until(40).now(notice("late", 2, "n1", 29, 40))
    (lapse,) = [lapse for lapse in story.watch.lapses() if lapse.rule == "prelaunch"]
    assert (lapse.state, lapse.because) == ("withdrawn", "late")


@pytest.mark.parametrize(
    ("received", "reason"),
    [(30 - MICRO, "short-notice"), (30, "short-notice"), (30 + MICRO, "after-launch"), (31, "after-launch")],
)
def test_a_notice_received_after_the_launch_resolves_what_it_cannot_undo(received: float, reason: str) -> None:
    """21 February 2025: told 28 minutes after the start."""
    story = Story().tell(notice("n", received, "n1", 30, 40), launch("l", 30)).until(60)
    reasons = {lapse.reason: lapse for lapse in story.of("prelaunch")}
    assert reason in reasons
    assert ("after-launch" in reasons) == (reason == "after-launch")
    if reason == "after-launch":
        assert reasons[reason].resolved == at(received)


def test_each_recipient_is_told_or_not_by_itself() -> None:
    """25 September 2024: the one was told, the other was not."""
    story = Story(rules=THREE).tell(notice("n", 0, "n1", 24, 30), launch("l", 25)).until(60)
    assert prelaunch(story) == {"AA/l/CC": ("no-notice", "page")}
    assert any("not to CC" in line for line in story.one("prelaunch").arithmetic)


def test_each_recipient_has_a_lead_of_its_own() -> None:
    told = [{"party": "BB", "received": at(0).isoformat()}, {"party": "CC", "received": at(1).isoformat()}]
    story = Story(rules=THREE).tell(notice("n", 0, "n1", 24, 30, recipients=told)).until(60)
    assert prelaunch(story) == {"AA/n1/CC": ("short-notice", "warn")}


@pytest.mark.parametrize(("km", "meant"), [(499.9, False), (500.0, False), (500.1, True)])
def test_the_range_must_be_strictly_more_than_the_threshold(km: float, meant: bool) -> None:
    story = Story().tell(launch("l", 10, **{"class": "srbm"}, range_km=km)).until(20)
    assert bool(story.of("prelaunch")) is meant


def test_an_amendment_replaces_the_window() -> None:
    told = [notice("n", 0, "n1", 24, 30), notice("m", 5, "n1", 48, 60, revision=2, status="amended"), launch("l", 50)]
    story = Story().tell(*told).until(90)
    assert (story.of("prelaunch"), story.of("as-notified")) == ([], [])


def test_a_postponement_at_the_last_minute_keeps_its_lead() -> None:
    told = [notice("n", 0, "n1", 24, 30), notice("m", 23, "n1", 30, 40, revision=2, status="amended"), launch("l", 35)]
    story = Story().tell(*told).until(90)
    assert (story.of("prelaunch"), story.of("as-notified")) == ([], [])


def test_a_window_brought_forward_counts_its_lead_anew() -> None:
    told = [notice("n", 0, "n1", 48, 60), notice("m", 10, "n1", 20, 30, revision=2, status="amended")]
    assert prelaunch(Story().tell(*told).until(90)) == {"AA/n1/BB": ("short-notice", "warn")}


def test_a_notice_that_is_never_used_or_is_cancelled_is_no_lapse() -> None:
    told = [
        notice("n", 0, "n1", 24, 30),
        notice("u", 0, "n2", 24, 30),
        notice("c", 5, "n1", 24, 30, revision=2, status="cancelled"),
    ]
    story = Story().tell(*told).until(140)
    assert (story.of("prelaunch"), story.of("as-notified")) == ([], [])


def test_a_launch_under_a_cancelled_notice_was_not_announced_and_the_reckoning_says_so() -> None:
    told = [notice("n", 0, "n1", 24, 30), notice("c", 5, "n1", 24, 30, revision=2, status="cancelled"), launch("l", 26)]
    story = Story().tell(*told).until(60)
    assert prelaunch(story) == {"AA/l/BB": ("no-notice", "page")}
    assert any("was cancelled" in line for line in story.one("prelaunch").arithmetic)


def test_of_several_notices_in_force_each_launch_has_its_own() -> None:
    told = [
        notice("a", 0, "n1", 24, 30),
        notice("b", 0, "n2", 28, 40),
        launch("l1", 29),
        launch("l2", 29.5),
        launch("l3", 30.6),
    ]
    story = Story().tell(*told).until(90)
    (lapse,) = story.of("prelaunch")
    assert (lapse.reason, lapse.severity) == ("no-notice", "page")
    assert any("covers 1 launch" in line for line in lapse.arithmetic)


@pytest.mark.parametrize(("covers", "lapses"), [(1, 1), (2, 1), (3, 0), (0, 0)])
def test_a_notice_covers_as_many_launches_as_it_says_and_nought_is_any_number(covers: int, lapses: int) -> None:
    shots = [launch(f"l{number}", 25 + number * 0.5) for number in range(3)]
    story = Story().tell(notice("n", 0, "n1", 24, 30, launches=covers), shots).until(60)
    assert len(story.of("prelaunch")) == lapses


@pytest.mark.parametrize(("apart", "salvos"), [(1.0, 1), (1 + MICRO, 2)])
def test_unnotified_launches_that_follow_each_other_are_one_salvo(apart: float, salvos: int) -> None:
    """4 August 2022: nine missiles, one lapse."""
    story = Story().tell(launch("l1", 10), launch("l2", 10 + apart)).until(40)
    assert len(story.of("prelaunch")) == salvos


def test_a_salvo_is_one_lapse_with_every_launch_in_it() -> None:
    shots = [launch(f"l{number}", 10 + number * 0.9) for number in range(9)]
    lapse = Story().tell(shots).until(40).one("prelaunch")
    assert lapse.events == tuple(f"l{number}" for number in range(9))
    assert any("9 launches" in line for line in lapse.arithmetic)


def test_two_sources_a_minute_apart_are_one_launch_and_both_are_kept() -> None:
    """21 November 2023: 22:42 says the one, 22:43 the other."""
    told = [launch("a", 10, source="urn:a"), launch("b", 10 + MINUTE, source="urn:b")]
    lapse = Story().tell(*told).until(40).one("prelaunch")
    assert lapse.events == ("a", "b")
    assert lapse.claims == ("time: 10:00Z (urn:a) / 10:01Z (urn:b)",)


def test_what_sources_say_about_notice_is_kept_with_the_lapse() -> None:
    told = [launch("a", 10, source="urn:a", notified=True), launch("b", 10, source="urn:b", notified=False)]
    claims = Story().tell(*told).until(40).one("prelaunch").claims
    assert "notice given, says urn:a" in claims
    assert "notice not given, says urn:b" in claims


@pytest.mark.parametrize(
    ("types", "status", "owed"),
    [
        (("launch",), "suspended", False),
        (("data",), "suspended", True),
        ((), "renounced", False),
        (("launch",), "in-force", True),
    ],
)
def test_a_party_that_suspended_this_type_of_notice_owes_none(types: tuple[str, ...], status: str, owed: bool) -> None:
    story = Story().tell(statement("s", 5, status, *types), launch("l", 10)).until(40)
    assert bool(story.of("prelaunch")) is owed


def test_a_norm_cannot_be_suspended_by_a_statement() -> None:
    story = Story(rules=NORM).tell(statement("s", 5, "suspended"), launch("l", 10)).until(40)
    assert prelaunch(story) == {"AA/l/BB": ("no-notice", "page")}


@pytest.mark.parametrize(("hours", "owed"), [(10, False), (10 + MICRO, True)])
def test_the_duty_ends_with_the_statement_and_not_before(hours: float, owed: bool) -> None:
    story = Story().tell(launch("l", 10), statement("s", hours, "suspended")).until(40)
    assert bool(story.of("prelaunch")) is owed


def test_a_launch_known_to_the_day_on_which_the_duty_ended_can_have_come_after_it() -> None:
    seen = event("launch.observation", "l", 10, {"party": "AA", "class": "icbm"}, precision="day")
    story = Story().tell(seen)
    story.tell(statement("s", 5, "suspended")).until(40)
    assert story.of("prelaunch") == []


def test_a_launch_on_the_day_on_which_the_duty_was_restored_can_have_come_before_it() -> None:
    told = [statement("s", -10, "suspended"), statement("r", 12, "in-force", precision="day"), launch("l", 10)]
    assert Story().tell(*told).until(40).of("prelaunch") == []


def test_a_statement_that_is_taken_back_leaves_the_duty_as_it_was() -> None:
    told = [statement("s", 5, "suspended"), launch("l", 10), retraction("r", 30, "s")]
    story = Story().tell(*told).until(29)
    assert story.of("prelaunch") == []
    assert prelaunch(story.until(30)) == {"AA/l/BB": ("no-notice", "page")}


def test_a_retracted_notice_leaves_its_launch_without_one() -> None:
    told = [notice("n", 0, "n1", 24, 30), launch("l", 25), retraction("r", 40, "n")]
    story = Story().tell(*told).until(41)
    assert prelaunch(story) == {"AA/l/BB": ("no-notice", "page")}


def test_a_retracted_launch_is_withdrawn_and_one_of_two_claims_is_not() -> None:
    told = [launch("a", 10, source="urn:a"), launch("b", 10 + MINUTE, source="urn:b")]
    story = Story().tell(*told, retraction("ra", 20, "b")).until(21)
    assert story.one("prelaunch").events == ("a",)
    assert story.tell(retraction("rb", 22, "a")).until(23).of("prelaunch") == []


def test_no_notice_on_a_feed_that_is_silent_is_unknown_and_no_page() -> None:
    story = Story(rules=FED).tell(beats(end=8), launch("l", 20)).until(60)
    lapse = story.one("prelaunch")
    assert (lapse.state, lapse.severity, lapse.reason) == ("unknown", "warn", "feed-silent")


def test_no_notice_on_a_feed_that_is_late_is_waited_for() -> None:
    story = Story(rules=FED).tell(beats(-20, 8), launch("l", 10)).until(14)
    assert story.of("prelaunch") == []
    assert story.until(14 + MICRO).one("prelaunch").state == "unknown"
    story.now(*beats(10, 20)).until(20)
    assert (story.one("prelaunch").state, story.one("prelaunch").severity) == ("open", "page")


def test_a_notice_by_another_channel_counts_and_the_watch_says_so() -> None:
    """20 February 2023: by the deconfliction line and not by the centers."""
    rules = changed(('wait = "6 h"', 'wait = "6 h"\nchannels = ["phone"]'))
    told = [notice("n", 0, "n1", 24, 30, via="talks"), launch("l", 25)]
    assert prelaunch(Story(rules=rules).tell(*told).until(60)) == {"AA/n1/BB": ("wrong-channel", "info")}


def test_notice_given_too_long_ahead_is_a_note() -> None:
    rules = changed(('wait = "6 h"', 'wait = "6 h"\nlongest_lead = "30 d"'))
    assert Story(rules=rules).tell(notice("n", 0, "n1", 720, 730)).until(40).of("prelaunch") == []
    story = Story(rules=rules).tell(notice("n", -MICRO, "n1", 720, 730)).until(40)
    assert prelaunch(story) == {"AA/n1/BB": ("early-notice", "info")}


def test_a_receipt_known_to_the_day_is_short_only_if_every_instant_of_it_is() -> None:
    def told(opens: float) -> Story:
        recipients: list[dict[str, Any]] = [{"party": "BB", "received": at(12).isoformat(), "precision": "day"}]
        return Story().tell(notice("n", 12, "n1", opens, 60, recipients=recipients)).until(70)

    assert told(24).of("prelaunch") == []
    assert prelaunch(told(24 - MICRO)) == {"AA/n1/BB": ("short-notice", "warn")}


def test_a_second_source_of_a_settled_launch_does_not_take_its_lapse_back() -> None:
    rules = changed(('id = "prelaunch"', 'id = "prelaunch"\nsettle = "12 h"'))
    story = Story(rules=rules).tell(launch("a", 2, source="urn:a")).until(16)
    assert prelaunch(story) == {"AA/a/BB": ("no-notice", "page")}
    day = event("launch.observation", "b", 6, {"party": "AA", "class": "icbm"}, precision="day", source="urn:b")
    story.now(day)
    assert [lapse.change for lapse in story.said if lapse.change == "withdrawn"] == []


def test_a_notice_whose_window_has_settled_is_still_the_notice_of_a_launch_that_has_not() -> None:
    rules = changed(('id = "prelaunch"', 'id = "prelaunch"\nsettle = "12 h"'))
    story = Story(rules=rules).tell(notice("n", 0, "n1", 24, 30), launch("a", 40, source="urn:a"))
    # Enough of the other launches to make the lane sweep what has settled.
    story.tell([launch(f"s{number}", -20 + number / 10, launch=f"s{number}") for number in range(70)])
    story.until(44)
    quiet = {subject for subject, (reason, _) in prelaunch(story).items() if reason == "no-notice" and "/a/" in subject}
    assert quiet == set()
    story.now(launch("b", 40 + MINUTE, source="urn:b"))
    assert not any("/a/" in subject for subject in prelaunch(story))


def test_a_salvo_that_settles_bit_by_bit_is_not_found_again() -> None:
    rules = changed(('id = "prelaunch"', 'id = "prelaunch"\nsettle = "12 h"'))
    story = Story(rules=rules)
    story.tell([launch(f"l{number:03}", number * 0.5, launch=f"l{number:03}") for number in range(100)]).until(60)
    onsets = [lapse.onset for lapse in story.said if lapse.rule == "prelaunch" and lapse.change == "opened"]
    assert onsets == [at(0)]


def test_launches_that_were_announced_stay_announced_while_their_notices_settle() -> None:
    rules = changed(('id = "prelaunch"', 'id = "prelaunch"\nsettle = "12 h"'))
    story = Story(rules=rules)
    for number in range(100):
        key = f"n{number:03}"
        story.tell(notice(key, number - 30, key, number, number + 0.1), launch(f"l{number:03}", number + 0.2))
    story.until(140)
    assert story.changes("prelaunch") == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_two_sources_that_use_one_id_for_two_launches_hide_neither(order: tuple[int, ...]) -> None:
    told = [launch("1", 5, source="urn:b"), launch("1", 50, source="urn:a"), launch("1", 100, source="urn:c")]
    story = Story().until(110).now(*(told[place] for place in order)).until(140)
    assert [lapse.onset for lapse in story.of("prelaunch")] == [at(5), at(50), at(100)]
    assert [lapse.state for lapse in story.of("prelaunch")] == ["open"] * 3
    assert len({lapse.subject for lapse in story.of("prelaunch")}) == 3
    assert story.of("prelaunch")[0].subject == "AA/1/BB", "the one known first keeps the id"
    alone = Story().until(110).now(told[1]).until(140)
    assert story.now(retraction("r", 120, "1")).of("prelaunch") == []
    assert alone.one("prelaunch").subject == "AA/1/BB"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_launch_that_is_named_as_another_s_id_hides_nothing(order: tuple[int, ...]) -> None:
    told = [launch("m1", 5, source="urn:a"), launch("x", 50, source="urn:b", launch="m1")]
    story = Story().until(60).now(*(told[place] for place in order)).until(140)
    assert [lapse.onset for lapse in story.of("prelaunch")] == [at(5), at(50)]
    assert story.of("prelaunch")[1].subject == "AA/m1/BB"


@pytest.mark.parametrize(("zone", "owed"), [("America/Los_Angeles", False), ("UTC", True), ("Asia/Tokyo", True)])
def test_a_launch_known_to_the_day_on_which_the_rule_ended_can_have_come_after_it(zone: str, owed: bool) -> None:
    """The rule ends with 27 February UTC; in California that day is not over yet."""
    until = changed(('parties = ["AA", "BB"]\nsummary', 'parties = ["AA", "BB"]\nepoch = { until = 2026-02-28 }\nsummary'))
    day = event("launch.observation", "l", 36, {"party": "AA", "class": "icbm"}, precision="day", zone=zone)
    assert bool(Story(rules=until).tell(day).until(140).of("prelaunch")) is owed


@pytest.mark.parametrize("known", [20.4, 40.0])
def test_a_launch_that_the_feed_vouches_for_is_a_lapse_whatever_is_unknown_of_the_salvo_s_first(known: float) -> None:
    """The feed was silent at the first launch, and spoke before and after the second."""
    rules = changed(('lead = "24 h"', 'lead = "0 s"'), ('wait = "6 h"', 'wait = "6 h"\nfeed = "desk"'))
    told = [launch("a", 19.5), launch("b", 20.3)]
    story = Story(rules=rules).tell(beats(-2, 10), beats(20, 60)).until(known).now(*told).until(60)
    assert (story.one("prelaunch").state, story.one("prelaunch").severity.value) == ("open", "page")
    alone = Story(rules=rules).tell(beats(-2, 10), beats(20, 60)).until(known).now(told[0]).until(60)
    assert (alone.one("prelaunch").state, alone.one("prelaunch").severity.value) == ("unknown", "warn")


def test_a_receipt_that_is_said_before_its_time_has_come_keeps_no_page_back() -> None:
    """Told eleven hours after the launch, and reported six hours after it that it would be."""
    told = notice("n", 15, "n1", 9, 16, recipients=[{"party": "BB", "received": at(21).isoformat()}])
    early = Story().tell(launch("l", 10), told).until(30)
    late = Story().tell(launch("l", 10)).until(22).now(told)
    for story in (early, late):
        (lapse,) = [one for one in story.of("prelaunch") if one.reason == "after-launch"]
        assert (lapse.severity, lapse.resolved) == ("page", at(21))
