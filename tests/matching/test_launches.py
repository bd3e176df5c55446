from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events.areas import Point
from streams.events.launches import LaunchClass, LaunchObservation
from streams.matching.chains import Chains
from streams.matching.clusters import SAME_TIME, Seen
from streams.matching.clusters import seen as as_seen
from streams.matching.launches import Claims, Launch, affected, claim_order, class_gap, launches_of
from tests.matching.build import START, seen

JAPAN, TAIWAN = "https://mod.example.jp", "https://mnd.example.tw"
A, B, C = "https://a.example", "https://b.example", "https://c.example"
HERE, THERE = Point(lat=39.66, lon=124.7), Point(lat=41.0, lon=129.7)

SALVO = [
    seen(f"jp-{number}", f"2022-08-04T{clock}Z", JAPAN, range_km=km, launch_class="ballistic")
    for number, (clock, km) in enumerate(
        [("05:56", 350), ("06:05", 700), ("06:14", 500), ("06:57", 350), ("06:57", 650), ("07:05", 500), ("07:05", 550),
         ("07:08", 500), ("07:08", 550)]
    )
]  # fmt: skip
ELEVEN = seen("tw", "2022-08-04T00:00+08:00", TAIWAN, precision="day", zone="+08:00", count=11, launch_class="ballistic")


def ids(launches: list[Launch]) -> list[list[str]]:
    return [[claim.id for claim in launch.claims] for launch in launches]


def test_nine_claims_and_a_count_of_eleven_are_nine_launches() -> None:
    launches = launches_of([ELEVEN, *SALVO])
    assert [launch.key for launch in launches] == [claim.id for claim in SALVO]
    assert launches[0].count == 11
    assert launches[0].claims == (ELEVEN, SALVO[0])
    assert launches[0].occurred.earliest == SALVO[0].time
    assert launches[0].disagreements == (f"count: 9 ({JAPAN}) / 11 ({TAIWAN})",)
    assert all(launch.count == 1 and not launch.disagreements for launch in launches[1:])


def test_a_count_that_agrees_is_no_disagreement() -> None:
    nine = seen("tw", "2022-08-04T00:00+08:00", TAIWAN, precision="day", zone="+08:00", count=9)
    launches = launches_of([*SALVO, nine])
    assert len(launches) == 9
    assert launches[0].disagreements == ()


def test_a_count_at_the_minute_of_the_first_launch_speaks_of_the_whole_salvo() -> None:
    salvo = [seen(f"j{minute}", minute, JAPAN) for minute in (0, 10, 35, 70)]
    launches = launches_of([seen("tw", 1, TAIWAN, count=3), *salvo])
    assert ids(launches) == [["j0", "tw"], ["j10"], ["j35"], ["j70"]]
    assert launches[0].disagreements == ()


def test_two_counts_of_one_salvo_are_one_launch() -> None:
    nine, eleven = seen("jp", 0, JAPAN, count=9), seen("tw", 2, TAIWAN, count=11)
    (launch,) = launches_of([eleven, nine])
    assert launch.count == 11
    assert launch.disagreements == (f"time: 06:00Z ({JAPAN}) / 06:02Z ({TAIWAN})", f"count: 9 ({JAPAN}) / 11 ({TAIWAN})")


def test_a_minute_between_two_sources_does_not_make_two_launches() -> None:
    kcna = seen("kcna", "2023-11-21T13:42Z", A, launch_class="slv", site=HERE)
    japan = seen("jp", "2023-11-21T13:43Z", B, launch_class="ballistic", range_km=1_000)
    (launch,) = launches_of([japan, kcna])
    assert launch.key == "kcna"
    assert launch.occurred.earliest == kcna.time
    assert (launch.launch_class, launch.range_km, launch.site) == ("slv", 1_000, HERE)
    assert launch.disagreements == (f"time: 13:42Z ({A}) / 13:43Z ({B})", f"class: slv ({A}) / ballistic ({B})")


