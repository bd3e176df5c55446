"""How many channels were alive over time."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events import AnyEvent
from streams.scorecard import Extreme, Step, first_heard, scorecard
from tests.core.histories import HOURS, histories
from tests.core.world import END, at, check
from tests.scorecard.past import beats, card, contact, status, watched


def step(hours: float, alive: int, lapsed: int, unknown: int = 0) -> Step:
    return Step(moment=at(hours), alive=alive, lapsed=lapsed, unknown=unknown)


def test_channels_alive_step_by_step() -> None:
    events = [
        contact("p", 6, "phone"),
        contact("t", 12, "talks"),
        status("off", 24, "suspended", "phone", "talks"),
        contact("back", 48, "phone"),
    ]
    (dyad,) = card(events, 72).dyads
    assert (dyad.dyad, dyad.channels) == ("AA-BB", ("phone", "talks"))
    assert dyad.steps == (step(0, 0, 0), step(6, 1, 0), step(12, 2, 0), step(24, 0, 2), step(48, 1, 1))
    assert (dyad.at_since, dyad.at_until) == (step(0, 0, 0), step(72, 1, 1))
    assert dyad.least == Extreme(alive=0, moment=at(24)), "before the first sign nobody can say that none was alive"
    assert dyad.most == Extreme(alive=2, moment=at(12))


def test_changes_at_one_moment_are_one_step() -> None:
    events = [contact("p", 0, "phone"), contact("t", 0, "talks"), status("off", 24, "suspended", "phone", "talks")]
    (dyad,) = card(events, 30).dyads
    assert dyad.steps == (step(0, 2, 0), step(24, 0, 2))


def test_what_changes_nothing_is_no_step() -> None:
    events = [contact("p", 0, "phone"), contact("p2", 5, "phone"), contact("t", 8, "talks"), contact("t2", 9, "talks")]
    (dyad,) = card(events, 24).dyads
    assert [one.moment for one in dyad.steps] == [at(0), at(8)]


def test_a_silent_feed_makes_its_lines_unknown() -> None:
    events = [*beats((0, 8)), check("east", "e0", 0), check("east", "e8", 8)]
    (dyad,) = card(events, 20).dyads
    assert dyad.steps == (step(0, 1, 0), step(8, 0, 0, 1))
    assert dyad.least == Extreme(alive=0, moment=at(8))


def test_the_numbers_at_the_start_know_what_was_before() -> None:
    events = [contact("p", 6, "phone"), status("off", 24, "suspended", "phone")]
    (dyad,) = card(events, 48, since=12).dyads
    assert dyad.steps == (step(12, 1, 0), step(24, 0, 1))


def test_a_span_of_no_length_and_a_watch_that_heard_nothing() -> None:
    watch, said = watched([contact("p", 6, "phone")], 6)
    scores = scorecard(watch, said, at(6), at(6))
    assert (scores.channels[0].observed, scores.channels[0].availability) == (0, None)
    watch, said = watched([], 6)
    assert first_heard(watch, said) is None
    assert scorecard(watch, said, at(0), at(6)).dyads == ()


def test_a_span_that_ends_before_it_begins_or_has_no_zone() -> None:
    watch, said = watched([], 6)
    with pytest.raises(ValueError, match="ends after it begins"):
        scorecard(watch, said, at(2), at(1))
    with pytest.raises(ValueError, match="with a zone"):
        scorecard(watch, said, at(2).replace(tzinfo=None), at(1))


def test_the_first_thing_heard() -> None:
    watch, said = watched([contact("p", 6, "phone"), status("s", 3, "open", "talks")], 12)
    assert first_heard(watch, said) == at(3)


@given(histories(most=25), st.lists(HOURS, min_size=2, max_size=2).map(sorted))
def test_every_measure_adds_up(events: list[AnyEvent], span: list[float]) -> None:
    watch, said = watched([one for one in events if one.known <= END], 144)
    since, until = (at(hours) for hours in span)
    scores = scorecard(watch, said, since, until)
    length = (until - since).total_seconds()
    for score in scores.channels:
        assert score.up + score.lapsed + score.unknown == score.observed <= length
        assert score.availability is None or 0 <= score.availability <= 1
        assert score.longest_outage is None or score.longest_outage.seconds <= score.lapsed
        assert (score.outages == 0) == (score.longest_outage is None)
        if score.calls is not None:
            calls = score.calls
            assert calls.asked == calls.answered + calls.late + calls.declined + calls.unanswered + calls.pending
    for dyad in scores.dyads:
        bounds = [*(one.moment for one in dyad.steps), until]
        alive = sum(
            one.alive * (end - start).total_seconds() for one, (start, end) in zip(dyad.steps, pairwise(bounds), strict=True)
        )
        assert alive == pytest.approx(sum(score.up for score in scores.channels if score.channel in dyad.channels))
        assert dyad.least.alive <= dyad.at_until.alive <= dyad.most.alive
        assert bounds == sorted(bounds)
        assert since == dyad.steps[0].moment
    for lane in scores.regimes:
        assert lane.launches == lane.matched + lane.told_after + lane.unmatched + lane.not_owed + lane.unknown
        assert lane.voluntary <= lane.notices
        assert (lane.leads is None) == (lane.leads_unknown == lane.notices)
    # The order of the transitions leaves no trace.
    assert scorecard(watch, said[::-1], since, until) == scores
