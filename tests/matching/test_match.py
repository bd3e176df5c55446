from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.agreements.model import Prior, Slack
from streams.events.areas import Circle, NamedArea, Point
from streams.events.launches import LaunchNotice
from streams.matching.edges import Edge, edge
from streams.matching.launches import Launch, launches_of
from streams.matching.linkage import Index, component
from streams.matching.match import Matching, linked, match
from streams.matching.notices import Series, series_of
from streams.spans import Span
from tests.matching.build import notice, prior, seen, slack

HOUR, DAY = 60, 24 * 60
RULE = prior(slack=slack())
HERE, AWAY = Point(lat=0, lon=0), Point(lat=0, lon=10)


def launched(*minutes: int, **data: Any) -> list[Launch]:
    return launches_of([seen(f"l{number}", minute, **data) for number, minute in enumerate(minutes)])


def outcome(launches: list[Launch], notices: list[LaunchNotice], recipient: str = "JPN", rule: Prior = RULE) -> Matching:
    return match(launches, series_of(notices), recipient, rule)


def pairs(matching: Matching) -> list[str | None]:
    return [each.series.key if each.series is not None else None for each in matching.matches]


def test_a_launch_in_its_window() -> None:
    (found,) = outcome(launched(DAY), [notice("e", 0, (DAY, 2 * DAY))]).matches
    assert found.series is not None
    assert found.revision is found.series.revisions[0]
    assert (found.after_launch, found.seconds_off, found.metres_off, found.refused) == (False, 0, 0, ())


def test_seventy_eight_minutes_before_the_window_opens() -> None:
    launches = launches_of(
        [
            seen("kcna", "2023-11-21T13:42Z", "https://kcna.example", party="DPRK", launch_class="slv"),
            seen("jp", "2023-11-21T13:43Z", "https://jp.example", party="DPRK", launch_class="ballistic"),
        ]
    )
    told = notice("e", "2023-11-20T15:00Z", ("2023-11-21T15:00Z", "2023-11-30T15:00Z"), party="DPRK", launch_class="slv")
    (found,) = outcome(launches, [told]).matches
    assert found.seconds_off == -78 * 60


@pytest.mark.parametrize(
    ("days", "seconds"),
    [(10, 0), (11, 0), (20, 0), (32, 0), (11.5, 43_200), (19, -86_400), (30, -86_400), (34, 2 * 86_400)],
)
def test_a_launch_is_held_against_the_nearest_of_several_windows(days: float, seconds: int) -> None:
    told = notice("e", 0, (10 * DAY, 11 * DAY), (31 * DAY, 32 * DAY), (20 * DAY, 21 * DAY))
    (found,) = outcome(launched(int(days * DAY)), [told]).matches
    assert (found.seconds_off, found.series is not None) == (seconds, True)


def test_between_two_windows_and_near_neither_a_launch_is_not_meant_and_the_words_say_so() -> None:
    told = notice("e", 0, (10 * DAY, 11 * DAY), (20 * DAY, 21 * DAY))
    (found,) = outcome(launched(15 * DAY), [told]).matches
    assert found.refused == ("notice n-1: nearest of 2 windows 96 h away (it had closed), slack 48 h",)


def test_why_a_notice_was_not_meant_tells_that_parts_of_it_could_not_be_read() -> None:
    told = notice("e", 0, (DAY, 2 * DAY), launch_class="cruise", unread=("ILLEGIBLE",))
    (found,) = outcome(launched(DAY, launch_class="icbm"), [told]).matches
    assert "announces class cruise" in found.refused[0]
    assert "could not be read" in found.refused[0]


def test_of_two_windows_the_one_within_the_slack_counts_though_the_other_be_nearer() -> None:
    rule = prior(slack=Slack(before=Span(seconds=4 * 86_400), after=Span(seconds=3_600), km=500))
    told = notice("e", 0, (10 * DAY, 11 * DAY), (15 * DAY, 16 * DAY))
    (found,) = outcome(launched(12 * DAY), [told], rule=rule).matches
    assert found.seconds_off == -3 * 86_400


def test_told_to_one_and_not_to_another() -> None:
    told = [notice("e", 0, (DAY, 2 * DAY), to={"US": 0, "FRA": None})]
    assert pairs(outcome(launched(DAY), told, "US")) == ["n-1"]
    (found,) = outcome(launched(DAY), told, "JPN").matches
    assert found.refused == ("notice n-1 was given to FRA, US, not to JPN",)


