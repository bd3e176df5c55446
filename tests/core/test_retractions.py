"""What is taken back is out of the evidence, whichever came first; a retraction can be taken back too."""

from itertools import permutations
from typing import Any

import pytest

from tests.core.world import (
    Story,
    answered,
    at,
    beats,
    changed,
    check,
    contact,
    final,
    incident,
    launch,
    measured,
    meeting,
    notice,
    request,
    retraction,
    statement,
    status,
)

REPORTS = [
    ("a declaration", status("x", 10, "phone"), []),
    ("an unanswered check", check("east", "x", 8.1, "unanswered"), answered("east", until=0)),
    ("an answered check", check("east", "x", 8.1), [*beats(), *answered("east", until=0), *answered("west")]),
    ("an incident", incident("x", 10), []),
    ("a contact", contact("x", 20, "phone"), [status("cut", 5, "phone"), incident("i", 10)]),
    ("a meeting", meeting("x", 20), [status("cut", 5, "talks"), incident("i", 10)]),
    ("a request", request("x", 10), []),
    ("an answer", request("x", 15, "answered"), [request("p", 10)]),
    ("a refusal", request("x", 15, "declined"), [request("p", 10)]),
    ("a launch", launch("x", 10), []),
    ("a notice", notice("x", 0, "n1", 24, 30), [launch("l", 25)]),
    ("a statement", statement("x", 5, "suspended"), [launch("l", 10)]),
    ("a measure", measured("x", 5, 12), [measured("m", 4, 5)]),
]


@pytest.mark.parametrize(("what", "report", "others"), REPORTS, ids=[what for what, _, _ in REPORTS])
def test_a_report_its_retraction_and_the_retraction_s_own_come_out_the_same_in_any_order(
    what: str, report: Any, others: list[Any]
) -> None:
    without = Story().until(1).now(*others).until(100)
    with_it = Story().until(1).now(*others, report).until(100)
    assert final(without.watch) != final(with_it.watch), "the report must bear on something"
    back = retraction("r", 90, "x")
    for order in permutations([report, back]):
        assert final(Story().until(1).now(*others, *order).until(100).watch) == final(without.watch)
        assert final(Story().until(95).now(*order, *others).until(100).watch) == final(without.watch)
    for order in permutations([report, back, retraction("rr", 92, "r")]):
        assert final(Story().until(95).now(*others, *order).until(100).watch) == final(with_it.watch)


def test_a_retraction_reaches_whoever_was_told() -> None:
    """13 January 2018: the alarm is withdrawn by name, not left to fade."""
    story = Story().tell(incident("i", 10, gravity="critical"), retraction("r", 12.6, "i")).until(13)
    said = [lapse for lapse in story.said if lapse.rule == "contact"]
    assert [(lapse.change, lapse.because) for lapse in said] == [("opened", None), ("withdrawn", "r")]
    assert said[0].id == said[1].id


def test_a_retraction_that_comes_twice_changes_nothing_the_second_time() -> None:
    story = Story().tell(status("cut", 1, "phone"), retraction("r", 2, "cut")).until(3)
    assert story.watch.receive(retraction("r", 2, "cut")) == []


def test_a_retraction_of_nothing_known_waits_for_its_report() -> None:
    story = Story().tell(retraction("r", 2, "cut"), status("cut", 5, "phone")).until(10)
    assert story.said == []


def test_retractions_in_a_ring_or_of_themselves_do_no_harm() -> None:
    story = Story().tell(status("cut", 1, "phone"), retraction("r", 2, "r"), retraction("a", 3, "b"), retraction("b", 4, "a"))
    assert story.until(10).one("open").state == "open"


def test_a_check_taken_back_breaks_no_other_slot() -> None:
    told = [beats(), answered("east", "west"), retraction("r", 70, "east-32")]
    story = Story().tell(*told).until(100)
    assert [(lapse.subject, lapse.onset, lapse.severity) for lapse in story.of("checks")] == [("east", at(32), "warn")]


def test_a_retracted_contact_lets_the_outage_go_on() -> None:
    story = Story().tell(status("cut", 1, "phone"), contact("c", 20, "phone"), retraction("r", 30, "c")).until(31)
    assert story.one("open").state == "open"
    assert story.changes("open") == ["opened page", "resolved page", "reopened page"]


def test_two_sources_with_one_id_are_both_taken_back() -> None:
    told = [launch("x", 10, source="urn:a"), launch("x", 10, source="urn:b")]
    story = Story().tell(*told).until(20)
    assert len(story.of("prelaunch")) == 1
    story.now(retraction("r", 20, "x"))
    assert story.of("prelaunch") == []


# Evidence that has settled was forgotten. What is taken back or reported then must not be judged by what is left of it.

SHORT = changed(*((f'id = "{name}"', f'id = "{name}"\nsettle = "12 h"') for name in ("checks", "open", "rounds", "calls")))


def steady(until: float = 100) -> Story:
    """All is well on both lines, and what was so 12 hours ago is forgotten."""
    story = Story(rules=SHORT).tell(beats(), answered("east", "west")).until(until)
    assert story.said == []
    return story


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("a check taken back", retraction("r", 100, "east-96")),
        ("a contact of two days ago", contact("c", 50, "east")),
        ("a promise of two days ago", status("s", 50, "east", status="agreed-to-resume")),
        ("a declaration of two days ago that was never heard", status("s", 50, "east", status="open")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_slots_that_have_settled_are_not_judged_again(what: str, told: Any) -> None:
    story = steady().now(told).until(101)
    assert [lapse for lapse in story.said if lapse.rule == "checks" and lapse.onset < at(88)] == []


def test_a_beat_of_long_ago_asks_for_no_check_that_has_settled() -> None:
    told = [*beats(24, 144), *answered("east", "west")]
    story = Story(rules=SHORT).tell([one for one in told if one.time >= at(24)]).until(100)
    story.now(*beats(0, 2)).until(101)
    assert [lapse for lapse in story.said if lapse.rule == "checks"] == []


def test_a_retracted_suspension_of_long_ago_asks_for_no_check_that_has_settled() -> None:
    told = [beats(), answered("east", "west"), status("cut", 2, "east")]
    story = Story(rules=SHORT).tell(*told).until(100)
    story.now(retraction("r", 100, "cut")).until(101)
    assert [lapse for lapse in story.said if lapse.rule == "checks"] == []


def test_the_contact_that_ended_a_settled_suspension_still_ended_it_when_another_is_taken_back() -> None:
    told = [status("cut", 1, "phone"), contact("c1", 5, "phone"), contact("c2", 60, "phone"), contact("c3", 80, "phone")]
    story = Story(rules=SHORT).tell(*told).until(100)
    said = len(story.said)
    story.now(contact("c4", 99, "phone"), retraction("r", 100, "c3")).until(101)
    assert [lapse for lapse in story.said[said:] if lapse.rule == "open"] == []


def test_a_heartbeat_cannot_be_taken_back_whichever_comes_first() -> None:
    """What a feed vouched for is not kept beat by beat: so the order of the two must make no difference."""
    told = [*beats(0, 8), *beats(13, 13), *beats(18, 144), *answered("east", "west", until=0)]
    back = retraction("r", 1, "beat-desk-13")
    first = Story().until(143).now(back, *told).until(144)
    assert final(first.watch) == final(Story().until(143).now(*told, back).until(144).watch)
    assert final(first.watch) == final(Story().until(143).now(*told).until(144).watch)
