"""What the scorecard says of single channels, where the answer is known exactly."""

from datetime import date
from typing import Any

import pytest

from streams.events import AnyEvent
from streams.scorecard import Calls, Outage, scorecard
from tests.core.world import RULES, agreements, at, check, event
from tests.scorecard.past import DAY, HOUR, beats, card, channel, contact, request, status, watched

# The lines east and west are due at 00:00Z and 08:00Z, with half an hour of grace; START is a midnight.
SLOTS = (0, 8, 24, 32, 48, 56, 72, 80)


def calls(line: str, *missed: float, until: float = 96) -> list[AnyEvent]:
    return [
        check(line, f"{line}-{hour}", hour, "unanswered" if hour in missed else "answered") for hour in SLOTS if hour < until
    ]


def test_a_channel_that_was_always_answered_was_always_up() -> None:
    score = channel(card([*beats((0, 96)), *calls("east")], 96), "east")
    assert (score.observed, score.up, score.lapsed, score.unknown) == (96 * HOUR, 96 * HOUR, 0, 0)
    assert score.availability == 1.0
    assert (score.outages, score.longest_outage, score.switch_offs, score.calls) == (0, None, (), None)
    assert (score.last_sign, score.heard) == (at(80), at(0))


def test_a_missed_check_is_out_from_its_slot_to_the_next_answer() -> None:
    score = channel(card([*beats((0, 96)), *calls("east", 24)], 96), "east")
    assert (score.up, score.lapsed, score.unknown) == (88 * HOUR, 8 * HOUR, 0)
    assert score.availability == pytest.approx(88 / 96)
    assert score.longest_outage == Outage(start=at(24), end=at(32), seconds=8 * HOUR)


def test_missed_checks_in_a_row_are_one_outage_and_an_answer_parts_two() -> None:
    score = channel(card([*beats((0, 96)), *calls("east", 24, 32, 72)], 96), "east")
    assert score.outages == 2
    assert score.longest_outage == Outage(start=at(24), end=at(48), seconds=24 * HOUR)


def test_an_open_outage_lasts_until_the_end() -> None:
    score = channel(card([*beats((0, 96)), *calls("east", 72, 80)], 96), "east")
    assert score.longest_outage == Outage(start=at(72), end=None, seconds=24 * HOUR)
    assert score.availability == pytest.approx(72 / 96)


def test_of_two_outages_of_one_length_the_earlier_is_named() -> None:
    score = channel(card([*beats((0, 96)), *calls("east", 24, 48)], 96), "east")
    assert score.longest_outage == Outage(start=at(24), end=at(32), seconds=8 * HOUR)


def test_what_comes_after_the_span_has_not_happened_in_it() -> None:
    events = [*beats((0, 96)), *calls("east", 24)]
    score = channel(card(events, 96), "east")
    assert score.lapsed == 8 * HOUR
    watch, said = watched(events, 96)
    part = channel(scorecard(watch, said, at(12), at(30)), "east")
    assert (part.observed, part.up, part.lapsed) == (18 * HOUR, 12 * HOUR, 6 * HOUR)
    assert part.longest_outage == Outage(start=at(24), end=None, seconds=6 * HOUR)
    assert part.last_sign == at(8)
    cut = channel(scorecard(watch, said, at(26), at(96)), "east")
    assert cut.longest_outage == Outage(start=at(26), end=at(32), seconds=6 * HOUR)
    ended = channel(scorecard(watch, said, at(32), at(96)), "east")
    assert (ended.outages, ended.availability) == (0, 1.0)


def test_lapses_of_one_channel_that_overlap_are_one_outage() -> None:
    # The telephone rings unanswered from 10 on (a lapse from the request), and is suspended from 20 to 60.
    events = [
        contact("c0", 0, "phone"),
        request("r1", 10, "placed"),
        status("off", 20, "suspended", "phone"),
        contact("c1", 60, "phone"),
    ]
    score = channel(card(events, 100), "phone")
    assert score.outages == 1
    assert score.longest_outage == Outage(start=at(10), end=at(60), seconds=50 * HOUR)
    assert (score.up, score.lapsed, score.unknown) == (50 * HOUR, 50 * HOUR, 0)
    assert len(score.switch_offs) == 1


