"""Channels stay open and regimes stay in force: declarations, promises, contact."""

import pytest

from tests.core.world import MICRO, Story, at, changed, check, contact, launch, meeting, request, retraction, statement, status

ALL = ("east", "west", "talks", "phone")


def test_a_suspension_is_a_page_at_once_and_all_of_one_announcement_are_one_group() -> None:
    story = Story().tell(status("cut", 10, *ALL)).until(10)
    assert {lapse.subject for lapse in story.of("open")} == set(ALL)
    assert {(lapse.severity.value, lapse.group, lapse.onset) for lapse in story.of("open")} == {("page", "cut", at(10))}
    # The one who declared it owes first.
    assert {lapse.parties for lapse in story.of("open")} == {("BB", "AA")}


def test_agreed_to_resume_and_declared_open_end_nothing_and_stand_in_the_reckoning() -> None:
    told = [status("cut", 10, "phone"), status("word", 20, "phone", status="agreed-to-resume")]
    story = Story().tell(told, status("open", 30, "phone", status="open")).until(40)
    lapse = story.one("open")
    assert (lapse.state, lapse.events) == ("open", ("cut", "word", "open"))
    assert sum("a promise, not contact" in line for line in lapse.arithmetic) == 2


def test_contact_ends_it_per_channel_on_dates_of_their_own() -> None:
    """US-China 2022-2024: one announcement, four channels back on four different dates."""
    told = [
        status("cut", 10, *ALL),
        check("east", "e", 20),
        meeting("m", 30),
        request("q", 40, "answered"),
        contact("c", 50, "west"),
    ]
    story = Story().tell(told).until(60)
    assert {lapse.subject: lapse.resolved for lapse in story.of("open")} == {
        "east": at(20),
        "talks": at(30),
        "phone": at(40),
        "west": at(50),
    }


@pytest.mark.parametrize("data", [{"public": True}, {"alternate": True}])
def test_a_public_statement_or_an_alternate_line_ends_no_suspension(data: dict[str, bool]) -> None:
    story = Story().tell(status("cut", 10, "phone"), contact("c", 20, "phone", data=data)).until(30)
    assert story.one("open").state == "open"


def test_a_repeated_suspension_is_the_same_outage_and_one_after_contact_is_another() -> None:
    told = [status("cut", 10, "phone"), status("again", 20, "phone"), contact("c", 30, "phone"), status("third", 40, "phone")]
    story = Story().tell(told).until(50)
    first, second = story.of("open")
    assert (first.onset, first.resolved) == (at(10), at(30))
    assert (second.onset, second.resolved) == (at(40), None)


def test_an_earlier_suspension_that_is_reported_later_moves_the_onset() -> None:
    story = Story().tell(status("second", 20, "phone")).until(30).now(status("first", 10, "phone"))
    assert [lapse.onset for lapse in story.of("open")] == [at(10)]
    assert [lapse.because for lapse in story.watch.lapses() if lapse.state == "withdrawn"] == ["first"]


def test_a_retracted_suspension_is_withdrawn_and_one_that_is_put_back_stands_again() -> None:
    story = Story().tell(status("cut", 10, "phone"), retraction("r", 12, "cut")).until(13)
    (lapse,) = [lapse for lapse in story.watch.lapses() if lapse.rule == "open"]
    assert (lapse.state, lapse.because) == ("withdrawn", "r")
    story.tell(retraction("rr", 14, "r")).until(15)
    assert story.one("open").state == "open"
    assert story.changes("open") == ["opened page", "withdrawn page", "reopened page"]


@pytest.mark.parametrize(("hours", "ended"), [(10 - MICRO, False), (10 + MICRO, True)])
def test_only_contact_after_the_declaration_ends_it(hours: float, ended: bool) -> None:
    story = Story().tell(contact("c", hours, "phone"), status("cut", 10, "phone")).until(20)
    assert (story.one("open").resolved is not None) is ended


def test_contact_in_the_minute_of_the_declaration_is_not_certainly_after_it_and_ends_nothing() -> None:
    """The call in which they say that they suspend the calls."""
    story = (
        Story().tell(contact("c", 10, "phone", precision="minute"), status("cut", 10, "phone", precision="minute")).until(20)
    )
    assert story.one("open").state == "open"


@pytest.mark.parametrize(("hours", "ended"), [(12.0, False), (23.9, False), (24.0, True)])
def test_contact_on_the_day_of_a_suspension_known_to_the_day_ends_nothing_and_the_day_after_does(
    hours: float, ended: bool
) -> None:
    story = Story().tell(status("cut", 12, "phone", precision="day"), contact("c", hours, "phone")).until(30)
    lapse = story.one("open")
    assert (lapse.onset, lapse.resolved is not None) == (at(0), ended)


