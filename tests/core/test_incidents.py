"""After an incident of high gravity the parties talk within 2 hours; a page after 24; louder while every line is down."""

import pytest

from streams.events import AnyEvent
from tests.core.world import (
    MICRO,
    Story,
    answered,
    at,
    beats,
    changed,
    check,
    contact,
    incident,
    meeting,
    request,
    retraction,
    status,
)

DUE = 10.0 + 2.0
"""Incidents happen at 10."""
CUT = status("cut", 1, "east", "west")
"""Every military line of the pair stands suspended."""


@pytest.mark.parametrize(("hours", "lapsed"), [(DUE - MICRO, False), (DUE, False), (DUE + MICRO, True)])
def test_contact_is_owed_by_the_deadline_inclusive(hours: float, lapsed: bool) -> None:
    assert bool(Story().tell(incident("i", 10)).until(hours).of("contact")) is lapsed


@pytest.mark.parametrize(("hours", "lapsed"), [(10 + MICRO, False), (DUE, False), (DUE + MICRO, True)])
def test_contact_at_the_deadline_is_in_time_and_later_it_resolves(hours: float, lapsed: bool) -> None:
    story = Story().tell(incident("i", 10), contact("c", hours)).until(60)
    assert [lapse.resolved for lapse in story.of("contact")] == ([at(hours)] if lapsed else [])


@pytest.mark.parametrize(("hours", "severity"), [(34, "warn"), (34 + MICRO, "page")])
def test_it_grows_louder_by_the_steps(hours: float, severity: str) -> None:
    assert Story().tell(incident("i", 10)).until(hours).one("contact").severity == severity


@pytest.mark.parametrize(("gravity", "asks"), [("low", False), ("elevated", False), ("high", True), ("critical", True)])
def test_only_incidents_of_some_gravity_ask_for_contact(gravity: str, asks: bool) -> None:
    assert bool(Story().tell(incident("i", 10, gravity=gravity)).until(20).of("contact")) is asks


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        (contact("c", 20), True),
        (contact("c", 20, data={"alternate": True}), True),
        (contact("c", 20, data={"public": True}), False),
        (contact("c", 20, data={"parties": ["BB", "AA"]}), True),
        (contact("c", 20, data={"parties": ["AA", "CC"]}), False),
        (meeting("c", 20), True),
        (meeting("c", 20, "no-show"), False),
        (request("c", 20, "answered"), True),
        (request("c", 20, "acknowledged"), False),
        (check("east", "c", 20), False),
        (contact("c", 9), False),
    ],
)
def test_contact_of_the_two_ends_the_waiting_whatever_the_channel_and_nothing_else_does(told: AnyEvent, ends: bool) -> None:
    story = Story().tell(incident("i", 10), told).until(21)
    assert (story.one("contact").state == "resolved") is ends


def test_contact_over_somebody_else_s_line_ends_the_waiting_and_not_the_outage() -> None:
    """29 October 2023: a boat adrift, all lines dead, told by way of the UN Command."""
    told = [incident("i", 10), contact("c", 11, "east", data={"alternate": True})]
    story = Story().tell(status("cut", 1, "east"), told).until(60)
    assert story.of("contact") == []
    assert story.one("open").state == "open"


def test_an_incident_known_to_the_day_is_owed_contact_from_the_day_s_last_instant() -> None:
    story = Story().tell(incident("i", 10, precision="day", reported=at(11).isoformat())).until(26)
    assert story.of("contact") == []
    lapse = story.until(26 + MICRO).one("contact")
    assert (lapse.onset, lapse.deadline) == (at(0), at(26))


@pytest.mark.parametrize(("hours", "ends"), [(-0.1, False), (0.1, True), (23, True)])
def test_contact_on_the_day_of_an_incident_known_to_the_day_can_have_followed_it(hours: float, ends: bool) -> None:
    story = Story().tell(contact("c", hours), incident("i", 10, precision="day")).until(60)
    assert bool(story.of("contact")) is not ends


def test_an_incident_reported_eight_days_late_is_judged_by_its_own_day() -> None:
    """21 December 2022, disclosed on the 29th."""
    story = Story().tell(incident("i", 10, reported=at(200).isoformat())).until(200)
    lapse = story.one("contact")
    assert (lapse.onset, lapse.deadline, lapse.severity, lapse.at) == (at(10), at(12), "page", at(12))


def test_the_most_precise_claim_is_reckoned_with_and_every_claim_is_kept() -> None:
    told = [
        incident("day", 10, precision="day", source="urn:a", data={"closest_m": 6.0}),
        incident("minute", 10, precision="minute", gravity="critical", source="urn:b", data={"closest_m": 3.0}),
    ]
    lapse = Story().until(40).now(*told).one("contact")
    assert (lapse.onset, lapse.events) == (at(10), ("day", "minute"))
    assert lapse.claims == (
        "gravity: high (urn:a) / critical (urn:b)",
        "closest approach: 6 m (urn:a) / 3 m (urn:b)",
    )


def test_the_worse_gravity_counts_where_sources_disagree() -> None:
    told = [incident("a", 10, gravity="low", source="urn:a"), incident("b", 10, gravity="high", source="urn:b")]
    assert Story().tell(told).until(20).one("contact").state == "open"


def test_two_sources_that_use_one_id_for_two_claims_are_both_heard() -> None:
    told = [incident("1", 10, gravity="high", source="urn:a"), incident("1", 10.1, gravity="low", source="urn:b")]
    assert [bool(Story().until(20).now(*order).of("contact")) for order in (told, told[::-1])] == [True, True]