def test_two_claims_of_one_source_at_one_minute_are_two_launches() -> None:
    assert ids(launches_of([seen("one", 0, A), seen("two", 0, A)])) == [["one"], ["two"]]


def test_two_sources_on_a_salvo_are_paired_one_to_one() -> None:
    claims = [seen(f"a{m}", m, A) for m in (0, 2, 4)] + [seen(f"b{m}", m, B) for m in (1, 3, 5)]
    assert ids(launches_of(claims)) == [["a0", "b1"], ["a2", "b3"], ["a4", "b5"]]
    # The nearest pair (a3, b2) would leave two claims alone: as many as possible are paired.
    claims = [seen("a0", 0, A), seen("a3", 3, A), seen("b2", 2, B), seen("b8", 8, B)]
    assert ids(launches_of(claims)) == [["a0", "b2"], ["a3", "b8"]]


def test_one_missile_is_held_against_all_that_is_known_of_it() -> None:
    # B is within five minutes of both, but A and C are not of each other.
    claims = [seen("a", 0, A), seen("b", 4, B), seen("c", 8, C)]
    assert ids(launches_of(claims)) == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("second", "launches"),
    [
        (seen("b", 5, B), 1),
        (seen("b", 6, B), 2),
        (seen("b", -5, B), 1),
        (seen("b", 0, B, site=HERE), 1),
        (seen("b", 0, B, site=THERE), 2),
        (seen("b", 0, B, launch_class="icbm"), 1),
        (seen("b", 0, B, launch_class="slv"), 1),
        (seen("b", 0, B, launch_class="cruise"), 2),
        (seen("b", 0, B, party="US"), 2),
        (seen("b", "2022-08-04T00:00Z", B, precision="day"), 1),
        (seen("b", "2022-08-05T00:00+14:00", B, precision="day", zone="+14:00"), 2),
        (seen("b", "2022-08-04T05:10Z", B, precision="hour"), 1),
        (seen("b", "2022-08-04T04:54Z", B, precision="hour"), 2),
    ],
)
def test_which_claims_are_one_launch(second: LaunchObservation, launches: int) -> None:
    first = seen("a", 0, A, site=Point(lat=39.8, lon=124.9), launch_class="ballistic")
    if second.precision == "day" and launches == 2:
        first = seen("a", "2022-08-05T12:00Z", A)
    assert len(launches_of([first, second])) == launches


def test_a_shared_name_is_the_same_launch_however_far_apart() -> None:
    right, wrong = seen("a", "2024-09-25T00:44Z", A, launch="df-31"), seen("b", "2024-09-25T04:44Z", B, launch="df-31")
    (launch,) = launches_of([wrong, right])
    assert launch.key == "df-31"
    assert launch.disagreements == (f"time: 00:44Z ({A}) / 04:44Z ({B})",)
    assert len(launches_of([right, seen("c", "2024-09-25T00:44Z", C, launch="other")])) == 2
    assert ids(launches_of([right, wrong, seen("c", "2024-09-25T04:43Z", C)])) == [["a", "c", "b"]]


def test_the_finest_and_then_the_earliest_report_speaks_for_the_launch() -> None:
    day = seen("a", "2022-08-04T00:00Z", A, precision="day", reported=1, range_km=100, launch_class="srbm", notified=True)
    late = seen("b", 0, B, reported=60, range_km=110, launch_class="ballistic", notified=False)
    early = seen("c", 1, C, reported=30, combat=True)
    (launch,) = launches_of([day, late, early])
    assert launch.key == "a"
    assert (launch.occurred.earliest, launch.range_km, launch.launch_class) == (early.time, 110, "srbm")
    assert launch.combat
    assert launch.notified == (day, late)
    assert launch.disagreements == (
        f"time: 2022-08-04 00:00Z to 2022-08-05 00:00Z ({A}) / 2022-08-04 06:00Z ({B}) / 2022-08-04 06:01Z ({C})",
        f"notice given: no ({B}) / yes ({A})",
    )


