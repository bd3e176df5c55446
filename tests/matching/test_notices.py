from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events.areas import Circle
from streams.events.launches import LaunchNotice
from streams.events.times import Interval
from streams.launchbook import over
from streams.matching.notices import Series, in_force, known, lead, receipt, series_of, told
from tests.matching.build import at, notice

HOUR, DAY = 60, 24 * 60
A, B = "https://a.example", "https://b.example"
SEA = Circle(lat=33.0, lon=124.0, radius_km=50)

PLANNED = notice("e1", 0, (3 * DAY, 8 * DAY), launch_class="slv", launch_area=SEA, agreements=("norm",))
POSTPONED = notice("e2", 2 * DAY, (5 * DAY, 10 * DAY), revision=2, status="amended")
ADVANCED = notice("e2", 2 * DAY, (2 * DAY + HOUR, 8 * DAY), revision=2, status="amended")
CANCELLED = notice("e3", 4 * DAY, revision=3, status="cancelled")


def test_revisions_follow_each_other_whatever_order_they_arrive_in() -> None:
    (series,) = series_of([CANCELLED, PLANNED, POSTPONED])
    assert [revision.number for revision in series.revisions] == [1, 2, 3]
    assert series.cancelled_at == at(4 * DAY)
    assert series.key == "n-1"
    assert series_of([]) == []


def test_an_amendment_keeps_what_it_does_not_replace() -> None:
    (series,) = series_of([PLANNED, POSTPONED])
    amended = series.revisions[1]
    assert amended.window == POSTPONED.data.window
    assert (amended.launch_class, amended.launch_area, amended.agreements) == ("slv", SEA, ("norm",))
    (series,) = series_of([PLANNED, notice("e2", 60, revision=2)])
    assert series.revisions[1].window is None, "a new plan stands for itself"