def test_a_day_is_a_day_of_its_own_zone() -> None:
    """5 August in Beijing begins on 4 August at 16:00Z."""
    story = Story().tell(status("cut", 12, "phone", precision="day", zone="Asia/Shanghai")).until(30)
    assert story.one("open").onset == at(-8)


def test_two_sources_that_use_one_id_for_two_declarations_are_both_heard() -> None:
    told = [status("1", 10, "east", status="open", source="urn:a"), status("1", 11, "east", source="urn:b")]
    assert [lapse.onset for lapse in Story().tell(told).until(20).of("open")] == [at(11)]


def test_a_regime_is_suspended_per_type_of_notice() -> None:
    """New START 2023: the data stopped, the launch notices went on."""
    story = Story().tell(statement("data", 10, "suspended", "data")).until(20)
    assert story.of("regime") == []
    story.tell(statement("launch", 21, "suspended", "launch")).until(22)
    lapse = story.one("regime")
    assert (lapse.subject, lapse.reason, lapse.onset, lapse.severity) == ("AA/launch", "suspended", at(21), "page")


def test_a_statement_that_names_no_type_means_all_of_them() -> None:
    assert Story().tell(statement("all", 10, "renounced")).until(20).one("regime").reason == "renounced"


def test_a_second_statement_prolongs_nothing_and_in_force_ends_it() -> None:
    told = [statement("a", 10, "suspended"), statement("b", 20, "renounced"), statement("c", 30, "in-force")]
    lapse = Story().tell(told).until(40).one("regime")
    assert (lapse.onset, lapse.reason, lapse.resolved, lapse.events) == (at(10), "suspended", at(30), ("a", "c"))


def test_a_statement_corrected_within_the_day_is_withdrawn() -> None:
    """28 March 2023: "all notifications" stop; on 30 March the ministry puts it right."""
    story = Story().tell(statement("all", 10, "suspended"), retraction("correction", 40, "all")).until(41)
    assert story.of("regime") == []
    assert story.changes("regime") == ["opened page", "withdrawn page"]


def test_two_sources_that_use_one_id_for_two_statements_are_both_heard() -> None:
    told = [statement("1", 10, "in-force", source="urn:a"), statement("1", 11, "suspended", source="urn:b")]
    assert Story().tell(told).until(20).one("regime").onset == at(11)


@pytest.mark.parametrize(("ended", "restored"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("precision", ["minute", "day"])
def test_of_two_statements_of_one_moment_it_is_not_their_ids_that_say_which_came_last(
    ended: str, restored: str, precision: str
) -> None:
    """That the duty is in force again is not certainly a word after the one that ended it: the suspension stands."""
    told = [statement(ended, 20, "suspended", precision=precision), statement(restored, 20, "in-force", precision=precision)]
    story = Story().tell(*told, launch("l", 80)).until(120)
    assert [lapse.state for lapse in story.of("regime")] == ["open"]
    assert story.of("prelaunch") == []


@pytest.mark.parametrize(("hours", "state"), [(34, "open"), (48, "resolved")])
def test_only_a_word_that_certainly_followed_one_known_to_the_day_restores_the_duty(hours: float, state: str) -> None:
    """In force again at ten on the day on which it was suspended, nobody knows when: the suspension may have come after it."""
    told = [statement("s", 30, "suspended", precision="day"), statement("f", hours, "in-force")]
    story = Story().tell(*told, launch("l", 80)).until(120)
    assert [lapse.state for lapse in story.of("regime")] == [state]
    assert bool(story.of("prelaunch")) is (state == "resolved")


@pytest.mark.parametrize(("zone", "lapsed"), [("UTC", True), ("-05:00", False)])
def test_what_was_declared_on_a_day_that_reaches_beyond_its_rule_is_held_against_nobody(zone: str, lapsed: bool) -> None:
    rules = changed(
        ('channels = ["east", "west", "talks", "phone"]', 'channels = ["phone"]\nepochs = [{ until = 2026-02-28 }]'),
        ("regime = true", "regime = true\nepochs = [{ until = 2026-02-28 }]"),
    )
    day = {"precision": "day", "zone": zone}
    story = Story(rules=rules).tell(status("cut", 40, "phone", **day), statement("s", 40, "suspended", **day)).until(120)
    assert (bool(story.of("open")), bool(story.of("regime"))) == (lapsed, lapsed)


def test_a_channel_whose_dates_are_over_stands_open_no_longer() -> None:
    rules = changed(('title = "Phone"', 'title = "Phone"\nepoch = { until = 2026-02-28 }'))
    story = Story(rules=rules).tell(status("cut", 47, "phone"), status("late", 48, "phone", "talks"))
    assert [(lapse.subject, lapse.onset) for lapse in story.until(60).of("open")] == [("phone", at(47)), ("talks", at(48))]
    story = Story(rules=rules).tell(status("late", 48, "phone", "talks"))
    assert [lapse.subject for lapse in story.until(60).of("open")] == ["talks"]
