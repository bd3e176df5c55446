"""Workers that join and leave in mid-stream, in good order and killed."""

from contextlib import ExitStack

import pytest

from tests.live.faults import LONG, Case, Crew, Feeder, bury, killed, load, owned, shared, told
from tests.live.running import Worker, until

EVENTS = 30_000
WAYS = pytest.mark.parametrize("way", ["killed", pytest.param("ended", marks=LONG)])


def leave(case: Case, process: Worker, way: str) -> None:
    if way == "killed":
        killed(process)
    else:
        assert process.end() == 0, process.said()


@WAYS
def test_a_second_one_joins_in_mid_stream_and_leaves(kafka: str, run: str, way: str) -> None:
    case = Case(kafka, run, 4, load(EVENTS))
    feeder = Feeder(case.ground, case.part(0, 0.5), 4.0, lingers=True)
    with ExitStack() as stack:
        crew = Crew(case.ground, stack)
        first = crew.hire().ready()
        case.reach(0.02, first.said)
        second = crew.hire().ready()
        until(lambda: shared(first, second), lambda: f"two with two partition numbers each\n{told(first, second)}")
        joined = case.midway()
        moved = case.moved()
        feeder.done()
        feeder = Feeder(case.ground, case.part(0.5, 0.9), 4.0, lingers=True)
        until(lambda: moved() and case.done() > joined + 0.1, lambda: f"both, from {joined:.1%}\n{case.told(first, second)}")
        leave(case, second, way)
        left = case.midway()
        until(lambda: len(owned(first)) == 4, lambda: f"the first has all again\n{told(first)}", 30)
        feeder.done()
        Feeder(case.ground, case.part(0.9, 1.0)).done()
        assert left > joined
        case.finish(first)


@WAYS
def test_the_first_leaves_in_mid_stream_and_the_second_takes_over_all(kafka: str, run: str, way: str) -> None:
    case = Case(kafka, run, 4, load(EVENTS))
    feeder = Feeder(case.ground, case.part(0, 0.9), 4.0, lingers=True)
    with ExitStack() as stack:
        crew = Crew(case.ground, stack)
        first, second = crew.hire(), crew.hire()
        first.ready()
        second.ready()
        until(lambda: shared(first, second) and case.done() > 0.1, lambda: f"both\n{case.told(first, second)}")
        leave(case, first, way)
        case.midway()
        if way == "killed":
            bury(case.ground)
        until(lambda: len(owned(second)) == 4, lambda: f"the second has all\n{told(second)}", 30)
        feeder.done()
        Feeder(case.ground, case.part(0.9, 1.0)).done()
        case.finish(second)


SLOW = "tests.live.slow:app"
LAGGARD = "tests.live.laggard:app"


@WAYS
def test_one_that_has_nothing_to_do_takes_over_what_the_other_had(kafka: str, run: str, way: str) -> None:
    """It waits for records of the inputs; those of the state that it is about to read back must not be given to that wait."""
    case = Case(kafka, run, 4, load(6_000))
    Feeder(case.ground, case.part(0, 0.8)).done()
    with ExitStack() as stack:
        crew = Crew(case.ground, stack)
        first, second = crew.hire(SLOW), crew.hire(SLOW)
        until(lambda: shared(first, second) and case.ground.caught_up(0.95), lambda: f"both\n{case.told(first, second)}")
        leave(case, first, way)
        if way == "killed":
            bury(case.ground)
        until(lambda: len(owned(second)) == 4, lambda: f"the second has all\n{told(second)}", 30)
        Feeder(case.ground, case.part(0.8, 1.0)).done()
        case.finish(second)


def test_the_changelog_comes_later_than_the_broker_says(kafka: str, run: str) -> None:
    """Nobody may be given the inputs without the state: a state that was not read back looks like none."""
    case = Case(kafka, run, 4, load(6_000))
    feeder = Feeder(case.ground, case.part(0, 0.9), 3.0, lingers=True)
    with ExitStack() as stack:
        crew = Crew(case.ground, stack)
        first, second = crew.hire(LAGGARD), crew.hire(LAGGARD)
        until(lambda: shared(first, second) and case.done() > 0.1, lambda: f"both\n{case.told(first, second)}")
        leave(case, first, "ended")
        case.midway()
        feeder.done()
        Feeder(case.ground, case.part(0.9, 1.0)).done()
        case.finish(second)


def test_the_state_knows_better_than_the_group_how_far_it_is(kafka: str, run: str) -> None:
    """The group's offsets are set ahead of the state: what lies between is read again, and nothing is lost."""
    case = Case(kafka, run, 3, load(6_000))
    Feeder(case.ground, case.part(0, 0.5)).done()
    with ExitStack() as stack:
        crew = Crew(case.ground, stack)
        first = crew.hire()
        case.reach(0.4, first.said)
        killed(first)
        bury(case.ground)
        Feeder(case.ground, case.part(0.5, 0.9)).done()
        case.skip()
        assert case.done() > 0.85
        second = crew.hire().ready()
        Feeder(case.ground, case.part(0.9, 1.0)).done()
        # The worker tells the group at once, and says so only where nobody has asked for the group's offsets since.
        case.finish(second)