def test_a_silent_feed_is_unknown_and_neither_up_nor_lapsed() -> None:
    # The desk falls silent after 24 and is back at 60: slots at 32, 48 and 56 have no word.
    events = [*beats((0, 24), (60, 96)), *[one for one in calls("east") if one.id not in ("east-32", "east-48", "east-56")]]
    score = channel(card(events, 96), "east")
    assert (score.observed, score.lapsed, score.outages) == (96 * HOUR, 0, 0)
    assert score.unknown == 48 * HOUR, "from the last beat to the check of 72, the first sign after it"
    assert score.availability == pytest.approx(48 / 96)


def test_a_lapse_goes_before_a_silent_feed() -> None:
    events = [*beats((0, 24), (60, 96)), *calls("east"), status("off", 20, "suspended", "east")]
    events = [one for one in events if one.id not in ("east-24", "east-32", "east-48", "east-56")]
    score = channel(card(events, 96), "east")
    assert (score.up, score.lapsed, score.unknown) == (44 * HOUR, 52 * HOUR, 0)


def test_an_outage_whose_feed_falls_silent_is_unknown_from_then_on() -> None:
    events = [*beats((0, 48)), *calls("east", 24, 32, until=40)]
    score = channel(card(events, 96), "east")
    assert score.up == 24 * HOUR
    assert score.lapsed + score.unknown == 72 * HOUR
    assert score.lapsed > 0
    assert score.unknown >= 40 * HOUR


def test_a_channel_without_a_sign_of_life_is_not_up() -> None:
    scores = card([status("promise", 12, "agreed-to-resume", "phone")], 48)
    score = channel(scores, "phone")
    assert (score.observed, score.up, score.unknown, score.availability) == (36 * HOUR, 0, 36 * HOUR, 0.0)
    assert scores.dyads[0].at_until.unknown == 1
    assert score.last_sign is None


def test_channels_never_heard_of_are_only_counted() -> None:
    scores = card([contact("c", 1, "phone")], 10)
    assert [score.channel for score in scores.channels] == ["phone"]
    assert scores.never_heard == 3
    assert card([], 10).never_heard == 4
    assert card([], 10).channels == ()


def test_a_silence_is_heard_of_too() -> None:
    score = channel(card([*beats((0, 48)), check("west", "w", 3, "unanswered")], 48), "west")
    assert (score.heard, score.last_sign) == (at(3), None)
    assert (score.unknown, score.lapsed) == (5 * HOUR, 40 * HOUR), "the check of 8 was due and not made"


def test_what_only_a_silent_feed_would_tell_is_not_heard_of() -> None:
    scores = card([*beats((0, 8)), *calls("east", until=16)], 48)
    assert [score.channel for score in scores.channels] == ["east"]


def test_a_suspension_counts_once_however_often_it_is_declared() -> None:
    events = [
        contact("c0", 0, "phone"),
        status("a", 10, "suspended", "phone", "talks"),
        status("b", 20, "cancelled", "phone"),
        contact("c1", 30, "phone"),
        status("c", 40, "cancelled", "phone"),
    ]
    score = channel(card(events, 50), "phone")
    assert [(off.declared, off.status, off.contact) for off in score.switch_offs] == [
        (at(10), "suspended", at(30)),
        (at(40), "cancelled", None),
    ]
    assert score.outages == 2


