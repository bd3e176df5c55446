"""Launches without a notice by salvo: kept piece by piece they are what a look at all of them finds."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.agreements.load import load_builtin
from streams.events import Interval
from streams.lapses import Finding
from streams.matching.launches import Launch
from streams.matching.match import Match
from streams.obligations.salvos import Judged, Salvos
from streams.severity import Severity
from streams.spans import Span
from streams.watch import Watch
from tests.core.test_properties import MANY
from tests.core.world import START, launch

HOUR = timedelta(hours=1)
WITHIN = Span(seconds=2 * 3_600)
NOON = datetime(2022, 8, 4, 12, tzinfo=UTC)


def match(key: str, hour: int, vague: int, *, after: bool) -> Match:
    occurred = Interval(NOON + hour * HOUR, NOON + (hour + vague) * HOUR)
    return Match(launch=Launch(key=key, party="AA", claims=(), occurred=occurred, launch_class="srbm"), after_launch=after)


def walked(bare: dict[str, Match]) -> dict[str, tuple[str, ...]]:
    """The salvos by a walk over all launches."""
    salvos: list[list[Match]] = []
    for one in sorted(bare.values(), key=lambda one: (one.launch.occurred, one.launch.key)):
        last = salvos[-1][-1] if salvos else None
        if (
            last is not None
            and not one.after_launch
            and not last.after_launch
            and one.launch.occurred.earliest <= WITHIN.after(last.launch.occurred.latest)
        ):
            salvos[-1].append(one)
        else:
            salvos.append([one])
    return {salvo[0].launch.key: tuple(one.launch.key for one in salvo) for salvo in salvos}


def finding(key: str) -> Finding:
    return Finding(
        subject=key,
        parties=("AA",),
        onset=NOON,
        deadline=NOON,
        changed=NOON,
        severity=Severity.WARN,
        reason="no-notice",
        events=(),
        arithmetic=(),
    )


Change = tuple[int, tuple[int, int, bool] | None]
CHANGES = st.tuples(st.integers(0, 9), st.one_of(st.none(), st.tuples(st.integers(0, 12), st.integers(0, 5), st.booleans())))


@MANY
@given(st.lists(st.lists(CHANGES, min_size=1, max_size=3), max_size=25), st.randoms(use_true_random=False))
def test_they_are_those_that_a_walk_over_all_launches_finds(rounds: list[list[Change]], random: Random) -> None:
    salvos, bare, found = Salvos(WITHIN), dict[str, Match](), set[str]()
    kept: dict[str, Judged] = {}
    for changes in rounds:
        for number, told in changes:
            key = f"l{number}"
            if told is None:
                bare.pop(key, None)
            else:
                hour, vague, after = told
                bare[key] = match(key, hour, vague, after=after)
            salvos.put(key, bare.get(key))
        expected = walked(bare)
        due = salvos.due(NOON)
        assert [first for first, _ in due] == [first for first in expected if first in dict(due)], "by time"
        before = {first: known.launches for first, known in salvos.judged.items()}
        for first, salvo in due:
            assert tuple(one.launch.key for one in salvo) == expected[first]
            salvos.found(first, finding(first), NOON + HOUR, certain=True)
        assert {**before, **{first: expected[first] for first, _ in due}} == expected, "all others stay what they were"
        assert set(salvos.ended()) == found - expected.keys()
        found = set(expected)
        assert salvos.wake() == (NOON + HOUR if expected else None)
        for first in salvos.changed:
            kept.pop(first, None)
            if first in salvos.judged:
                kept[first] = salvos.judged[first]
        salvos.changed.clear()
        assert kept == salvos.judged
        if random.random() < 0.3:
            salvos = Salvos(WITHIN)
            salvos.recall(kept, bare)
    assert [first for first, _ in salvos.due(NOON + HOUR)] == list(walked(bare)), "all of them when their time has come"


def test_one_more_launch_writes_no_more_of_the_state_than_those_before_it() -> None:
    watch = Watch([one for one in load_builtin() if one.id == "synthetic-load"])
    watch.advance(START)
    written = []
    for number in range(300):
        told = launch(f"l{number:03}", number / 3_600, party="S01")
        watch.advance(told.known)
        watch.receive(told)
        written.append(sum(len(cell) for cell in watch.changes().values() if cell is not None))
    assert max(written[200:]) <= 1.1 * max(written[20:40])
