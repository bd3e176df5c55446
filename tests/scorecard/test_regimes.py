"""Lead times, launches with and without notice, reciprocity."""

import pytest

from streams.events import AnyEvent
from streams.scorecard import Hours, RegimeScore, Scorecard
from tests.core.world import event, launch, notice
from tests.scorecard.past import card


def lane(scores: Scorecard, launcher: str = "AA") -> RegimeScore:
    return next(score for score in scores.regimes if score.launcher == launcher)


def test_leads_against_the_rule() -> None:
    # 24 h are owed. Leads of 48, 24 and 10 hours; one notice without a window.
    events = [
        notice("n1", 0, "one", 48, 50),
        notice("n2", 1, "two", 25, 26),
        notice("n3", 2, "three", 12, 13),
        notice("n4", 3, "four", 0, 0, window=None),
    ]
    score = lane(card(events, 60))
    assert (score.agreement, score.rule, score.launcher, score.recipient) == ("small-world", "prelaunch", "AA", "BB")
    assert (score.notices, score.voluntary, score.lead_owed, score.lead_owed_hours) == (4, 0, "24 h", 24.0)
    assert score.leads == Hours(least=10.0, median=24.0, most=48.0)
    assert (score.leads_unknown, score.short) == (1, 1)


def test_what_became_of_launches() -> None:
    events = [
        notice("n1", 0, "one", 48, 50),
        launch("l1", 49),
        notice("n2", 1, "two", 60, 61),
        launch("l2", 63),
        launch("l3", 100),
        launch("short-range", 101, range_km=300),
        launch("l4", 130),
        notice("n4", 131, "four", 130, 132),
    ]
    score = lane(card(events, 140))
    assert (score.launches, score.matched, score.unmatched, score.told_after) == (4, 2, 1, 1)
    assert score.outside_window == 1


def test_a_party_that_ended_its_duty_owes_nothing() -> None:
    statement = {"party": "AA", "agreements": ["small-world"], "status": "suspended"}
    events = [event("regime.statement", "s", 0, statement), launch("l1", 10)]
    score = lane(card(events, 40))
    assert (score.launches, score.not_owed, score.unmatched) == (1, 1, 0)


def test_lanes_without_launch_or_notice_in_the_span_are_left_out() -> None:
    events = [notice("n1", 0, "one", 48, 50), launch("l1", 49)]
    assert card(events, 140, since=60).regimes == ()
    assert [score.launcher for score in card(events, 140).regimes] == ["AA"]


def test_a_notice_of_what_is_out_of_scope_is_none_of_the_rule() -> None:
    assert card([notice("n1", 0, "one", 48, 50, range_km=300)], 60).regimes == ()


@pytest.mark.parametrize("voluntary", [True, False])
def test_reciprocity(voluntary: bool) -> None:
    events: list[AnyEvent] = [
        notice("a1", 0, "a1", 48, 50, voluntary=voluntary),
        notice("a2", 1, "a2", 72, 73),
        notice("a2-again", 2, "a2", 80, 81, revision=2, status="amended"),
        notice("b1", 3, "b1", 60, 61, "BB"),
    ]
    (pair,) = card(events, 100).reciprocity
    assert (pair.agreement, pair.dyad, pair.parties) == ("small-world", "AA-BB", ("AA", "BB"))
    assert (pair.given, pair.voluntary) == (((1, 1), (1, 0)) if voluntary else ((2, 1), (0, 0)))