def test_a_retracted_incident_is_withdrawn() -> None:
    """13 January 2018: it was no attack."""
    story = Story().tell(incident("i", 10), retraction("r", 20, "i")).until(21)
    (lapse,) = [lapse for lapse in story.watch.lapses() if lapse.rule == "contact"]
    assert (lapse.state, lapse.because) == ("withdrawn", "r")


@pytest.mark.parametrize("loud", [True, False])
def test_an_incident_while_every_military_line_is_lapsed_is_louder_by_one(loud: bool) -> None:
    cut = CUT if loud else status("cut", 1, "east")
    story = Story().tell(cut, incident("i", 10)).until(20)
    lapse = story.one("contact")
    assert lapse.severity == ("page" if loud else "warn")
    assert any("every military channel was lapsed (east, west)" in line for line in lapse.arithmetic) is loud


def test_a_military_line_that_is_no_more_is_none_of_every_one() -> None:
    rules = changed(('title = "West line"', 'title = "West line"\nepoch = { until = 2026-02-26 }'))
    story = Story(rules=rules).tell(status("cut", 1, "east"), incident("i", 10)).until(20)
    assert story.one("contact").severity == "page"


def test_a_line_in_an_outage_is_lapsed_too_and_one_that_is_unknown_is_not() -> None:
    down = Story().tell(beats(), answered("east", "west", until=0), incident("i", 10)).until(13)
    unknown = Story().tell(beats(end=2), answered("east", "west", until=0), incident("i", 20)).until(23)
    assert (down.one("contact").severity, unknown.one("contact").severity) == ("page", "warn")


def test_the_raise_is_taken_back_when_a_line_turns_out_to_have_been_up() -> None:
    story = Story().tell(beats(), answered("east", "west", until=0), incident("i", 10)).until(13)
    story.now(check("west", "late", 8.1))
    assert story.one("contact").severity == "warn"
    assert story.said[-1].because == "late"
    assert [one for one in story.changes("contact") if one == "eased warn"] == ["eased warn"]


def test_the_raise_comes_late_when_the_suspension_does() -> None:
    story = Story().tell(incident("i", 10)).until(13).now(CUT)
    assert story.one("contact").severity == "page"


@pytest.mark.parametrize(("hours", "loud"), [(10 - MICRO, False), (10 + MICRO, True)])
def test_a_line_must_have_been_lapsed_when_it_happened(hours: float, loud: bool) -> None:
    story = Story().tell(CUT, contact("e", hours, "east", data={"parties": ["AA", "BB"]}), incident("i", 10)).until(13)
    # The contact itself, where it came after the incident, ends the waiting.
    assert [lapse.severity for lapse in story.of("contact")] == ([] if loud else ["warn"])


def test_incidents_close_together_while_lapsed_are_counted_and_those_further_back_are_not() -> None:
    told = [incident("a", 10, "i1"), incident("b", 82, "i2"), incident("c", 82.1, "i3")]
    story = Story().tell(CUT, told).until(120)
    said = {lapse.subject: lapse.arithmetic for lapse in story.of("contact")}
    assert any("2 incidents within 72 h" in line for line in said["AA-BB/i2"])
    assert any("2 incidents within 72 h" in line for line in said["AA-BB/i3"])


def test_two_incidents_within_days_while_a_line_is_lapsed_are_louder_than_one() -> None:
    """R15: every military channel lapsed, or two incidents in ten days while lapsed."""
    told = [status("cut", 1, "east"), incident("a", 10, "i1"), incident("b", 20, "i2")]
    story = Story().tell(told).until(23)
    assert {lapse.subject: lapse.severity.value for lapse in story.of("contact")}["AA-BB/i2"] == "page"


def test_a_late_incident_keeps_the_contact_that_followed_it_however_many_others_are_settled() -> None:
    rules = changed(('id = "contact"', 'id = "contact"\nsettle = "48 h"'))
    story = Story(rules=rules)
    story.tell(incident("old", 0, "i1"), contact("c0", 1), contact("c1", 41), contact("c2", 60), incident("new", 61, "i2"))
    story.until(88)
    # i1 is settled; a report of one at 40.5, followed by contact within half an hour, is not too late.
    story.now(incident("late", 40.5, "i3")).until(89)
    assert [lapse for lapse in story.of("contact") if lapse.subject == "AA-BB/i3"] == []


def test_an_open_incident_stays_as_loud_as_it_was_when_the_outage_it_fell_into_has_settled() -> None:
    rules = changed(('id = "checks"', 'id = "checks"\nsettle = "12 h"'))
    told = [beats(), answered("east", "west", skip=(8.0,), until=144), incident("i", 10)]
    story = Story(rules=rules).tell(*told).until(26)
    assert story.one("contact").severity == "page"
    story.until(60)
    story.now(incident("more", 10, source="urn:b"))
    assert story.one("contact").severity == "critical"
    assert not any(change.startswith("eased") for change in story.changes("contact"))


def test_a_contact_taken_back_after_years_of_silence_leaves_the_incident_open() -> None:
    rules = changed(('id = "contact"', 'id = "contact"\nsettle = "24 h"'))
    story = Story(rules=rules).tell(incident("i", 10), contact("c", 500), retraction("r", 510, "c")).until(520)
    assert story.one("contact").state == "open"
