"""Findings in, revisions out: ids, revisions, what a withdrawal names, and what leaves the books."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest

from streams.agreements.model import Standing
from streams.events.decode import Refused
from streams.lapses import Finding, decode_lapse, encode_lapse, lapse_id
from streams.register import Register
from streams.rulebook import Rule
from streams.severity import Severity, worst
from tests.core.world import (
    START,
    WORLD,
    Story,
    answered,
    at,
    beats,
    changed,
    check,
    contact,
    event,
    incident,
    launch,
    measured,
    meeting,
    request,
    retraction,
    statement,
    status,
)

RULE: Rule[Any] = next(Rule(WORLD[0], one) for one in WORLD[0].obligations if isinstance(one, Standing))
PLACE = ("duty", "slot")


def finding(hours: float = 0, subject: str = "east", **fields: Any) -> Finding:
    """Something found, at so many hours after the start."""
    when = at(hours)
    return Finding(
        **{
            "subject": subject,
            "parties": ("AA", "BB"),
            "onset": when,
            "deadline": when,
            "changed": when,
            "severity": Severity.WARN,
            "reason": "suspended",
            **fields,
        }
    )


class Books:
    """A register with the moment of everything set to its number of hours."""

    def __init__(self) -> None:
        self.register = Register()

    def enter(self, hours: float, *found: Finding, because: str | None = None, settled: float = -1_000) -> list[str]:
        """Enter what is found; what is said of it."""
        said = self.register.enter(RULE, PLACE, found, at=at(hours), because=because, settled=at(settled))
        return [f"{lapse.change} {lapse.revision}" for lapse in said]


def test_an_id_is_a_hash_of_agreement_rule_subject_and_onset() -> None:
    # The same in every run, on every machine.
    assert lapse_id("small-world", "open", "east", START) == "d76d8c404064613f"
    names = {
        lapse_id(*parts)
        for parts in [
            ("a", "r", "s", START),
            ("b", "r", "s", START),
            ("a", "q", "s", START),
            ("a", "r", "t", START),
            ("a", "r", "s", START + timedelta(microseconds=1)),
            ("ar", "", "s", START),
        ]
    }
    assert len(names) == 6


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({}, {"state": "resolved", "resolved": at(5)}, "resolved"),
        ({"state": "resolved", "resolved": at(5)}, {}, "reopened"),
        ({}, {"state": "unknown"}, "unknown"),
        ({"state": "unknown"}, {}, "opened"),
        ({"state": "unknown"}, {"state": "resolved", "resolved": at(5)}, "resolved"),
        ({}, {"severity": Severity.PAGE}, "escalated"),
        ({"severity": Severity.PAGE}, {}, "eased"),
        ({}, {"events": ("one",)}, "amended"),
        ({}, {"claims": ("a / b",)}, "amended"),
    ],
)
def test_each_change_has_its_name_and_one_revision_more(before: dict[str, Any], after: dict[str, Any], change: str) -> None:
    books = Books()
    books.enter(0, finding(**before))
    assert books.enter(1, finding(**after)) == [f"{change} 2"]


def test_what_is_found_again_is_said_once() -> None:
    books = Books()
    assert books.enter(0, finding()) == ["opened 1"]
    assert books.enter(1, finding()) == []


def test_what_is_no_longer_found_is_withdrawn_names_the_event_and_counts_on_if_it_comes_back() -> None:
    books = Books()
    books.enter(0, finding())
    assert books.enter(1, because="late") == ["withdrawn 2"]
    (lapse,) = books.register.lapses()
    assert (lapse.state, lapse.because, lapse.at) == ("withdrawn", "late", at(1))
    assert books.enter(2, because="other") == []
    assert books.enter(3, finding()) == ["reopened 3"]


@pytest.mark.parametrize(("settled", "said"), [(4.999, ["withdrawn 3"]), (5, []), (6, [])])
def test_what_ended_before_it_settled_leaves_the_books_without_a_word(settled: float, said: list[str]) -> None:
    books = Books()
    books.enter(0, finding())
    books.enter(5, finding(state="resolved", resolved=at(5)))
    assert books.enter(6, settled=settled) == said
    assert bool(books.register.lapses()) is bool(said)


def test_what_is_open_never_settles() -> None:
    books = Books()
    books.enter(0, finding())
    assert books.enter(6, settled=1_000) == ["withdrawn 2"]


def test_a_withdrawn_lapse_leaves_the_books_in_its_time_too() -> None:
    books = Books()
    books.enter(0, finding())
    books.enter(1, because="late")
    assert books.enter(2, settled=1) == []
    assert books.register.lapses() == []


def test_several_changes_come_by_onset_then_id() -> None:
    books = Books()
    register = books.register
    found = [finding(3, "west"), finding(1, "west"), finding(3, "east"), finding(2, "talks")]
    said = register.enter(RULE, PLACE, found, at=START, because=None, settled=at(-1_000))
    assert [lapse.onset for lapse in said] == [at(1), at(2), at(3), at(3)]
    assert said == sorted(said, key=lambda lapse: (lapse.onset, lapse.id))
    assert register.lapses() == said


def test_a_lapse_carries_its_clause_and_sources_and_survives_the_log() -> None:
    lapse = Story().tell(status("cut", 1, "east")).until(2).one("open")
    assert (lapse.clause, lapse.sources, lapse.agreement, lapse.obligation) == (
        "Channels stay open",
        ("urn:test",),
        "small-world",
        "standing",
    )
    assert decode_lapse(encode_lapse(lapse)) == lapse


def test_severities_have_an_order() -> None:
    assert [one.rank for one in (Severity.INFO, Severity.WARN, Severity.PAGE, Severity.CRITICAL)] == [0, 1, 2, 3]
    assert Severity.WARN.raised() is Severity.PAGE
    assert Severity.CRITICAL.raised() is Severity.CRITICAL
    assert worst(Severity.PAGE, Severity.WARN) is Severity.PAGE


def test_over_a_whole_story_revisions_count_up_by_one_and_a_withdrawal_by_a_report_names_it() -> None:
    story = Story()
    story.tell(
        beats(),
        answered("east", "west", skip=(8.0, 24.0)),
        launch("l", 10),
        incident("i", 12),
        request("p", 5),
        meeting("m", 1),
    )
    story.tell(status("cut", 40, "phone"), contact("c", 60, "phone"), measured("v", 1, 5)).until(100)
    story.now(check("east", "late", 8.2), retraction("r", 99, "cut"), contact("c2", 12.5)).until(140)
    revisions: dict[str, list[int]] = defaultdict(list)
    for lapse in story.said:
        revisions[lapse.id].append(lapse.revision)
        if lapse.change == "withdrawn":
            assert lapse.because in ("late", "r", "c2")
    assert len(revisions) > 6
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in revisions.values())


# What the watch refuses, and what it keeps apart.


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (check("nowhere", "x", 1), "knows the channel 'nowhere'"),
        (request("x", 1, channel="nowhere"), "knows the channel 'nowhere'"),
        (status("x", 1, "east", "nowhere"), "knows the channel 'nowhere'"),
        (contact("x", 1, "nowhere"), "knows the channel 'nowhere'"),
        (event("feed.heartbeat", "x", 1, {"feed": "nowhere"}), "knows the feed 'nowhere'"),
        (
            event("regime.statement", "x", 1, {"party": "AA", "agreements": ["small-world", "no"], "status": "suspended"}),
            "is called 'no'",
        ),
        (event("benchmark.report", "x", 1, {"agreement": "no", "measure": "sites", "value": 1}), "is called 'no'"),
    ],
)
def test_a_name_that_no_rule_knows_is_refused_and_nothing_has_changed(told: Any, words: str) -> None:
    story = Story().until(20)
    for one in (
        told,
        event(type(told).__struct_config__.tag.removeprefix("org.steadyline.").removesuffix(".v1"), "far", 500, as_data(told)),
    ):
        with pytest.raises(Refused, match=words):
            story.watch.receive(one)
    assert story.until(600).watch.lapses() == []


def as_data(one: Any) -> dict[str, Any]:
    """The event's data as JSON would have it."""
    import msgspec

    result: dict[str, Any] = msgspec.to_builtins(one.data)
    return result


