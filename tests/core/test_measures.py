"""What is measured on the way is told with what it is held against, and told again where a report amends it."""

from collections.abc import Sequence

from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.posture import Measure
from tests.core.test_floor import minutes, never, sent
from tests.core.world import (
    WORLD,
    at,
    check,
    contact,
    incident,
    launch,
    notice,
    request,
    retraction,
)

Rules = Sequence[Agreement]
Thing = tuple[str, str, str]


def measured(*events: AnyEvent) -> list[Measure]:
    """What was measured until a day after the last of the events."""
    over = check("west", "over", 100)
    return [measure for posture in minutes(WORLD, sent([*events, over], WORLD), 0, 1, never) for measure in posture.measures]


def test_what_is_measured_is_held_against_the_rule() -> None:
    events = [
        notice("n", 10, "n1", 34, 40),
        launch("l", 35),
        launch("m", 60, "BB"),
        request("q", 1),
        request("a", 3, "answered"),
        incident("i", 4),
        contact("c", 5.5),
    ]
    last = {(one.what, one.subject): one for one in measured(*events)}
    assert {key: (one.value, one.owed, one.recipient) for key, one in last.items()} == {
        ("lead", "AA"): (24.0, 24.0, "BB"),
        ("launch", "AA"): (1.0, 1.0, "BB"),
        ("launch", "BB"): (0.0, 1.0, "AA"),
        ("answer", "phone"): (7_200.0, 28_800.0, None),
        ("contact", "AA-BB"): (5_400.0, 7_200.0, None),
    }
    assert last["lead", "AA"].at == at(34)


def test_a_report_that_amends_what_was_measured_tells_it_again() -> None:
    told = measured(request("q", 1), request("a", 5, "answered"), check("west", "w", 9), request("b", 3, "answered"))
    assert [one.value for one in told] == [14_400.0, 7_200.0]


def test_an_answer_that_is_taken_back_tells_what_stands_instead() -> None:
    told = measured(
        *(request("q", 1), request("a", 3, "answered"), request("b", 5, "answered"), check("west", "w", 9)),
        retraction("r", 10, "a"),
    )
    assert told[-1].value == 14_400.0