def test_ranges_and_sites_that_differ_are_said() -> None:
    (launch,) = launches_of(
        [seen("a", 0, A, launch="x", range_km=300, site=HERE), seen("b", 0, B, launch="x", range_km=700, site=THERE)]
    )
    assert launch.disagreements == (f"site: 39.66, 124.70 ({A}) / 41.00, 129.70 ({B})", f"range: 300 km ({A}) / 700 km ({B})")


@pytest.mark.parametrize(
    ("first", "second", "gap"),
    [
        ("icbm", "icbm", 0),
        ("unknown", "cruise", 0),
        (None, "slv", 0),
        ("ballistic", "icbm", 0),
        ("hypersonic", "ballistic", 0),
        ("ballistic", "slv", 1),
        ("icbm", "irbm", 1),
        ("sounding", "slv", 1),
        ("cruise", "hypersonic", 1),
        ("cruise", "icbm", None),
        ("cruise", "ballistic", None),
    ],
)
def test_class_gap(first: LaunchClass | None, second: LaunchClass | None, gap: int | None) -> None:
    assert class_gap(first, second) == class_gap(second, first) == gap


@st.composite
def histories(draw: st.DrawFn) -> list[LaunchObservation]:
    """Claims of a few sources, near each other, on both sides of a midnight."""
    claims = []
    for number in range(draw(st.integers(1, 9))):
        minute = draw(st.one_of(st.integers(0, 12), st.integers(0, 200), st.integers(0, 4_000)))
        claims.append(
            seen(
                f"c{draw(st.integers(0, 2))}{number}",
                minute,
                draw(st.sampled_from([A, B, C])),
                precision=draw(st.sampled_from(["minute", "minute", "minute", "hour", "day"])),
                reported=draw(st.one_of(st.none(), st.integers(0, 5))),
                launch=draw(st.sampled_from([None, None, None, "x", "y"])),
                launch_class=draw(st.sampled_from(["unknown", "ballistic", "icbm", "slv", "cruise"])),
                site=draw(st.sampled_from([None, HERE, THERE])),
                count=draw(st.sampled_from([1, 1, 1, 3])),
            )
        )
    return claims