def test_a_promise_is_no_contact() -> None:
    events = [
        contact("c0", 0, "phone"),
        status("off", 10, "suspended", "phone"),
        status("promise", 30, "agreed-to-resume", "phone"),
        status("promise-2", 40, "agreed-to-resume", "phone"),
        contact("c1", 80, "phone"),
    ]
    score = channel(card(events, 100), "phone")
    (promise,) = score.resumptions
    assert (promise.promised, promise.cut, promise.contact) == (at(30), at(10), at(80))
    # 26 February to 27 February to 1 March 2026, UTC.
    assert (promise.cut_day, promise.promised_day, promise.contact_day) == (
        date(2026, 2, 26),
        date(2026, 2, 27),
        date(2026, 3, 1),
    )
    assert (promise.days, promise.days_from_cut) == (2, 3)
    waiting = channel(card(events[:-1], 100), "phone").resumptions[0]
    assert (waiting.contact, waiting.days, waiting.days_from_cut) == (None, None, None)


def test_a_promise_for_a_channel_that_was_not_down_has_no_cut() -> None:
    events = [contact("c0", 0, "phone"), status("promise", 30, "agreed-to-resume", "phone"), contact("c1", 54, "phone")]
    (promise,) = channel(card(events, 100), "phone").resumptions
    assert (promise.cut, promise.days, promise.days_from_cut) == (None, 1, None)


def test_what_is_known_to_the_day_has_its_own_date() -> None:
    # 16:00Z on the 26th is the 27th in Shanghai; the contact of the 28th in Honolulu begins at 10:00Z.
    events = [
        status("off", 16, "suspended", "phone", precision="day", zone="Asia/Shanghai"),
        status("promise", 32, "agreed-to-resume", "phone", precision="day", zone="America/Los_Angeles"),
        contact("c1", 58, "phone", precision="day", zone="Pacific/Honolulu"),
    ]
    score = channel(card(events, 120), "phone")
    (promise,) = score.resumptions
    assert (promise.cut_day, promise.promised_day, promise.contact_day) == (
        date(2026, 2, 27),
        date(2026, 2, 27),
        date(2026, 2, 28),
    )
    assert (promise.days, promise.days_from_cut, score.switch_offs[0].days) == (1, 1, 1)
    assert (score.heard, score.longest_outage) == (at(16), Outage(start=at(16), end=at(58), seconds=42 * HOUR))


@pytest.mark.parametrize(
    ("events", "until", "expected"),
    [
        pytest.param([], 12, {"pending": 1}, id="the deadline is not over"),
        pytest.param([], 18, {"pending": 1}, id="at the deadline it is not over"),
        pytest.param([], 19, {"unanswered": 1}, id="the deadline is over"),
        pytest.param([(14, "answered")], 30, {"answered": 1, "median": 4 * HOUR, "longest": 4 * HOUR}, id="in time"),
        pytest.param([(18, "answered")], 30, {"answered": 1, "median": 8 * HOUR, "longest": 8 * HOUR}, id="at the deadline"),
        pytest.param([(40, "answered")], 50, {"late": 1, "median": 30 * HOUR, "longest": 30 * HOUR}, id="late"),
        pytest.param([(12, "declined")], 50, {"declined": 1}, id="declined"),
        pytest.param([(12, "declined"), (40, "answered")], 50, {"declined": 1}, id="declined, and held in the end"),
        pytest.param([(12, "acknowledged")], 50, {"unanswered": 1}, id="an acknowledgement is no answer"),
    ],
)
def test_requests_for_a_call(events: list[tuple[float, str]], until: float, expected: dict[str, Any]) -> None:
    asked = [request("r0", 10, "placed"), *(request(f"r-{hours}", hours, outcome) for hours, outcome in events)]
    score = channel(card([one for one in asked if one.time <= at(until)], until), "phone")
    nothing: dict[str, Any] = dict.fromkeys(("answered", "late", "declined", "unanswered", "pending"), 0)
    assert score.calls == Calls(**{"asked": 1, "median": None, "longest": None, **nothing, **expected})


@pytest.mark.parametrize(
    ("until", "expected"), [(17, "pending"), (18, "pending"), (19, "unanswered"), (39, "unanswered"), (40, "declined")]
)
@pytest.mark.parametrize("later", [60, 800 * 24], ids=["still looked at", "settled"])
def test_a_call_is_declined_only_once_it_was(until: float, expected: str, later: float) -> None:
    watch, said = watched([request("r", 10, "placed"), request("d", 40, "declined")], later)
    calls = channel(scorecard(watch, said, at(0), at(until)), "phone").calls
    assert calls is not None
    assert (calls.asked, getattr(calls, expected)) == (1, 1)