@pytest.mark.parametrize(
    ("told", "data", "why"),
    [
        ([notice("e", 3 * DAY, (0, DAY))], {}, "was received 72 h after the launch, slack 48 h"),
        ([notice("e", -DAY, (0, DAY), launch_class="cruise")], {"launch_class": "icbm"}, "announces class cruise"),
        (
            [notice("e", -DAY, (0, DAY)), notice("f", -HOUR, revision=2, status="cancelled")],
            {},
            "notice n-1 was cancelled at 2022-08-04 05:00Z",
        ),
        ([notice("f", -HOUR, (0, DAY), status="cancelled")], {}, "only its cancellation"),
        (
            [notice("e", -DAY, (0, DAY), launch_area=Circle(lat=0, lon=10, radius_km=100))],
            {"site": HERE},
            "notice n-1: launch 1013 km from the launch area, slack 500 km",
        ),
        (
            [notice("e", -DAY, (0, DAY), impact_areas=(Circle(lat=0, lon=8, radius_km=100), NamedArea(name="Sea of Japan")))],
            {"impact": HERE},
            "notice n-1: impact 791 km from the impact area, slack 500 km",
        ),
    ],
)
def test_why_a_notice_near_it_was_not_meant(told: list[LaunchNotice], data: dict[str, Any], why: str) -> None:
    (found,) = outcome(launched(0, **data), told).matches
    assert found.series is None
    assert len(found.refused) == 1
    assert why in found.refused[0]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (notice("e", -9 * DAY, (-6 * DAY, -(2 * DAY + 3 * HOUR))), "window 2 d 3 h away (it had closed), slack 48 h"),
        (notice("e", -9 * DAY, (2 * DAY + 3 * HOUR, 3 * DAY)), "window 2 d 3 h away (it opens later), slack 48 h"),
        (notice("e", -31 * DAY), "without a window was received 31 d before, at most 30 d"),
        (notice("e", -35 * DAY), None),
        (notice("e", -9 * DAY, (-8 * DAY, -5 * DAY)), None),
    ],
)
def test_a_near_miss_is_named_up_to_twice_the_slack(told: LaunchNotice, why: str | None) -> None:
    index, (launch,), series = Index(RULE.slack), launched(0), series_of([told])
    index.put_launch(launch)
    for each in series:
        index.put_series(each)
    assert match([launch], series, "JPN", RULE).matches[0].refused == ()
    reasons = [edge(launch, near, "JPN", RULE) for near in index.nearest(launch)]
    assert len(reasons) == (why is not None)
    assert all(why is not None and why in str(reason) for reason in reasons)


@pytest.mark.parametrize("hours", [-48, 48])
def test_slack_is_inclusive(hours: int) -> None:
    window = (-hours * HOUR, -hours * HOUR)
    assert pairs(outcome(launched(0), [notice("e", -9 * DAY, window)])) == ["n-1"]
    beyond = (window[0] + (1 if hours < 0 else -1),) * 2
    assert pairs(outcome(launched(0), [notice("e", -9 * DAY, beyond)])) == [None]


def test_a_notice_after_the_launch_matches_only_where_no_other_does() -> None:
    late = notice("late", 28, (0, DAY), key="late")
    (found,) = outcome(launched(0), [late]).matches
    assert found.after_launch
    (found,) = outcome(launched(0), [late, notice("e", -9 * DAY, (2 * DAY, 3 * DAY), key="early")]).matches
    assert found.series is not None
    assert (found.series.key, found.after_launch) == ("early", False)


def test_an_amendment_after_the_launch_does_not_undo_the_notice_that_was_in_force() -> None:
    told = [notice("e", -DAY, (0, DAY)), notice("f", HOUR, (9 * DAY, 10 * DAY), revision=2, status="amended")]
    (found,) = outcome(launched(5), told).matches
    assert found.revision is not None
    assert (found.revision.number, found.after_launch) == (1, False)
    moved = [notice("e", -DAY, (9 * DAY, 10 * DAY)), notice("f", HOUR, (0, DAY), revision=2, status="amended")]
    (found,) = outcome(launched(5), moved).matches
    assert found.revision is not None
    assert (found.revision.number, found.after_launch) == (2, True)


