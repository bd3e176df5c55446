"""Expectations held against the transitions of a watch."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from producers.history.expect import unmet
from producers.history.story import Expectation, Story, When
from streams.lapses import Lapse
from streams.severity import Severity


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OPENED = Lapse(
    id="a" * 16,
    revision=1,
    change="opened",
    at=at("2023-04-07T00:30"),
    agreement="koreas",
    obligation="cadence",
    rule="calls",
    subject="liaison",
    parties=("DPRK", "ROK"),
    onset=at("2023-04-07T00:00"),
    deadline=at("2023-04-07T00:30"),
    resolved=None,
    state="open",
    severity=Severity.WARN,
    reason="missed-check",
    events=("first",),
    because=None,
    arithmetic=("due 2023-04-07 00:00Z",),
    claims=("time: 00:00Z (urn:a) / 00:01Z (urn:b)",),
    group="april",
    clause="Twice a day.",
    sources=("urn:test",),
    unverified=(),
    proposed=False,
    exercise=False,
    run=None,
)


def then(before: Lapse, change: str, time: str, **fields: Any) -> Lapse:
    return msgspec.structs.replace(before, revision=before.revision + 1, change=change, at=at(time), **fields)


ESCALATED = then(
    OPENED, "escalated", "2023-04-07T08:30", severity=Severity.PAGE, arithmetic=(*OPENED.arithmetic, "raised to page")
)
RESOLVED = then(ESCALATED, "resolved", "2023-04-08T00:00", state="resolved", resolved=at("2023-04-08T00:00"))
REOPENED = then(RESOLVED, "reopened", "2023-04-09T00:00", state="open", resolved=None)
AGAIN = then(REOPENED, "resolved", "2023-04-10T00:00", state="resolved", resolved=at("2023-04-10T00:00"))
WITHDRAWN = then(ESCALATED, "withdrawn", "2023-04-08T00:00", state="withdrawn")
OTHER = msgspec.structs.replace(OPENED, id="b" * 16, subject="PRC/launch/JPN", group=None)

WHOLE = [OPENED, ESCALATED, RESOLVED]


def story(*, must: Iterable[Expectation] = (), must_not: Iterable[Expectation] = ()) -> Story:
    return Story(
        name="test",
        title="A test",
        about="For a test.",
        start=at("2023-04-01"),
        until=at("2023-05-01"),
        must=tuple(must),
        must_not=tuple(must_not),
    )


def expected(**fields: Any) -> Expectation:
    return Expectation(note="a test", **fields)


FOUND: list[tuple[dict[str, Any], list[Lapse]]] = [
    ({}, WHOLE),
    ({"agreement": "koreas", "obligation": "cadence", "rule": "calls", "reason": "missed-check", "group": "april"}, WHOLE),
    ({"subject": "liaison"}, WHOLE),
    ({"subject": "PRC/*/JPN"}, [OTHER]),
    ({"parties": ("ROK",)}, WHOLE),
    ({"parties": ("ROK", "DPRK")}, WHOLE),
    ({"severity": Severity.WARN}, WHOLE),
    ({"severity": Severity.PAGE}, WHOLE),
    ({"at_least": Severity.WARN}, WHOLE),
    ({"at_least": Severity.PAGE}, WHOLE),
    ({"state": "resolved"}, WHOLE),
    ({"state": "resolved", "severity": Severity.WARN}, WHOLE),
    ({"state": "withdrawn", "at_least": Severity.PAGE}, [OPENED, ESCALATED, WITHDRAWN]),
    ({"onset": When(at("2023-04-07T00:00")), "deadline": When(at("2023-04-07T00:30"))}, WHOLE),
    ({"onset": When(date(2023, 4, 7)), "deadline": When(date(2023, 4, 7))}, WHOLE),
    ({"onset": When(date(2023, 4, 6)), "zone": "America/New_York"}, WHOLE),
    ({"resolved": When(at("2023-04-08T00:00"))}, WHOLE),
    ({"resolved": When(date(2023, 4, 8)), "zone": "Asia/Seoul"}, WHOLE),
    ({"at_least": Severity.PAGE, "by": at("2023-04-07T08:30")}, WHOLE),
    ({"at_least": Severity.PAGE, "after": at("2023-04-07T08:30")}, WHOLE),
    ({"by": at("2023-04-07T00:30")}, WHOLE),
    ({"change": "escalated"}, WHOLE),
    ({"change": "resolved", "after": at("2023-04-10T00:00")}, [*WHOLE, REOPENED, AGAIN]),
    ({"change": "resolved", "by": at("2023-04-08T00:00")}, [*WHOLE, REOPENED, AGAIN]),
    ({"raised": True}, WHOLE),
    ({"raised": False}, WHOLE),
    ({"says": "due 2023-04-07"}, WHOLE),
    ({"says": "00:01Z (urn:b)"}, WHOLE),
    ({"count": 2}, [OPENED, OTHER, ESCALATED]),
    ({"subject": "liaison", "count": 1}, [OPENED, OTHER, ESCALATED]),
]
NOT_FOUND: list[tuple[dict[str, Any], list[Lapse]]] = [
    ({}, []),
    ({"agreement": "korea"}, WHOLE),
    ({"obligation": "response"}, WHOLE),
    ({"rule": "talks"}, WHOLE),
    ({"subject": "lia"}, WHOLE),
    ({"subject": "LIAISON"}, WHOLE),
    ({"parties": ("ROK", "US")}, WHOLE),
    ({"severity": Severity.CRITICAL}, WHOLE),
    ({"at_least": Severity.CRITICAL}, WHOLE),
    ({"at_least": Severity.PAGE}, [OPENED]),
    ({"state": "open"}, WHOLE),
    ({"onset": When(at("2023-04-07T00:01"))}, WHOLE),
    ({"onset": When(date(2023, 4, 8))}, WHOLE),
    ({"resolved": When(date(2023, 4, 8))}, [OPENED]),
    ({"resolved": When(date(2023, 4, 8))}, [*WHOLE, REOPENED, AGAIN]),
    ({"at_least": Severity.PAGE, "by": at("2023-04-07T08:29")}, WHOLE),
    ({"at_least": Severity.PAGE, "after": at("2023-04-07T08:31")}, WHOLE),
    ({"after": at("2023-04-07T00:31")}, WHOLE),
    ({"change": "reopened"}, WHOLE),
    ({"change": "resolved", "after": at("2023-04-08T00:01"), "by": at("2023-04-09T23:59")}, [*WHOLE, REOPENED, AGAIN]),
    ({"group": "may"}, WHOLE),
    ({"raised": True}, [OPENED]),
    ({"says": "due 2023-04-08"}, WHOLE),
    ({"severity": Severity.WARN, "raised": True}, WHOLE),
]


@pytest.mark.parametrize(("fields", "transitions"), FOUND)
def test_what_is_there_is_found(fields: dict[str, Any], transitions: list[Lapse]) -> None:
    assert unmet(story(must=[expected(**fields)]), transitions) == []


@pytest.mark.parametrize(("fields", "transitions"), NOT_FOUND)
def test_what_is_not_there_is_missed(fields: dict[str, Any], transitions: list[Lapse]) -> None:
    assert len(unmet(story(must=[expected(**fields)]), transitions)) == 1


@pytest.mark.parametrize(("fields", "transitions"), [case for case in FOUND if "count" not in case[0]])
def test_what_must_not_be_there_is_named(fields: dict[str, Any], transitions: list[Lapse]) -> None:
    (sentence,) = unmet(story(must_not=[expected(**fields)]), transitions)
    assert sentence.startswith(f"must_not 1 (a test): lapse {transitions[0].id}")


@pytest.mark.parametrize(("fields", "transitions"), NOT_FOUND)
def test_what_must_not_be_there_and_is_not_is_no_matter(fields: dict[str, Any], transitions: list[Lapse]) -> None:
    assert unmet(story(must_not=[expected(**fields)]), transitions) == []


@pytest.mark.parametrize("count", [1, 3])
def test_a_count_is_exact_and_says_what_was_found(count: int) -> None:
    (sentence,) = unmet(story(must=[expected(count=count)]), [OPENED, OTHER])
    assert f"expected {count} with anything at all, got 2; lapse {OPENED.id}" in sentence
    assert OTHER.id in sentence


def test_every_lapse_that_must_not_be_there_is_named() -> None:
    assert len(unmet(story(must_not=[expected(rule="calls")]), [OPENED, OTHER])) == 2


def test_a_missed_expectation_names_the_nearest_lapse_and_what_it_lacks() -> None:
    (sentence,) = unmet(story(must=[expected(subject="liaison", reason="declined", state="resolved")]), [OTHER, *WHOLE])
    assert "no lapse has subject=liaison, reason=declined, state=resolved" in sentence
    assert f"nearest: lapse {RESOLVED.id}" in sentence
    assert sentence.endswith("which differs in reason")


def test_a_missed_moment_is_named() -> None:
    (sentence,) = unmet(story(must=[expected(at_least=Severity.PAGE, by=at("2023-04-07T08:00"))]), WHOLE)
    assert "by=2023-04-07 08:00Z" in sentence
    assert sentence.endswith("which differs in when it took effect")


def test_expectations_are_numbered_in_file_order() -> None:
    sentences = unmet(story(must=[expected(), expected(rule="x"), expected(rule="y")], must_not=[expected()]), WHOLE)
    assert [sentence.split(" (")[0] for sentence in sentences] == ["must 2", "must 3", "must_not 1"]