SETTLES = changed(
    *(
        (f'id = "{name}"', f'id = "{name}"\nsettle = "12 h"')
        for name in ("checks", "rounds", "open", "calls", "contact", "prelaunch")
    )
)


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("a check", lambda hours: check("east", "x", hours, "unanswered")),
        ("a request", lambda hours: request("x", hours)),
        ("an incident", lambda hours: incident("x", hours)),
        ("a launch", lambda hours: launch("x", hours)),
        ("a meeting", lambda hours: meeting("x", hours)),
    ],
)
def test_an_event_too_old_to_amend_anything_is_refused_and_nothing_has_changed(name: str, build: Any) -> None:
    rules = SETTLES
    told = [beats(), answered("east", "west", until=48)]
    story = Story(rules=rules).tell(*told).until(50)
    before = story.watch.lapses()
    with pytest.raises(Refused, match="too late to amend anything"):
        story.watch.receive(build(38 - 0.001))
    assert story.watch.lapses() == before
    story.watch.receive(build(38))


def test_drills_touch_nothing_of_the_real_world_and_say_so() -> None:
    told = [beats(), answered("east", "west", until=144)]
    real = Story().tell(*told)
    drill = [
        status("d1", 10, "east", "west", exercise=True),
        incident("d2", 12, exercise=True),
        launch("d3", 14),
        retraction("d4", 30, "east-8", exercise=True),
        check("east", "d5", 40.2, "unanswered", exercise=True),
    ]
    real.tell(
        [
            one if one.id != "d3" else event("launch.observation", "d3", 14, {"party": "AA", "class": "icbm"}, exercise=True)
            for one in drill
        ]
    )
    real.until(100)
    assert {lapse.rule for lapse in real.watch.lapses() if lapse.exercise} >= {"open", "contact", "prelaunch"}
    assert [lapse for lapse in real.watch.lapses() if not lapse.exercise] == []
    assert all(lapse.exercise for lapse in real.said)