def spans(series: Series) -> list[list[tuple[int, int]]]:
    """The windows of each revision, in whole days after the start."""
    days = timedelta(days=1)
    return [[((w.opens - at(0)) // days, (w.closes - at(0)) // days) for w in one.windows] for one in series.revisions]


DAILY = notice("e1", 0, (3 * DAY, 4 * DAY), (6 * DAY, 7 * DAY), (5 * DAY, 6 * DAY), (3 * DAY, 4 * DAY))


@pytest.mark.parametrize(
    ("amendment", "left"),
    [
        pytest.param(notice("e2", DAY, revision=2, status="amended"), [(3, 4), (5, 6), (6, 7)], id="no window: all stay"),
        pytest.param(notice("e2", DAY, (5 * DAY, 6 * DAY), revision=2, status="amended"), [(5, 6)], id="one for all"),
        pytest.param(
            notice("e2", DAY, (4 * DAY, 5 * DAY), (9 * DAY, 9 * DAY), revision=2, status="amended"),
            [(4, 5), (9, 9)],
            id="two for all",
        ),
        pytest.param(
            notice("e2", DAY, None, (9 * DAY, 9 * DAY), (8 * DAY, 9 * DAY), revision=2, status="amended"),
            [(8, 9), (9, 9)],
            id="further ones alone replace the first too",
        ),
        pytest.param(notice("e2", DAY, revision=2), [], id="a new plan stands for itself"),
    ],
)
def test_windows_are_kept_or_replaced_as_a_whole_and_stand_in_order(
    amendment: LaunchNotice, left: list[tuple[int, int]]
) -> None:
    (series,) = series_of([DAILY, amendment])
    assert spans(series) == [[(3, 4), (5, 6), (6, 7)], left]
    assert [one.window for one in series.revisions] == [next(iter(one.windows), None) for one in series.revisions]
    assert over(series) == max(at(DAY), at((max([7, *(end for _, end in left)])) * DAY))


def test_lead_is_counted_to_the_first_of_several_windows() -> None:
    moved = notice("e2", DAY, (4 * DAY, 5 * DAY), (9 * DAY, 9 * DAY), revision=2, status="amended")
    (series,) = series_of([DAILY, moved])
    assert lead(series, series.revisions[0], "JPN", "window").longest == timedelta(days=3)
    found = lead(series, series.revisions[1], "JPN", "window")
    assert (found.longest, found.kept_from) == (timedelta(days=4), 1)
    sooner = notice("e2", DAY, (2 * DAY, 3 * DAY), (9 * DAY, 9 * DAY), revision=2, status="amended")
    (series,) = series_of([DAILY, sooner])
    assert lead(series, series.revisions[1], "JPN", "window").longest == timedelta(days=1), "brought forward"


def test_sources_that_differ_about_windows_are_set_against_each_other() -> None:
    def said(*windows: tuple[int, int]) -> tuple[str, ...]:
        one = notice("a", 0, (DAY, DAY), (3 * DAY, 3 * DAY), source=A)
        (series,) = series_of([one, notice("b", 5, *windows, source=B)])
        return series.revisions[0].disagreements

    first, third = "2022-08-05 06:00Z to 2022-08-05 06:00Z", "2022-08-07 06:00Z to 2022-08-07 06:00Z"
    assert said((DAY, DAY), (3 * DAY, 3 * DAY)) == ()
    assert said((DAY, DAY)) == (f"window: {first}, {third} ({A}) / {first} ({B})",)
    every = tuple((day * DAY, day * DAY) for day in range(1, 401))
    (words,) = said(*every)
    assert words.startswith(f"window: {first}, {third} ({A}) / 2022-08-06 06:00Z to 2022-08-06 06:00Z, ")
    assert words.endswith(f", 396 more ({B})")


def test_what_could_not_be_read_is_remembered_over_amendments_but_not_over_a_new_plan() -> None:
    first = notice("e1", 0, (DAY, DAY), unread=("ILLEGIBLE",))
    for status, unread in (("amended", True), ("cancelled", True), ("planned", False)):
        (series,) = series_of([first, notice("e2", 60, (DAY, DAY), revision=2, status=status)])
        assert [one.unread for one in series.revisions] == [True, unread]


def test_what_is_in_force_when() -> None:
    (series,) = series_of([PLANNED, POSTPONED, CANCELLED])
    first, second, _ = series.revisions
    assert in_force(series, at(-1)) is None
    assert in_force(series, at(0)) is first
    assert in_force(series, at(2 * DAY - 1)) is first
    assert in_force(series, at(2 * DAY)) is second
    assert in_force(series, at(4 * DAY - 1)) is second
    assert in_force(series, at(4 * DAY)) is None
    (again,) = series_of([PLANNED, CANCELLED, notice("e4", 5 * DAY, (9 * DAY, 9 * DAY), revision=4)])
    assert in_force(again, at(5 * DAY)) is again.revisions[2]
    assert again.cancelled_at is None


def test_who_was_not_told_of_a_cancellation_still_has_the_notice() -> None:
    (series,) = series_of([notice("e1", 0, to={"JPN": 0, "US": 0}), notice("e2", 60, to="US", revision=2, status="cancelled")])
    assert in_force(series, at(120), "US") is None
    assert in_force(series, at(120), "JPN") is series.revisions[0]
    assert in_force(series, at(120), "FRA") is None
    assert told(series, "US")
    assert not told(series, "FRA")
    (only,) = series_of([CANCELLED])
    assert not told(only, "JPN")


def test_a_day_of_receipt_counts_from_its_start_and_a_cancellation_from_its_end() -> None:
    day = {"received_precision": "day"}
    planned = notice("e1", "2022-08-04T00:00Z", to={"JPN": "2022-08-04T12:00Z"}, **day)  # type: ignore[arg-type]
    cancelled = notice("e2", "2022-08-05T00:00Z", to={"JPN": "2022-08-05T12:00Z"}, revision=2, status="cancelled", **day)  # type: ignore[arg-type]
    (series,) = series_of([planned, cancelled])
    assert in_force(series, at("2022-08-04T00:00Z"), "JPN") is not None
    assert in_force(series, at("2022-08-05T23:59Z"), "JPN") is not None
    assert in_force(series, at("2022-08-06T00:00Z"), "JPN") is None


def test_several_sources_of_one_revision_are_claims_of_it() -> None:
    one = notice("a", 10, (DAY, 2 * DAY), source=A, to={"JPN": 12}, launch_class="slv", via="notam")
    other = notice("b", 5, (DAY, 3 * DAY), source=B, to={"JPN": None, "US": None}, launch_class="ballistic", via="navarea-xi")
    (series,) = series_of([one, other])
    (revision,) = series.revisions
    assert revision.claims == (other, one)
    assert revision.via == ("navarea-xi", "notam")
    assert revision.received == {"JPN": Interval(at(12), at(12)), "US": None}
    assert revision.window == other.data.window, "the earlier report"
    assert revision.disagreements == (
        f"window: 2022-08-05 06:00Z to 2022-08-07 06:00Z ({B}) / 2022-08-05 06:00Z to 2022-08-06 06:00Z ({A})",
        f"class: ballistic ({B}) / slv ({A})",
    )


def test_receipts_that_differ_leave_what_all_allow_or_else_any() -> None:
    def receipts(*claims: LaunchNotice) -> Interval | None:
        (series,) = series_of(claims)
        return series.revisions[0].received["JPN"]

    day = notice("a", 0, source=A, to={"JPN": 0}, received_precision="day")
    exact = notice("b", 0, source=B, to={"JPN": 30})
    other = notice("c", 0, source="https://c.example", to={"JPN": 45})
    assert receipts(day, exact) == Interval(at(30), at(30))
    assert receipts(day, other, exact) == Interval(at("2022-08-04T00:00Z"), at("2022-08-05T00:00Z"))
    assert receipts(exact, other) == Interval(at(30), at(45))


def test_one_source_that_repeats_a_number_replaces_what_it_said() -> None:
    (series,) = series_of([notice("e2", 60, (3 * DAY, 4 * DAY)), notice("e1", 0, (2 * DAY, 3 * DAY))])
    assert [revision.claims[0].id for revision in series.revisions] == ["e1", "e2"]
    (series,) = series_of([notice("e2", 60, status="cancelled"), notice("e1", 0, (2 * DAY, 3 * DAY))])
    assert series.cancelled_at == at(60)


def test_two_parties_may_use_one_number() -> None:
    assert [s.party for s in series_of([notice("a", 0), notice("b", 0, party="DPRK")])] == ["DPRK", "PRC"]


def test_lead_is_counted_from_receipt_to_the_window_or_its_day() -> None:
    (series,) = series_of([notice("e1", 0, (DAY + HOUR, 3 * DAY), to={"JPN": 90})])
    found = lead(series, series.revisions[0], "JPN", "window")
    assert found.shortest == found.longest == timedelta(minutes=DAY + HOUR - 90)
    assert (found.basis, found.kept_from) == ("receipt", None)
    by_date = lead(series, series.revisions[0], "JPN", "date")
    assert by_date.reference == at("2022-08-05T00:00Z")
    assert by_date.shortest == timedelta(hours=18, minutes=-90)


def test_a_day_of_receipt_gives_a_shortest_and_a_longest_lead() -> None:
    (series,) = series_of([notice("e1", 0, ("2022-08-06T00:00Z", "2022-08-08T00:00Z"), received_precision="day")])
    found = lead(series, series.revisions[0], "JPN", "window")
    assert (found.shortest, found.longest) == (timedelta(days=1), timedelta(days=2))


def test_lead_as_the_source_states_it_where_nobody_gives_a_receipt() -> None:
    (series,) = series_of([notice("e1", 0, to={"JPN": None}, lead_hours=48.0)])
    found = lead(series, series.revisions[0], "JPN", "window")
    assert (found.shortest, found.longest, found.basis) == (timedelta(hours=48), timedelta(hours=48), "stated")
    (series,) = series_of([notice("e1", 0, (DAY, DAY), to={"JPN": None})])
    unknown = lead(series, series.revisions[0], "JPN", "window")
    assert (unknown.shortest, unknown.longest, unknown.basis) == (None, None, "unknown")
    assert lead(series, series.revisions[0], "US", "window").basis == "unknown"


def test_a_postponement_keeps_its_receipt_and_an_advancement_does_not() -> None:
    (series,) = series_of([PLANNED, POSTPONED])
    found = lead(series, series.revisions[1], "JPN", "window")
    assert (found.shortest, found.kept_from) == (timedelta(days=5), 1)
    assert receipt(series, series.revisions[1], "JPN") == Interval(at(0), at(0))
    (series,) = series_of([PLANNED, ADVANCED])
    found = lead(series, series.revisions[1], "JPN", "window")
    assert (found.shortest, found.kept_from) == (timedelta(hours=1), None)


def test_a_chain_of_postponements_goes_back_to_its_first_receipt_and_no_further() -> None:
    third = notice("e5", 2 * DAY + 30, (6 * DAY, 7 * DAY), revision=3, status="amended")
    (series,) = series_of([PLANNED, POSTPONED, third])
    assert lead(series, series.revisions[2], "JPN", "window").kept_from == 1
    (series,) = series_of([PLANNED, ADVANCED, third])
    assert lead(series, series.revisions[2], "JPN", "window").kept_from == 2
    anew = notice("e6", 5 * DAY, (6 * DAY, 7 * DAY), revision=4)
    (series,) = series_of([PLANNED, POSTPONED, CANCELLED, anew])
    assert lead(series, series.revisions[3], "JPN", "window").shortest == timedelta(days=1)
    other = notice("e2", 2 * DAY, (5 * DAY, 6 * DAY), revision=2, status="amended", to={"JPN": 2 * DAY, "US": 2 * DAY})
    (series,) = series_of([PLANNED, other])
    assert lead(series, series.revisions[1], "US", "window").shortest == timedelta(days=3), "new to this one"


def test_a_stated_lead_grows_with_the_postponement() -> None:
    planned = notice("e1", 0, (3 * DAY, 4 * DAY), to={"JPN": None}, lead_hours=48.0)
    moved = notice("e2", DAY, (4 * DAY, 5 * DAY), to={"JPN": None}, revision=2, status="amended")
    (series,) = series_of([planned, moved])
    assert lead(series, series.revisions[1], "JPN", "window").shortest == timedelta(hours=72)


def test_the_envelope_says_when_a_single_recipient_had_it() -> None:
    event = notice("e1", 0, to={"JPN": None})
    event = LaunchNotice(**{**{f: getattr(event, f) for f in event.__struct_fields__}, "received": at(7)})
    (series,) = series_of([event])
    assert known(series.revisions[0], "JPN") == Interval(at(7), at(7))


@st.composite
def corpora(draw: st.DrawFn) -> list[LaunchNotice]:
    result = []
    for number in range(draw(st.integers(1, 7))):
        opens = draw(st.integers(0, 10)) * DAY
        result.append(
            notice(
                f"e{number}",
                draw(st.integers(0, 5)) * DAY,
                draw(st.sampled_from([None, (opens, opens + DAY)])),
                *draw(st.lists(st.sampled_from([(opens, opens), (opens + 2 * DAY, opens + 3 * DAY)]), max_size=3)),
                key=draw(st.sampled_from(["n-1", "n-2"])),
                source=draw(st.sampled_from([A, B])),
                to=draw(st.sampled_from(["JPN", "US"])),
                revision=draw(st.integers(1, 3)),
                status=draw(st.sampled_from(["planned", "amended", "cancelled"])),
                received_precision=draw(st.sampled_from(["minute", "day"])),
            )
        )
    return result


@settings(deadline=None)
@given(corpora(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(notices: list[LaunchNotice], random: Random) -> None:
    shuffled = [*notices, notices[0]]
    random.shuffle(shuffled)
    series = series_of(notices)
    assert series_of(shuffled) == series
    assert sum(len(r.claims) for s in series for r in s.revisions) == len(notices)
    for each in series:
        for revision in each.revisions:
            assert list(revision.windows) == sorted(set(revision.windows), key=lambda one: (one.opens, one.closes))
            for reference in ("window", "date"):
                found = lead(each, revision, "JPN", reference)
                assert (found.shortest is None) == (found.longest is None) == (found.basis == "unknown")
                assert found.shortest is None or found.longest is None or found.shortest <= found.longest