def test_a_cancellation_after_the_launch_cancels_nothing_and_a_new_plan_counts_again() -> None:
    planned = notice("e", -DAY, (0, DAY))
    assert pairs(outcome(launched(5), [planned, notice("f", 10, revision=2, status="cancelled")])) == ["n-1"]
    cancelled = notice("f", -DAY + 1, revision=2, status="cancelled")
    assert pairs(outcome(launched(5), [planned, cancelled])) == [None]
    assert pairs(outcome(launched(5), [planned, cancelled, notice("g", -60, (0, 60), revision=3)])) == ["n-1"]


def test_a_postponed_launch_matches_the_window_in_force() -> None:
    told = [notice("e", -9 * DAY, (-5 * DAY, -4 * DAY)), notice("f", -6 * DAY, (0, DAY), revision=2, status="amended")]
    (found,) = outcome(launched(5), told).matches
    assert found.revision is not None
    assert (found.revision.number, found.seconds_off) == (2, 0)


def test_of_several_notices_in_force_the_one_whose_window_holds_it() -> None:
    told = [
        notice("a", -9 * DAY, (-DAY, -HOUR), key="closed"),
        notice("b", -9 * DAY, (-HOUR, HOUR), key="open"),
        notice("c", -9 * DAY, key="any"),
    ]
    assert pairs(outcome(launched(0), told)) == ["open"]
    assert pairs(outcome(launched(0), [told[0], told[2]])) == ["any"]
    assert sorted(key or "-" for key in pairs(outcome(launched(0, 10, 20, 30), told))) == ["-", "any", "closed", "open"]


def test_nearness_of_places_decides_between_equal_windows() -> None:
    told = [
        notice("a", -DAY, (0, DAY), key="a-far", launch_area=Circle(lat=0, lon=4, radius_km=10)),
        notice("b", -DAY, (0, DAY), key="b-near", launch_area=Circle(lat=0, lon=1, radius_km=10)),
    ]
    (found,) = outcome(launched(0, site=HERE), told).matches
    assert found.series is not None
    assert found.series.key == "b-near"
    assert found.metres_off == pytest.approx(101_319, abs=2)


def test_another_class_matches_where_nothing_better_is() -> None:
    told = [notice("a", -DAY, (0, DAY), key="a", launch_class="slv"), notice("b", -DAY, (0, DAY), key="b", launch_class="irbm")]
    assert pairs(outcome(launched(5, launch_class="irbm"), told)) == ["b"]
    assert pairs(outcome(launched(5, launch_class="irbm"), told[:1])) == ["a"]


def test_a_salvo_under_two_notices() -> None:
    told = [
        notice("a", -DAY, (0, DAY), key="a", launches=2),
        notice("b", -DAY, (0, DAY), key="b", launches=1),
    ]
    matching = outcome(launched(0, 5, 10, 15), told)
    assert sorted(key or "-" for key in pairs(matching)) == ["-", "a", "a", "b"]
    (left,) = [each for each in matching.matches if each.series is None]
    assert any("notice a covers 2 launches: " in words for words in left.refused)
    assert any("notice b covers 1 launch: " in words for words in left.refused)
    told[1] = notice("b", -DAY, (0, DAY), key="b", launches=0)
    assert None not in pairs(outcome(launched(*range(0, 60, 2)), told))


def test_as_many_launches_as_possible_have_a_notice() -> None:
    told = [notice("a", -9 * DAY, (0, HOUR), key="a"), notice("b", -9 * DAY, (-2 * DAY, -2 * DAY), key="b")]
    # The first fits both, the second only "a", though "a" suits the first better.
    assert pairs(outcome(launched(0, 30), told)) == ["b", "a"]


def test_the_outcome_of_one_launch() -> None:
    matching = outcome(launched(0, 30), [])
    assert matching.of("l1").launch.key == "l1"
    with pytest.raises(KeyError):
        matching.of("l9")