@settings(deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(claims: list[LaunchObservation], random: Random) -> None:
    shuffled = [*claims, *random.sample(claims, len(claims) // 2)]
    random.shuffle(shuffled)
    assert launches_of(shuffled) == launches_of(claims)


@settings(deadline=None)
@given(histories())
def test_every_claim_is_of_one_launch_and_a_source_counts_right(claims: list[LaunchObservation]) -> None:
    launches = launches_of(claims)
    found = [claim for launch in launches for claim in launch.claims]
    assert sorted(found, key=claim_order) == sorted(claims, key=claim_order)
    assert len({launch.key for launch in launches}) == len(launches)
    for launch in launches:
        plain = [claim.source for claim in launch.claims if claim.data.launch is None and claim.data.count == 1]
        assert len(plain) == len(set(plain))
        assert len({claim.data.launch for claim in launch.claims} - {None}) <= 1


@settings(deadline=None)
@given(histories(), st.integers(0, 8))
def test_clustering_the_affected_claims_alone_is_enough(claims: list[LaunchObservation], place: int) -> None:
    new = claims[place % len(claims)]
    others = sorted((claim for claim in claims if claim is not new), key=claim_order)
    run = affected(others, new)
    around, apart = others[run], others[: run.start] + others[run.stop :]
    everything = launches_of([*around, new]) + launches_of(apart)
    assert sorted(everything, key=lambda launch: launch.key) == sorted(launches_of(claims), key=lambda launch: launch.key)
    assert affected(sorted(claims, key=claim_order), new) == slice(run.start, run.stop + 1)


@settings(deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_claims_kept_one_by_one_give_the_same_launches(claims: list[LaunchObservation], random: Random) -> None:
    kept = Claims()
    launches: dict[str, Launch] = {}

    def recluster(around: list[LaunchObservation], *gone: LaunchObservation) -> None:
        known = {(claim.source, claim.id) for claim in [*around, *gone]}
        for launch in list(launches.values()):
            if any((claim.source, claim.id) in known for claim in launch.claims):
                assert all((claim.source, claim.id) in known for claim in launch.claims)
                del launches[launch.key]
        launches.update((launch.key, launch) for launch in launches_of(around))

    random.shuffle(claims)
    for number, claim in enumerate(claims):
        recluster(kept.put(claim))
        assert sorted(launches.values(), key=lambda x: x.key) == sorted(launches_of(claims[: number + 1]), key=lambda x: x.key)
    assert set(map(repr, kept.put(claims[0]))) >= {repr(claims[0])}
    while claims:
        gone = claims.pop()
        recluster(kept.drop(gone), gone)
        assert sorted(launches.values(), key=lambda x: x.key) == sorted(launches_of(claims), key=lambda x: x.key)
    assert kept.drop(ELEVEN) == []


def test_a_lone_claim_has_no_neighbours() -> None:
    claims = [seen(f"c{hour:04}", hour * 60) for hour in range(500)]
    assert affected(claims, seen("new", 1_831)) == slice(31, 32)
    assert affected(claims, seen("new", 1_829)) == slice(30, 31)
    assert affected([], ELEVEN) == slice(0, 0)
    kept = Claims()
    for claim in claims:
        assert kept.put(claim) == [claim]


@pytest.mark.parametrize("named", [True, False])
def test_in_a_barrage_that_one_source_reports_no_claim_is_clustered_with_those_before_it(named: bool) -> None:
    claims = [seen(f"c{number:03}", number // 10, launch=f"n{number}" if named else None) for number in range(300)]
    kept = Claims()
    for claim in claims:
        assert kept.put(claim) == [claim]
    # Another source's word on one of them may be on any of them.
    other = seen("other", 15, B)
    assert len(kept.put(other)) == 301
    assert kept.drop(claims[7])[-1] == claims[-1]
    kept.drop(other)
    assert kept.drop(claims[8]) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.sampled_from([A, B])), max_size=12), st.randoms())
def test_a_chain_is_what_a_walk_over_its_claims_finds(told: list[tuple[int, bool, str]], random: Random) -> None:
    chains, claims = Chains(), list[Seen]()
    for number, (minute, named, source) in enumerate(told):
        claim = as_seen(seen(f"c{number}", minute, source, launch=f"n{number}" if named else None))
        chains.put(claim)
        claims = sorted([*claims, claim])
    while claims:
        runs = [[claims[0]]]
        for claim in claims[1:]:
            if claim.earliest - max(each.latest for each in runs[-1]) > SAME_TIME:
                runs.append([])
            runs[-1].append(claim)
        for run in runs:
            nameless = {claim.source for claim in run if claim.claim.data.launch is None}
            all_named, none_named = not nameless, all(claim.claim.data.launch is None for claim in run)
            for claim in run:
                assert chains.begins(claim) == run[0].earliest
                expected = all_named if claim.claim.data.launch is not None else none_named and len(nameless) == 1
                assert chains.apart(claim) is expected
        gone = claims.pop(random.randrange(len(claims)))
        begins = chains.begins(gone)
        chains.drop(gone, [claim for claim in claims if claim.earliest >= begins])


def test_a_day_reaches_over_all_that_falls_in_it() -> None:
    midnight = START.replace(hour=0)
    day = seen("day", midnight.isoformat(), precision="day")
    hours = [seen(f"h{hour:02}", (midnight + timedelta(hours=hour)).isoformat()) for hour in (-2, 3, 9, 20, 24, 26)]
    claims = sorted([day, *hours], key=claim_order)
    assert all(before.time <= after.time for before, after in pairwise(claims))
    assert affected(claims, seen("new", (midnight + timedelta(hours=20, minutes=10)).isoformat(), B)) == slice(1, 6)
    assert launches_of([]) == []
    assert isinstance(claim_order(day)[0], datetime)
