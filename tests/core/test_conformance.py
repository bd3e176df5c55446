"""A launch agrees with its notice: within the window, near the areas, of the class; the notice says what it must."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from tests.core.world import MICRO, MINUTE, Story, at, changed, event, launch, notice, retraction, statement

OPENS, CLOSES = 24.0, 30.0
NO_CLASS: dict[str, Any] = {"class": None}
BY_DATE = (('after = "12 h", km', 'after = "90 h", km'), ('lead = "24 h"', 'lead = "24 h"\nreference = "date"'))
"""As in 1988: what counts is the planned date."""
PLACE = {"shape": "circle", "lat": 40.0, "lon": 125.0, "radius_km": 10.0}


def rules(*more: str) -> Any:
    """The small world with more fields on its conformance rule."""
    return changed(
        ('notices = "prelaunch"\nrequired = ["class"]', "\n".join(('notices = "prelaunch"', 'required = ["class"]', *more)))
    )


@pytest.mark.parametrize(
    ("hours", "well"), [(OPENS - MICRO, False), (OPENS, True), (27.0, True), (CLOSES, True), (CLOSES + MICRO, False)]
)
def test_a_launch_exactly_when_the_window_opens_or_closes_is_within_it(hours: float, well: bool) -> None:
    story = Story().tell(notice("n", 0, "n1", OPENS, CLOSES), launch("l", hours)).until(60)
    assert bool(story.of("as-notified")) is not well
    assert story.of("prelaunch") == []


def test_seventy_eight_minutes_early_is_said_in_minutes() -> None:
    """21 November 2023: launched 13:42Z, the window opens 15:00Z."""
    story = Story().tell(notice("n", 0, "n1", OPENS, CLOSES), launch("l", OPENS - 78 * MINUTE)).until(60)
    lapse = story.one("as-notified")
    assert (lapse.reason, lapse.severity, lapse.events) == ("outside-window", "page", ("l", "n"))
    assert "1 h 18 min (78 min) before it" in lapse.arithmetic[0]


def further(*windows: tuple[float, float]) -> list[dict[str, str]]:
    """More windows of a notice, in hours after the start."""
    return [{"opens": at(opens).isoformat(), "closes": at(closes).isoformat()} for opens, closes in windows]


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (25.0, None),
        (36.0, None),
        (50.0, None),
        (54.0, None),
        (32.0, "launched 2026-02-27 08:00Z, window 1 of 3 closed 2026-02-27 06:00Z: 2 h (120 min) after it"),
        (35.0, "launched 2026-02-27 11:00Z, window 2 of 3 opens 2026-02-27 12:00Z: 1 h (60 min) before it"),
        (55.0, "launched 2026-02-28 07:00Z, window 3 of 3 closed 2026-02-28 06:00Z: 1 h (60 min) after it"),
        (23.5, "launched 2026-02-26 23:30Z, window 1 of 3 opens 2026-02-27 00:00Z: 30 min before it"),
    ],
)
def test_a_launch_in_any_window_keeps_the_notice_and_else_the_nearest_is_named(hours: float, words: str | None) -> None:
    told = notice("n", 0, "n1", OPENS, CLOSES, further_windows=further((48, 54), (36, 42)))
    story = Story().tell(told, launch("l", hours)).until(90)
    assert [lapse.arithmetic[0] for lapse in story.of("as-notified")] == ([words] if words else [])
    assert story.of("prelaunch") == []


def test_two_claims_may_lie_in_two_windows() -> None:
    told = [launch("a", CLOSES, source="urn:a"), launch("b", CLOSES + 4 * MINUTE, source="urn:b")]
    reserve = further((CLOSES + 4 * MINUTE, 40))
    story = Story().tell(notice("n", 0, "n1", OPENS, CLOSES, further_windows=reserve), *told).until(60)
    assert story.of("as-notified") == []
    assert len(Story().tell(notice("n", 0, "n1", OPENS, CLOSES), *told).until(60).of("as-notified")) == 1


@pytest.mark.parametrize(
    ("hours", "well"), [(24 + 24 + MICRO, False), (47 + 1, True), (71 + 1, True), (96, True), (96.1, False)]
)
def test_valid_for_holds_from_the_day_of_each_window(hours: float, well: bool) -> None:
    story = Story(rules=changed(('required = ["class"]', 'valid_for = "24 h"'), *BY_DATE))
    story.tell(notice("n", 0, "n1", 30, 32, further_windows=further((78, 80))), launch("l", hours)).until(140)
    assert bool(story.of("as-notified")) is not well


def test_where_parts_of_the_notice_could_not_be_read_the_reckoning_says_so() -> None:
    told = notice("n", 0, "n1", OPENS, CLOSES, unread=["ILLEGIBLE"], **NO_CLASS)
    story = Story().tell(told, launch("l", 31)).until(60)
    assert all("could not be read" in lapse.arithmetic[-1] for lapse in story.of("as-notified"))
    assert len(story.of("as-notified")) == 2
    late = Story().tell(notice("n", 20, "n1", OPENS, CLOSES, unread=["ILLEGIBLE"])).until(60)
    assert "could not be read" in late.one("prelaunch").arithmetic[-1]


@pytest.mark.parametrize(("early", "well"), [(10 * MINUTE, True), (10 * MINUTE + MICRO, False)])
def test_the_tolerance_is_inclusive(early: float, well: bool) -> None:
    story = Story(rules=rules('tolerance = "10 min"')).tell(notice("n", 0, "n1", OPENS, CLOSES), launch("l", OPENS - early))
    assert bool(story.until(60).of("as-notified")) is not well


@pytest.mark.parametrize(("hours", "well"), [(24.0, True), (24 + 72, True), (24 + 72 + MICRO, False), (24 - MICRO, False)])
def test_valid_for_counts_days_from_the_start_of_the_planned_date(hours: float, well: bool) -> None:
    """1988: the notice holds for days from the notified date, whatever the hour."""
    story = Story(rules=changed(('required = ["class"]', 'valid_for = "3 d"'), *BY_DATE))
    story.tell(notice("n", 0, "n1", 30, 32), launch("l", hours)).until(140)
    assert bool(story.of("as-notified")) is not well


def test_the_worse_of_two_claims_counts_where_they_differ_about_the_window() -> None:
    told = [launch("a", OPENS, source="urn:a"), launch("b", OPENS - MINUTE, source="urn:b")]
    lapse = Story().tell(notice("n", 0, "n1", OPENS, CLOSES), *told).until(60).one("as-notified")
    assert lapse.reason == "outside-window"
    assert lapse.claims == ("time: 23:59Z (urn:b) / 00:00Z (urn:a)",) or "urn:b" in lapse.claims[0]


def test_a_launch_known_to_the_day_is_outside_only_if_every_instant_of_it_is() -> None:
    def seen(opens: float) -> Story:
        day = event("launch.observation", "l", 12, {"party": "AA", "class": "icbm"}, precision="day")
        return Story().tell(notice("n", -20, "n1", opens, opens + 6), day).until(60)

    assert seen(24).of("as-notified") == []
    assert len(seen(24 + MINUTE).of("as-notified")) == 1


@pytest.mark.parametrize(("km", "well"), [(5.0, True), (40.0, False)])
def test_a_launch_outside_the_notified_area_is_a_lapse_beyond_what_is_allowed(km: float, well: bool) -> None:
    told = notice("n", 0, "n1", OPENS, CLOSES, launch_area=PLACE)
    shot = launch("l", 25, site={"lat": 40.0 + (10.0 + km) / 111.0, "lon": 125.0})
    story = Story(rules=rules("area_km = 20")).tell(told, shot).until(60)
    assert [lapse.reason for lapse in story.of("as-notified")] == ([] if well else ["outside-area"])


@pytest.mark.parametrize(
    ("announced", "observed", "well"),
    [("icbm", "icbm", True), ("ballistic", "icbm", True), ("slv", "icbm", False), ("icbm", "unknown", True)],
)
def test_the_class_must_be_the_notified_one_where_the_rule_asks(announced: str, observed: str, well: bool) -> None:
    told = [notice("n", 0, "n1", OPENS, CLOSES, **{"class": announced}), launch("l", 25, **{"class": observed})]
    story = Story(rules=rules("class = true")).tell(*told).until(60)
    assert [lapse.reason for lapse in story.of("as-notified")] == ([] if well else ["class-differs"])


@pytest.mark.parametrize(("km", "well"), [(40.0, True), (39.9, False)])
def test_a_site_exactly_as_far_from_the_border_as_owed_is_far_enough(km: float, well: bool) -> None:
    """India and Pakistan: 40 km for the site, 70 km for the impact."""
    story = Story(rules=rules("site_border_km = 40", "impact_border_km = 70"))
    story.tell(notice("n", 0, "n1", OPENS, CLOSES), launch("l", 25, site_to_border_km=km, impact_to_border_km=70.0)).until(60)
    assert [lapse.reason for lapse in story.of("as-notified")] == ([] if well else ["near-border"])


def test_an_incomplete_notice_is_a_note_and_names_what_it_lacks() -> None:
    lapse = Story().tell(notice("n", 0, "n1", OPENS, CLOSES, **NO_CLASS)).until(40).one("as-notified")
    assert (lapse.reason, lapse.severity, lapse.subject) == ("incomplete-notice", "info", "AA/n1/BB")
    assert lapse.arithmetic == ("the notice does not give: class",)


def test_an_amendment_that_completes_the_notice_takes_the_note_back() -> None:
    story = Story().tell(notice("n", 0, "n1", OPENS, CLOSES, **NO_CLASS)).until(5)
    story.tell(notice("m", 6, "n1", OPENS, CLOSES, revision=2, status="amended")).until(7)
    assert story.of("as-notified") == []
    assert story.said[-1].because == "m"


def test_nothing_is_held_against_a_launch_of_which_no_notice_was_owed() -> None:
    told = [notice("n", 0, "n1", OPENS, CLOSES), statement("s", 10, "suspended"), launch("l", OPENS - 1)]
    assert Story().tell(*told).until(60).of("as-notified") == []


def test_an_amended_window_is_the_one_that_counts_and_a_retracted_amendment_is_not() -> None:
    told = [notice("n", 0, "n1", OPENS, CLOSES), notice("m", 5, "n1", 34, 40, revision=2, status="amended"), launch("l", 36)]
    story = Story().tell(*told).until(50)
    assert story.of("as-notified") == []
    story.tell(retraction("r", 51, "m")).until(52)
    assert story.one("as-notified").onset == at(36)


def test_settled_faults_leave_the_books_without_a_word() -> None:
    one = changed(
        ('id = "prelaunch"', 'id = "prelaunch"\nsettle = "12 h"'), ('id = "as-notified"', 'id = "as-notified"\nsettle = "12 h"')
    )
    story = Story(rules=one)
    for number in range(100):
        story.tell(
            notice(f"n{number:03}", number - 30, f"n{number:03}", number, number + 0.1), launch(f"l{number:03}", number + 0.2)
        )
    story.until(140)
    assert "withdrawn page" not in story.changes("as-notified")


def test_settled_faults_leave_the_books() -> None:
    one = changed(
        *((f'id = "{name}"\n', f'id = "{name}"\nsettle = "12 h"\n') for name in ("prelaunch", "as-notified", "pace", "quota")),
        ('measure = "withheld"', 'measure = "withheld"\nperiod = "calendar-month"'),
    )
    story = Story(rules=one)
    for number in range(300):
        # A day apart, beyond the slack, so that none is matched again for the sake of another.
        key, hours = f"{number:03}", number * 24.0
        story.tell(notice(f"n{key}", hours - 30, f"n{key}", hours, hours + 0.1), launch(f"l{key}", hours + 0.2))
    story.until(300 * 24)
    assert len(story.changes("as-notified")) == 300
    assert len(story.of("as-notified")) < 150


@pytest.mark.parametrize("offset", [0, 9, -8])
def test_the_planned_date_is_a_day_in_utc_however_the_window_is_written(offset: int) -> None:
    zone = timezone(timedelta(hours=offset))
    window = {"opens": at(89).astimezone(zone).isoformat(), "closes": at(91).astimezone(zone).isoformat()}
    story = Story(rules=changed(('required = ["class"]', 'valid_for = "3 d"'), *BY_DATE))
    story.tell(notice("n", 0, "n1", 0, 0, window=window), launch("l", 80)).until(140)
    assert story.of("as-notified") == []


def test_where_the_lead_is_counted_to_the_window_none_may_come_before_it_on_its_day() -> None:
    """As between India and Pakistan: five days from the opening on, and not from midnight."""
    story = Story(rules=rules('valid_for = "3 d"')).tell(notice("n", 0, "n1", 30, 32))
    story.tell(launch("early", 29)).until(60)
    assert story.one("as-notified").reason == "outside-window"
    assert Story(rules=rules('valid_for = "3 d"')).tell(notice("n", 0, "n1", 30, 32), launch("l", 34)).until(60).said == []