def test_other_parties_notices_are_none_of_its_business() -> None:
    (found,) = outcome(launched(0), [notice("e", -DAY, (0, DAY), party="US")]).matches
    assert (found.series, found.refused) == (None, ())


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Launch], list[Series]]:
    launches = launches_of(
        [
            seen(
                f"l{number}",
                draw(st.integers(-30, 30)) * DAY // 2,
                precision=draw(st.sampled_from(["minute", "minute", "day"])),
                site=draw(st.sampled_from([None, HERE, AWAY])),
                launch_class=draw(st.sampled_from(["unknown", "icbm", "slv", "cruise"])),
            )
            for number in range(draw(st.integers(0, 5)))
        ]
    )
    notices = []
    for number in range(draw(st.integers(0, 7))):
        opens = draw(st.integers(-30, 30)) * DAY // 2
        notices.append(
            notice(
                f"e{number}",
                draw(st.integers(-40, 30)) * DAY // 2,
                draw(st.sampled_from([None, (opens, opens), (opens, opens + DAY), (opens, opens + 9 * DAY)])),
                *draw(st.lists(st.sampled_from([(opens + 5 * DAY, opens + 6 * DAY), (opens + 12 * DAY,) * 2]), max_size=2)),
                key=draw(st.sampled_from(["a", "b", "c", "d"])),
                to=draw(st.sampled_from(["JPN", "JPN", "US"])),
                revision=draw(st.integers(1, 3)),
                status=draw(st.sampled_from(["planned", "planned", "amended", "cancelled"])),
                launches=draw(st.sampled_from([0, 1, 1, 2])),
                launch_area=draw(st.sampled_from([None, Circle(lat=0, lon=1, radius_km=50)])),
                launch_class=draw(st.sampled_from([None, "icbm", "slv"])),
            )
        )
    return launches, series_of(notices)


@settings(deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(world: tuple[list[Launch], list[Series]], random: Random) -> None:
    launches, series = world
    expected = match(launches, series, "JPN", RULE)
    assert match(random.sample(launches, len(launches)), random.sample(series, len(series)), "JPN", RULE) == expected


@settings(deadline=None)
@given(worlds())
def test_no_notice_is_used_up_and_everything_that_fits_is_linked(world: tuple[list[Launch], list[Series]]) -> None:
    launches, series = world
    matching = match(launches, series, "JPN", RULE)
    for each in series:
        matched = [m for m in matching.matches if m.series is not None and m.series.key == each.key]
        most = [revision.launches for revision in each.revisions]
        assert 0 in most or len(matched) <= max(most)
        for launch in launches:
            if isinstance(edge(launch, each, "JPN", RULE), Edge):
                assert linked(launch, each, "JPN", RULE)
    for found in matching.matches:
        if found.series is not None:
            assert found.revision in found.series.revisions
            assert found.revision is not None
            assert found.revision.status != "cancelled"


@settings(deadline=None)
@given(worlds(), st.integers(0, 11))
def test_a_change_is_felt_in_its_component_alone(world: tuple[list[Launch], list[Series]], number: int) -> None:
    launches, series = world
    everything: list[Launch | Series] = [*launches, *series]
    if not everything:
        return
    changed = everything[number % len(everything)]
    before = match(
        [launch for launch in launches if launch is not changed], [each for each in series if each is not changed], "JPN", RULE
    )
    after = match(launches, series, "JPN", RULE)
    some, bearing = component(launches, series, changed, RULE)
    part = match(some, bearing, "JPN", RULE)
    for found in after.matches:
        if found.launch in some:
            assert part.of(found.launch.key) == found
        else:
            assert before.of(found.launch.key) == found


@settings(deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_an_index_forgets_what_it_is_told_to(world: tuple[list[Launch], list[Series]], random: Random) -> None:
    launches, series = world
    index = Index(RULE.slack)
    for launch in random.sample(launches, len(launches)) * 2:
        index.put_launch(launch)
    for each in random.sample(series, len(series)) * 2:
        index.put_series(each)
    gone = set(random.sample(range(len(launches)), len(launches) // 2))
    for place in gone:
        index.drop_launch(launches[place].key)
    for each in series[1:]:
        index.drop_series(each.key)
        index.drop_series(each.key)
    kept = [launch for place, launch in enumerate(launches) if place not in gone]
    everything: list[Launch | Series] = [*launches, *series]
    for changed in everything:
        assert index.component(changed) == component(kept, series[:1], changed, RULE)


def test_far_apart_things_are_not_in_one_component() -> None:
    launches = launched(*(number * 20 * DAY for number in range(50)))
    told = series_of(
        [notice(f"e{n}", n * 20 * DAY - DAY, (n * 20 * DAY, n * 20 * DAY + HOUR), key=f"n-{n}") for n in range(50)]
    )
    some, bearing = component(launches, told, launches[7], RULE)
    assert ([launch.key for launch in some], [each.key for each in bearing]) == (["l7"], ["n-7"])
    some, bearing = component(launches, told, told[8], RULE)
    assert len(some) == len(bearing) == 1
    assert launches[8].occurred.earliest - launches[7].occurred.earliest == timedelta(days=20)
