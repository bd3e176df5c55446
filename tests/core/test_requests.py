"""A call asked for on the phone is owed an answer within 8 hours; after 24 hours it is a page, a refusal is one at once."""

import pytest

from tests.core.world import MICRO, Story, at, beats, changed, check, contact, event, final, request, retraction

DUE = 10.0 + 8.0
"""Calls are asked for at 10."""


@pytest.mark.parametrize(("hours", "lapsed"), [(DUE - MICRO, False), (DUE, False), (DUE + MICRO, True)])
def test_a_call_is_owed_by_its_deadline_inclusive(hours: float, lapsed: bool) -> None:
    assert bool(Story().tell(request("p", 10)).until(hours).of("calls")) is lapsed


@pytest.mark.parametrize(("hours", "lapsed"), [(10 + MICRO, False), (DUE, False), (DUE + MICRO, True)])
def test_an_answer_at_the_deadline_is_in_time_and_one_after_it_resolves(hours: float, lapsed: bool) -> None:
    story = Story().tell(request("p", 10), request("a", hours, "answered")).until(60)
    assert [lapse.resolved for lapse in story.of("calls")] == ([at(hours)] if lapsed else [])


@pytest.mark.parametrize(("hours", "severity"), [(34, "warn"), (34 + MICRO, "page")])
def test_it_grows_louder_by_the_steps(hours: float, severity: str) -> None:
    assert Story().tell(request("p", 10)).until(hours).one("calls").severity == severity


def test_a_refusal_is_a_page_at_once_and_waits_for_no_deadline() -> None:
    """4 February 2023: the call is declined."""
    story = Story().tell(request("p", 10), request("d", 10.5, "declined")).until(10.5)
    lapse = story.one("calls")
    assert (lapse.reason, lapse.severity, lapse.onset, lapse.deadline) == ("declined", "page", at(10), at(10.5))
    assert lapse.parties == ("BB", "AA")


def test_a_refusal_reported_three_days_later_is_no_less_a_refusal() -> None:
    story = Story().tell(request("p", 10)).until(82).now(request("d", 10.5, "declined"))
    assert story.one("calls").reason == "declined"
    assert story.one("calls").severity == "page"


def test_a_call_held_after_the_refusal_resolves_it_and_one_held_before_it_undoes_it() -> None:
    refused = [request("p", 10), request("d", 12, "declined")]
    assert Story().tell(refused, request("a", 13, "answered")).until(20).one("calls").resolved == at(13)
    assert Story().tell(refused, request("a", 11, "answered")).until(20).of("calls") == []


def test_a_refusal_known_to_the_day_does_not_move_the_request_before_it_was_made() -> None:
    """Asked at 14:39, declined "on that day": the onset is the request."""
    story = Story().tell(request("p", 10), request("d", 10, "declined", precision="day")).until(30)
    lapse = story.one("calls")
    assert (lapse.onset, lapse.reason) == (at(10), "declined")
    assert lapse.arithmetic[0].startswith("call asked for 2026-02-26 10:00Z")


def test_acknowledged_is_not_answered() -> None:
    """15 December 2016: the radio call is acknowledged, the request ignored."""
    story = Story().tell(request("p", 10), request("k", 10.1, "acknowledged")).until(20)
    lapse = story.one("calls")
    assert (lapse.reason, lapse.state, lapse.onset) == ("acknowledged-not-answered", "open", at(10))


def test_somebody_saying_unanswered_ends_no_waiting() -> None:
    story = Story().tell(request("p", 10), request("u", 11, "unanswered")).until(DUE)
    assert story.of("calls") == []
    assert story.until(DUE + MICRO).one("calls").reason == "unanswered"


def test_a_late_report_of_an_answer_in_time_withdraws_the_lapse_and_is_named() -> None:
    story = Story().tell(request("p", 10)).until(40).now(request("late", 12, "answered"))
    (lapse,) = [lapse for lapse in story.watch.lapses() if lapse.rule == "calls"]
    assert (lapse.state, lapse.because, lapse.revision) == ("withdrawn", "late", 3)


def test_a_retracted_answer_opens_the_lapse_after_all() -> None:
    story = Story().tell(request("p", 10), request("a", 12, "answered"), retraction("r", 40, "a")).until(41)
    assert (story.one("calls").state, story.one("calls").severity) == ("open", "page")


def test_contact_over_that_channel_is_the_call_and_over_another_is_not() -> None:
    assert Story().tell(request("p", 10), contact("c", 12, "phone")).until(20).of("calls") == []
    assert Story().tell(request("p", 10), contact("c", 12, "east")).until(20).one("calls").state == "open"


def test_two_requests_are_two_and_one_call_answers_both() -> None:
    told = [request("p1", 10, call="q1"), request("p2", 11, call="q2")]
    assert {lapse.subject for lapse in Story().tell(told).until(30).of("calls")} == {"phone/q1", "phone/q2"}
    assert Story().tell(told, request("a", 12, "answered", call="q2")).until(30).of("calls") == []


@pytest.mark.parametrize("precision", ["second", "minute", "hour", "day"])
def test_a_call_that_is_only_on_record_as_answered_was_answered(precision: str) -> None:
    assert Story().tell(request("a", 10, "answered", precision=precision)).until(60).of("calls") == []


def test_a_call_answered_in_the_minute_in_which_it_was_asked_for_was_answered() -> None:
    told = [request("p", 10, precision="minute"), request("a", 10, "answered", precision="minute")]
    assert Story().tell(told).until(60).of("calls") == []