def test_a_channel_is_not_out_outside_its_own_dates() -> None:
    dated = RULES.replace('id = "phone"\n', 'id = "phone"\nepoch = { from = 2026-02-27, until = 2026-02-28 }\n')
    watch, said = watched([status("off", 20, "suspended", "phone")], 100, agreements(dated))
    score = channel(scorecard(watch, said, at(0), at(100)), "phone")
    assert (score.observed, score.lapsed) == (24 * HOUR, 24 * HOUR)
    assert score.longest_outage == Outage(start=at(24), end=at(48), seconds=24 * HOUR)
    within = channel(scorecard(watch, said, at(0), at(40)), "phone")
    assert within.longest_outage == Outage(start=at(24), end=None, seconds=16 * HOUR)
    after = channel(scorecard(watch, said, at(60), at(100)), "phone")
    assert (after.observed, after.outages, after.longest_outage) == (0, 0, None)


def test_an_answered_line_check_is_not_the_call_that_was_asked_for() -> None:
    told = [request("r", 10, "placed"), check("phone", "c", 11)]
    calls = channel(card(told, 12), "phone").calls
    assert calls is not None
    assert (calls.answered, calls.pending) == (0, 1)


def test_a_call_answered_in_the_minute_in_which_it_was_asked_for_was_answered() -> None:
    calls = channel(card([request("r", 10, "placed"), request("a", 10, "answered")], 12), "phone").calls
    assert calls is not None
    assert (calls.answered, calls.median) == (1, 0.0)


def test_answers_have_a_median_and_a_longest() -> None:
    events = []
    for number, (asked, answered) in enumerate(((0, 1), (10, 12), (20, 26), (40, 44))):
        events += [
            request(f"p{number}", asked, "placed", f"q{number}"),
            request(f"a{number}", answered, "answered", f"q{number}"),
        ]
    score = channel(card(events, 60), "phone")
    assert score.calls is not None
    assert (score.calls.asked, score.calls.answered) == (4, 4)
    assert (score.calls.median, score.calls.longest) == (3 * HOUR, 6 * HOUR)


def test_a_gap_that_was_too_long_is_an_outage() -> None:
    # The talks owe a round every thirty hours.
    data = {"channel": "talks", "parties": ["AA", "BB"]}
    events = [event("dialogue.meeting", "m0", 0, data), event("dialogue.meeting", "m1", 50, data)]
    score = channel(card(events, 70), "talks")
    assert score.longest_outage == Outage(start=at(30), end=at(50), seconds=20 * HOUR)
    assert score.availability == pytest.approx(50 / 70)


def test_a_drill_is_apart() -> None:
    real = [contact("c0", 0, "phone")]
    drill = [status("off", 10, "suspended", "phone", exercise=True)]
    scores = card([*real, *drill], 48)
    assert scores.exercise_lapses == 1
    assert channel(scores, "phone").availability == 1.0
    assert channel(scores, "phone").switch_offs == ()


def test_a_lapse_that_was_withdrawn_does_not_count() -> None:
    late = check("east", "east-24-late", 24, ingested=at(50).isoformat())
    events = [*beats((0, 96)), *[one for one in calls("east") if one.id != "east-24"], late]
    score = channel(card(events, 96), "east")
    assert (score.outages, score.availability) == (0, 1.0)


def test_signs_that_the_watch_has_forgotten_still_tell_since_when() -> None:
    events = [contact(f"c{day}", day * 24, "phone") for day in (0, 1, 2, 500)]
    events += [status("off", 500 * 24 + 1, "suspended", "phone"), contact("c501", 501 * 24, "phone")]
    score = channel(card(events, 600 * 24, since=-24), "phone")
    assert score.heard == at(0)
    assert (score.observed, score.lapsed) == (600 * DAY, 23 * HOUR)
