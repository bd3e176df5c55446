"""Checks by a calendar: both lines are due 00:00Z and 08:00Z (09:00 and 17:00 in Seoul), 5 min early to 30 min late."""

import pytest

from streams.events import AnyEvent
from tests.core.world import MICRO, MINUTE, Story, answered, at, beats, changed, check, contact, event, final, status

FIRST, SECOND, THIRD = 8.0, 24.0, 32.0
"""The slots that are missed here; at 0.0 both lines answer."""
GRACE = 0.5
NO_FEED = changed(('feed = "desk"\n', ""))
WEEKDAYS = changed(("FREQ=DAILY;BYHOUR=9,17", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17"))


@pytest.mark.parametrize(
    ("offset", "counts"),
    [
        (-5 * MINUTE - MICRO, False),
        (-5 * MINUTE, True),
        (-MICRO, True),
        (0.0, True),
        (GRACE - MICRO, True),
        (GRACE, True),
        (GRACE + MICRO, False),
    ],
)
def test_an_answer_counts_from_five_minutes_before_to_thirty_after_both_inclusive(offset: float, counts: bool) -> None:
    story = Story().tell(beats(), answered("west"), check("east", "e0", 0), check("east", "e1", FIRST + offset)).until(11)
    assert [lapse.onset for lapse in story.of("checks")] == ([] if counts else [at(FIRST)])


@pytest.mark.parametrize(("hours", "lapsed"), [(GRACE - MICRO, False), (GRACE, False), (GRACE + MICRO, True)])
def test_the_lapse_begins_an_instant_after_the_grace_and_is_stamped_with_its_deadline(hours: float, lapsed: bool) -> None:
    story = Story().tell(beats(end=8), check("east", "e0", 0), check("west", "w0", 0), check("west", "w8", 8))
    story.now(event("feed.heartbeat", "last", 8.5, {"feed": "desk"})).until(FIRST + hours)
    assert bool(story.of("checks")) is lapsed
    if lapsed:
        lapse = story.one("checks")
        assert (lapse.onset, lapse.deadline, lapse.state, lapse.at) == (at(8), at(8.5), "open", at(8.5))


def test_one_missed_check_then_an_answer_warns_and_resolves_at_the_answer_and_pages_nobody() -> None:
    """H10, 4 October 2022: one miss, back at 17:00, "technical"."""
    story = Story().tell(beats(), answered("west"), answered("east", skip=(FIRST,))).until(48)
    lapse = story.one("checks")
    assert (lapse.subject, lapse.state, lapse.severity, lapse.resolved) == ("east", "resolved", "warn", at(SECOND))
    assert story.changes("checks") == ["opened warn", "resolved warn"]


def test_two_missed_checks_on_one_line_with_no_sibling_up_are_a_page() -> None:
    story = Story(rules=NO_FEED).tell(check("east", "e0", 0)).until(SECOND + GRACE)
    assert story.changes("checks") == ["opened warn"]
    story.until(SECOND + GRACE + MICRO)
    assert story.changes("checks") == ["opened warn", "escalated page"]
    assert story.one("checks").at == at(SECOND + GRACE)


def test_a_sibling_line_that_is_up_holds_the_second_miss_at_warn() -> None:
    story = Story().tell(beats(), answered("west"), check("east", "e0", 0)).until(80)
    assert story.loudest("checks") == "warn"


def test_two_lines_silent_in_the_same_slot_are_a_page_on_both() -> None:
    """H11, 7 April 2023: misses on both channels the same morning."""
    story = Story().tell(beats(), answered("east", "west", until=0)).until(FIRST + 2)
    assert {(lapse.subject, lapse.severity.value) for lapse in story.of("checks")} == {("east", "page"), ("west", "page")}


def test_a_line_that_is_back_before_the_other_falls_silent_is_not_silent_together_with_it() -> None:
    story = Story().tell(beats(), answered("east", skip=(FIRST,)), answered("west", skip=(SECOND,))).until(80)
    assert story.loudest("checks") == "warn"


def test_however_many_checks_are_missed_it_is_one_outage_and_pages_once() -> None:
    story = Story().tell(beats(), answered("east", "west", until=0)).until(144)
    assert len(story.of("checks")) == 2
    pages = [change for change in story.changes("checks") if change in ("opened page", "escalated page")]
    assert len(pages) == 2
    assert all(lapse.onset == at(FIRST) for lapse in story.of("checks"))


def test_an_answer_outside_every_slot_ends_the_outage_and_the_next_missed_slot_begins_another() -> None:
    story = Story().tell(beats(), answered("west"), check("east", "e0", 0), check("east", "between", 12)).until(26)
    first, second = story.of("checks")
    assert (first.onset, first.resolved, first.state) == (at(FIRST), at(12), "resolved")
    assert (second.onset, second.state) == (at(SECOND), "open")


def test_an_answer_exactly_at_the_end_of_the_grace_is_in_time_and_one_later_only_ends_the_outage() -> None:
    in_time = Story().tell(beats(), answered("west"), check("east", "e0", 0), check("east", "e1", 8.5)).until(20)
    too_late = Story().tell(beats(), answered("west"), check("east", "e0", 0), check("east", "e1", 8.5 + MICRO)).until(20)
    assert in_time.of("checks") == []
    assert too_late.one("checks").resolved == at(8.5 + MICRO)


def test_a_late_report_of_an_answer_in_time_withdraws_the_lapse_and_is_named() -> None:
    story = Story().tell(beats(), answered("west"), check("east", "e0", 0)).until(20)
    story.now(check("east", "late", 8.25))
    (lapse,) = [lapse for lapse in story.watch.lapses() if lapse.rule == "checks"]
    assert (lapse.state, lapse.change, lapse.because, lapse.revision) == ("withdrawn", "withdrawn", "late", 2)


def test_a_late_report_of_an_answer_between_two_misses_makes_two_outages_of_one_and_takes_the_page_back() -> None:
    story = Story(rules=NO_FEED).tell(check("east", "e0", 0)).until(40)
    assert story.one("checks").severity == "page"
    story.now(check("east", "late", 16))
    first, second = story.of("checks")
    assert (first.state, first.severity, first.resolved) == ("resolved", "warn", at(16))
    assert (second.onset, second.state, second.severity) == (at(SECOND), "open", "page")


def test_weekend_slots_are_not_asked_for() -> None:
    """The start is a Thursday; 28 February and 1 March 2026 are a weekend."""
    story = Story(rules=WEEKDAYS).tell(beats(), answered("east", "west", until=32)).until(96 + GRACE)
    assert story.of("checks") == []
    # 09:00 on Monday in Seoul is midnight UTC.
    story.tell(event("feed.heartbeat", "monday", 96.6, {"feed": "desk"})).until(97)
    assert {lapse.onset for lapse in story.of("checks")} == {at(96)}


def test_holidays_are_not_asked_for() -> None:
    """1 March is Samiljeol, which Seoul kept on Monday 2 March in 2026."""
    rules = changed(('zone = "Asia/Seoul"', 'zone = "Asia/Seoul", holidays = "KR", skip = [2026-02-28]'))
    story = Story(rules=rules).tell(beats(), answered("east", "west", until=32)).until(120)
    assert story.of("checks") == []
    story.until(122)
    assert {lapse.onset for lapse in story.of("checks")} == {at(120)}


@pytest.mark.parametrize("outcome", ["unanswered", "no-carrier"])
def test_a_reported_silence_is_a_lapse_without_any_feed_to_vouch_for_it(outcome: str) -> None:
    story = Story().tell(check("east", "e0", 0), check("east", "e8", 8.1, outcome)).until(9)
    lapse = story.one("checks")
    assert (lapse.state, lapse.reason, lapse.events) == ("open", "missed-check", ("e8",))


def test_one_attempt_that_fails_and_one_that_is_answered_in_the_same_slot_meet_it() -> None:
    again = [check("east", "try", 8.0, "unanswered"), check("east", "again", 8.2)]
    story = Story().tell(beats(), answered("west"), check("east", "e0", 0), again).until(20)
    assert story.of("checks") == []


@pytest.mark.parametrize(("apart", "disputed"), [(5 * MINUTE, True), (5 * MINUTE + 1 / 3600, False)])
def test_two_sources_that_contradict_each_other_about_one_attempt_are_both_kept_and_the_worse_counts(
    apart: float, disputed: bool
) -> None:
    yes = check("east", "yes", 8.0, source="urn:a")
    no = check("east", "no", 8.0 + apart, "unanswered", source="urn:b")
    story = Story().tell(beats(), answered("west"), check("east", "e0", 0), yes, no).until(9)
    assert bool(story.of("checks")) is disputed
    if disputed:
        lapse = story.one("checks")
        assert lapse.claims == ("answered, says urn:a", "not answered, says urn:b")
        assert lapse.events == ("no", "yes")


def test_a_suspended_line_is_not_asked_for_checks_and_is_again_from_the_first_contact_on() -> None:
    told = [status("cut", 9, "east"), contact("call", 49, "east")]
    story = Story().tell(beats(), answered("west"), answered("east", until=8), told).until(56 + GRACE)
    assert story.of("checks") == []
    assert story.one("open").resolved == at(49)
    story.until(58)
    assert [lapse.onset for lapse in story.of("checks")] == [at(56)]


def test_agreed_to_resume_brings_no_check_back() -> None:
    promise = status("promise", 30, "east", status="agreed-to-resume")
    story = Story().tell(beats(), answered("west"), answered("east", until=8), status("cut", 9, "east"), promise).until(144)
    assert story.of("checks") == []


@pytest.mark.parametrize(("hours", "asked"), [(FIRST, False), (FIRST + MICRO, True)])
def test_a_slot_that_falls_due_at_the_declaration_is_not_asked_for_and_one_before_it_is(hours: float, asked: bool) -> None:
    story = Story().tell(beats(), answered("west"), check("east", "e0", 0), status("cut", hours, "east")).until(20)
    assert bool(story.of("checks")) is asked


def test_an_outage_that_was_there_before_the_suspension_stays_one_outage_until_contact() -> None:
    told: list[AnyEvent] = [check("east", "e0", 0), status("cut", 20, "east"), contact("call", 60, "east")]
    story = Story().tell(beats(), answered("west"), told).until(61)
    lapse = story.one("checks")
    assert (lapse.onset, lapse.resolved, lapse.severity) == (at(FIRST), at(60), "warn")


def test_a_retracted_suspension_asks_for_the_checks_of_its_time_after_all() -> None:
    told = [check("east", "e0", 0), status("cut", 4, "east"), event("retraction", "r", 20, {"retracts": "cut"})]
    story = Story().tell(beats(), answered("west"), told).until(21)
    assert [lapse.onset for lapse in story.of("checks")] == [at(FIRST)]
    assert story.of("open") == []


def test_checks_are_asked_for_from_the_first_thing_heard_and_not_before() -> None:
    story = Story(rules=NO_FEED).until(60).tell(check("east", "first", 66)).until(72 + GRACE)
    assert story.of("checks") == []
    story.until(73)
    assert story.one("checks").onset == at(72)


def test_a_check_known_to_the_day_can_have_been_any_of_that_day() -> None:
    told = [check("east", "e0", 0), check("east", "day", 30, precision="day")]
    story = Story(rules=NO_FEED).tell(told).until(47)
    # The slot of the day before is missed; those of the day may have been met.
    assert [lapse.onset for lapse in story.of("checks")] == [at(FIRST)]


# What follows holds the lines against their siblings: a page may be held back only by a line that is known to be up.


def lone(*more: AnyEvent | list[AnyEvent], rules: str = "") -> Story:
    """East misses everything after its first check; ``more`` is known of west."""
    return Story(rules=NO_FEED).tell(check("east", "e0", 0), *more).until(40)


def test_a_sibling_that_was_never_heard_holds_no_page_back() -> None:
    assert lone().one("checks").severity == "page"


def test_a_sibling_that_stands_suspended_is_not_up_and_holds_no_page_back() -> None:
    story = lone(check("west", "w0", 0), status("cut", 1, "west"))
    assert [lapse.severity for lapse in story.of("checks")] == ["page"]


def test_a_sibling_whose_own_days_are_over_is_not_up_and_holds_no_page_back() -> None:
    rules = changed(
        ('feed = "desk"\n', ""),
        ('id = "west"\ntitle = "West line"', 'id = "west"\ntitle = "West line"\nepoch = { until = 2026-02-26 }'),
    )
    story = Story(rules=rules).tell(check("west", "w", -12), check("east", "e0", 0)).until(40)
    assert [lapse.severity for lapse in story.of("checks")] == ["page"]


def test_a_sibling_of_which_nothing_is_known_is_not_up_and_holds_no_page_back() -> None:
    """West's own feed fell silent: its line is unknown, which is not up."""
    own = '[[feeds]]\nid = "other"\ntitle = "Other"\nheartbeat = "2 h"\nsilent_after = "6 h"\n\n[[channels]]\nid = "east"'
    rules = changed(
        ('[[channels]]\nid = "east"', own),
        (
            'title = "West line"\nparties = ["AA", "BB"]\nkind = "line"\nmilitary = true\ngroup = "lines"\nfeed = "desk"',
            'title = "West line"\nparties = ["AA", "BB"]\nkind = "line"\nmilitary = true\ngroup = "lines"\nfeed = "other"',
        ),
    )
    told = [beats(), beats(end=2, feed="other"), check("east", "e0", 0), check("west", "w0", 0)]
    story = Story(rules=rules).tell(*told).until(40)
    assert {(lapse.subject, lapse.state, lapse.severity.value) for lapse in story.of("checks")} == {
        ("west", "unknown", "warn"),
        ("east", "open", "page"),
    }


def test_the_first_late_report_of_a_sibling_holds_the_page_back_as_it_would_have_in_time() -> None:
    west = answered("west", until=24)
    in_time = lone(west)
    late = lone().now(west)
    assert [(lapse.subject, lapse.severity) for lapse in late.of("checks")] == [
        (lapse.subject, lapse.severity) for lapse in in_time.of("checks")
    ]


def test_a_sibling_that_is_up_no_longer_lets_a_later_miss_page() -> None:
    """West answers while east misses its second and third check, and stands suspended from then on."""
    rules = changed(('feed = "desk"\n', ""))
    told = [check("east", "e0", 0), answered("west", until=32), status("cut", 33, "west")]
    story = Story(rules=rules).tell(*told).until(48.5)
    assert [lapse.severity for lapse in story.of("checks")] == ["warn"]
    story.until(48.5 + MICRO)
    assert [lapse.severity for lapse in story.of("checks")] == ["page"]


def test_a_late_word_that_a_sibling_was_suspended_lets_the_miss_page_at_once() -> None:
    rules = changed(('feed = "desk"\n', ""))
    story = Story(rules=rules).tell(check("east", "e0", 0), answered("west", until=24)).until(28)
    assert [lapse.severity for lapse in story.of("checks")] == ["warn"]
    # As is known now, west was up no longer when the grace of east's second check was over.
    story.now(status("cut", 24.25, "west"))
    assert [lapse.severity for lapse in story.of("checks")] == ["page"]


def test_two_rules_about_one_line_are_no_two_lines() -> None:
    """East misses what both ask for. It is not silent together with itself; nor is it up under one and holds the page back."""
    noon = """
[[obligations]]
kind = "cadence"
id = "noon"
clause = "A check at four"
sources = ["urn:test"]
channels = ["east"]
calendar = { rules = ["FREQ=DAILY;BYHOUR=4;BYMINUTE=0;BYSECOND=0"] }

[[obligations]]
kind = "response"
id = "calls"
"""
    rules = changed(('[[obligations]]\nkind = "response"\nid = "calls"\n', noon), ('feed = "desk"\n', ""))
    story = Story(rules=rules).tell(check("east", "e0", 0), check("east", "e4", 4)).until(24)
    assert [(lapse.rule, lapse.severity) for lapse in story.of("checks")] == [("checks", "warn")]
    story.until(28.5 + MICRO)
    assert {(lapse.rule, lapse.severity.value) for lapse in (*story.of("checks"), *story.of("noon"))} == {
        ("checks", "page"),
        ("noon", "warn"),
    }


ALONE = changed(('group = "lines"\n', ""))
"""Two lines that are no siblings."""


def test_a_slot_that_nobody_can_judge_is_not_counted_as_missed() -> None:
    """One miss, then the feed is silent: unknown is not lapsed, and makes a warning no page."""
    story = Story(rules=ALONE).tell(beats(end=10), check("east", "e0", 0), answered("west", until=8)).until(60)
    (lapse,) = [lapse for lapse in story.of("checks") if lapse.subject == "east"]
    assert (lapse.state, lapse.severity) == ("unknown", "warn")
    assert story.loudest("checks") == "warn"


def test_a_miss_an_unknown_slot_and_another_miss_are_two_missed_checks() -> None:
    told = [beats(end=10), beats(30, 60), check("east", "e0", 0)]
    story = Story(rules=ALONE).tell(*told).until(34)
    (lapse,) = [lapse for lapse in story.of("checks") if lapse.subject == "east"]
    assert (lapse.state, lapse.severity, lapse.onset) == ("open", "page", at(FIRST))
    assert "2 checks in a row missed by 2026-02-27 08:30Z: page" in lapse.arithmetic


def test_a_line_whose_feed_is_silent_is_unknown_until_the_feed_is_back_and_then_lapsed_by_the_next_miss() -> None:
    told = [beats(end=2), beats(30, 60), answered("east", "west", until=0)]
    story = Story(rules=ALONE).tell(*told).until(26)
    assert {(lapse.subject, lapse.state, lapse.reason) for lapse in story.of("checks")} == {
        ("east", "unknown", "feed-silent"),
        ("west", "unknown", "feed-silent"),
    }
    story.until(34)
    unknown, lapsed = [lapse for lapse in story.of("checks") if lapse.subject == "east"]
    assert (unknown.onset, unknown.state, unknown.resolved) == (at(FIRST), "unknown", at(THIRD))
    assert (lapsed.onset, lapsed.state, lapsed.severity, lapsed.reason) == (at(THIRD), "open", "warn", "missed-check")


def test_a_late_answer_that_contradicts_a_reported_silence_is_heard_however_it_was_taken_in() -> None:
    """Met by an answer at its minute, the slot is disputed once one of the same attempt as a silence becomes known."""
    found = []
    for quick in (False, True):
        before = [check(line, f"{line}-before", -1) for line in ("east", "west")]
        denied = check("east", "denied", 0.33, "unanswered", source="urn:b")
        story = Story().tell(beats(-2, 30), *before, *answered("west", until=24), check("east", "a", 0.0), denied).until(0.65)
        late = check("east", "late", 0.3)
        if not (quick and story.watch.absorb(late, at(0.65))):
            story.now(late)
        found.append(final(story.until(7).watch))
    assert found[0] == found[1]
    assert [lapse.subject for lapse in found[1] if lapse.rule == "checks"] == ["east"]


@pytest.mark.parametrize(("day", "met"), [(-1, False), (0, True), (1, False)])
def test_a_check_known_to_the_day_is_none_of_the_day_before_or_after(day: int, met: bool) -> None:
    """A slot as long as a day, as of a list that is owed on 1 January: one of the day after touches its end, and is late."""
    whole = changed(
        ('grace = "30 min"\nearly = "5 min"', 'grace = "24 h"\nearly = "0 s"'),
        ('zone = "Asia/Seoul", rules = ["FREQ=DAILY;BYHOUR=9,17;', 'zone = "UTC", rules = ["FREQ=DAILY;BYHOUR=0;'),
    )
    told = check("east", "x", (2 + day) * 24 + 12, precision="day")
    story = Story(rules=whole).tell(beats(-2, 144), check("east", "first", 0), check("east", "next", 26), told).until(74)
    assert any(lapse.onset == at(48) for lapse in story.of("checks") if lapse.subject == "east") is not met