def test_a_request_known_to_the_day_is_owed_from_the_day_s_last_instant() -> None:
    story = Story().tell(request("p", 10, precision="day")).until(24 + 8)
    assert story.of("calls") == []
    lapse = story.until(24 + 8 + MICRO).one("calls")
    assert (lapse.onset, lapse.deadline) == (at(0), at(32))


def test_an_answered_line_check_is_not_the_call_that_was_asked_for() -> None:
    """A routine test of the line at 12:00 answers no minister who asked for a call at 10:00."""
    story = Story().tell(request("p", 10), check("phone", "routine", 12)).until(20)
    assert [lapse.state for lapse in story.of("calls")] == ["open"]


def test_sources_that_disagree_about_the_outcome_are_both_kept() -> None:
    told = [request("p", 10), request("k", 11, "acknowledged", source="urn:a"), request("u", 11, "unanswered", source="urn:b")]
    claims = Story().tell(told).until(20).one("calls").claims
    assert claims == ("outcome: acknowledged (urn:a) / unanswered (urn:b)",)


def test_two_sources_that_use_one_id_for_two_claims_are_both_heard() -> None:
    told = [request("1", 10, source="urn:a"), request("1", 12, "declined", source="urn:b")]
    for order in (told, told[::-1]):
        story = Story().until(20).now(*order)
        assert (story.one("calls").reason, story.one("calls").onset) == ("declined", at(10))


def test_a_settled_request_leaves_the_books_without_a_word() -> None:
    rules = changed(('id = "calls"', 'id = "calls"\nsettle = "24 h"'))
    story = Story(rules=rules).tell(request("p", 10), request("a", 20, "answered")).until(30)
    said = len(story.said)
    assert len(story.of("calls")) == 1
    story.until(100)
    assert (story.watch.lapses(), len(story.said)) == ([], said)


def test_an_open_request_never_settles() -> None:
    rules = changed(('id = "calls"', 'id = "calls"\nsettle = "24 h"'))
    story = Story(rules=rules).tell(request("p", 10)).until(10_000)
    assert story.one("calls").state == "open"
    story.tell(contact("c", 10_001, "phone")).until(10_002)
    assert story.said[-1].resolved == at(10_001)


def test_an_answer_taken_back_after_years_of_waiting_leaves_the_request_open() -> None:
    rules = changed(('id = "calls"', 'id = "calls"\nsettle = "24 h"'))
    story = Story(rules=rules).tell(request("p", 10), contact("c", 500, "phone"), retraction("r", 510, "c")).until(520)
    assert story.one("calls").state == "open"
    assert story.said[-1].change == "reopened"


FED = changed(('kind = "minister"\n', 'kind = "minister"\nfeed = "desk"\n'))
"""The small world, in which the desk's feed carries the calls too."""


def test_a_call_whose_feed_is_silent_is_unknown_and_not_unanswered() -> None:
    """The feed fell silent before the deadline: an answer would not be on record."""
    story = Story(rules=FED).tell(beats(-2, 8), request("q", 5)).until(13)
    assert story.of("calls") == [], "the feed is not overdue yet, and may still tell"
    lapse = story.until(40).one("calls")
    assert (lapse.state, lapse.reason, lapse.severity.value) == ("unknown", "feed-silent", "warn")
    assert story.loudest("calls") == "warn"


def test_a_late_beat_that_vouches_for_the_time_makes_the_unknown_call_an_unanswered_one() -> None:
    story = Story(rules=FED).tell(beats(-2, 8), request("q", 5)).until(40).now(beats(10, 40)).until(41)
    assert (story.one("calls").state, story.one("calls").reason) == ("open", "unanswered")
    assert final(story.watch) == final(Story(rules=FED).tell(beats(-2, 40), request("q", 5)).until(41).watch)


def test_a_call_that_was_unanswered_before_its_feed_fell_silent_grows_no_louder() -> None:
    story = Story(rules=FED).tell(beats(-2, 20), request("q", 5)).until(25)
    assert (story.one("calls").state, story.one("calls").severity.value) == ("open", "warn")
    lapse = story.until(60).one("calls")
    assert (lapse.state, lapse.reason, lapse.severity.value) == ("unknown", "unanswered", "warn")
    back = Story(rules=FED).tell(beats(-2, 20), request("q", 5), beats(62, 80), request("a", 70, "answered")).until(80)
    assert (back.one("calls").state, back.one("calls").resolved) == ("resolved", at(70))


def test_what_somebody_reports_of_a_call_needs_no_feed() -> None:
    for outcome, reason in (("unanswered", "unanswered"), ("declined", "declined")):
        lapse = Story(rules=FED).tell(request("q", 5), request("said", 6, outcome)).until(40).one("calls")
        assert (lapse.state, lapse.reason, lapse.severity.value) == ("open", reason, "page")
    assert Story(rules=FED).tell(request("q", 5), request("a", 12, "answered")).until(40).of("calls") == []


@pytest.mark.parametrize("hours", [13.0, 13 + MICRO])
def test_a_feed_that_speaks_up_to_the_deadline_vouches_for_it(hours: float) -> None:
    beating = [*beats(-2, 12), event("feed.heartbeat", "last", 13, {"feed": "desk"})]
    story = Story(rules=FED).tell(beating, request("q", 5)).until(hours)
    assert bool(story.of("calls")) is (hours > 13)


def test_a_late_answer_before_the_feed_vouched_for_the_deadline_resolves_a_lapse_once_it_does() -> None:
    story = Story(rules=FED).tell(beats(-2, 12), request("q", 5), request("a", 13.2, "answered")).until(13.3)
    assert story.of("calls") == []
    lapse = story.tell(beats(14, 20)).until(20).one("calls")
    assert (lapse.state, lapse.resolved) == ("resolved", at(13.2))