def test_a_drill_s_reports_do_not_answer_the_real_world() -> None:
    told = [
        incident("i", 10),
        contact("c", 11, exercise=True),
        status("cut", 12, "phone"),
        contact("d", 13, "phone", exercise=True),
    ]
    story = Story().tell(*told).until(40)
    assert {(lapse.rule, lapse.state, lapse.exercise) for lapse in story.watch.lapses()} == {
        ("contact", "open", False),
        ("open", "open", False),
    }


def test_a_drill_s_tick_does_not_move_the_real_clock() -> None:
    story = Story().tell(beats(end=10), answered("east", "west", until=8)).until(10)
    story.now(event("tick", "t", 1_000, {}, exercise=True))
    assert story.watch.now == at(10)
    assert story.watch.lapses() == []


def test_duplicates_from_one_source_are_one_event_and_the_same_id_from_another_is_another() -> None:
    story = Story().tell(incident("1", 10, "i1"), incident("1", 10, "i1"), incident("1", 10, "i2", source="urn:b")).until(20)
    assert {lapse.subject for lapse in story.of("contact")} == {"AA-BB/i1", "AA-BB/i2"}


def test_a_statement_from_long_ago_is_still_heard() -> None:
    story = Story(rules=SETTLES).until(140).now(statement("old", -20, "suspended"))
    assert story.one("regime").onset == at(-20)
