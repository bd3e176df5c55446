"""Workers that die, anywhere: afterwards the lapses are those of the embedded replay, byte for byte, and so is the state."""

import random
import signal
import time
from contextlib import ExitStack
from itertools import pairwise

import pytest

from streams.live.worker import PATIENCE
from tests.live.changelogs import changelog_of, state_of, states, torn
from tests.live.faults import LONG, QUICK, Case, Crew, Feeder, bury, killed, load
from tests.live.running import worker

EVENTS = 40_000


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=LONG)])
def test_killed_again_and_again_in_mid_stream(kafka: str, run: str, seed: int) -> None:
    """In each life a part of the load comes, all at once or little by little, and before all of it is judged it is killed."""
    dice = random.Random(seed)
    case = Case(kafka, run, 3, load(EVENTS))
    parts = [0.0, *sorted(dice.uniform(0.15, 0.85) for _ in range(3)), 1.0]
    feeder = None
    for first, last in pairwise(parts[:-1]):
        if feeder is not None:
            feeder.done()
        feeder = Feeder(case.ground, case.part(first, last), dice.choice([0.0, 3.0]))
        share = dice.uniform(first, last)
        with worker(case.ground, **QUICK) as process:
            case.reach(share, process.said)
            time.sleep(dice.uniform(0.0, 0.05))  # any moment of a batch
            killed(process)
        assert share <= case.midway() <= last
        if first:
            # The first time the broker finds out by itself, after the session.
            bury(case.ground)
    assert feeder is not None
    feeder.done()
    rest = Feeder(case.ground, case.part(parts[-2], 1.0))
    with worker(case.ground, **QUICK) as process:
        rest.done()
        case.finish(process)


DYING = "tests.live.dying:app"


@LONG
def test_killed_between_two_records_of_its_state(kafka: str, run: str) -> None:
    """Each life is killed the moment the broker has a certain record of the changelog, and the next sent nothing."""
    dice = random.Random(5)
    case = Case(kafka, run, 2, load(6_000))
    Feeder(case.ground, case.sendings).done()
    cut_in_parts = cut_in_cells = lives = judged = 0
    # The first sets may hold nothing but duties that nobody has judged yet: then no record is done with.
    while lives < 6 or not (cut_in_parts and cut_in_cells and judged):
        lives += 1
        assert lives <= 30, f"{cut_in_parts} cuts in the parts of a change set, {cut_in_cells} in its cells"
        # Short lives are the later ones: then the state does not come to its end before both have been seen.
        count = dice.randint(1, 40 if lives > 6 and judged else 150)
        with worker(case.ground, app=DYING, TEST_DIES="changelog", TEST_DIES_AT=str(count), **QUICK) as process:
            assert process.process.wait(60) == -signal.SIGKILL, process.said()
        bury(case.ground)
        logs = [changelog_of(case.ground, case.changelog, number) for number in range(2)]
        cut_in_cells += any(state_of(log).unsettled for log in logs)
        cut_in_parts += any(torn(log) for log in logs)
        # So short a life commits no offset, but the state comes further.
        judged = sum(sum(case.positions(cells).values()) for log in logs if "sequence" in (cells := state_of(log).cells))
    assert judged < len(case.sendings)
    with worker(case.ground, **QUICK) as last:
        case.finish(last)


@LONG
@pytest.mark.parametrize("step", ["lapses", "states", "state", "done"])
def test_killed_between_two_steps_of_a_batch(kafka: str, run: str, step: str) -> None:
    """After the lapses; after how things stand; after the state, before it is said to be done; before the commit."""
    case = Case(kafka, run, 2, load(4_000))
    Feeder(case.ground, case.sendings).done()
    for count in (1, 4):
        with worker(case.ground, app=DYING, TEST_DIES=step, TEST_DIES_AT=str(count), **QUICK) as process:
            assert process.process.wait(60) == -signal.SIGKILL, process.said()
        bury(case.ground)
    assert case.ground.end(case.changelog) > 0
    if step == "lapses":
        assert case.ground.revisions()
    with worker(case.ground, **QUICK) as last:
        case.finish(last)


@LONG
def test_ended_under_load_it_leaves_in_seconds_and_another_goes_on(kafka: str, run: str) -> None:
    case = Case(kafka, run, 3, load(EVENTS))
    feeder = Feeder(case.ground, case.sendings)
    with worker(case.ground, **QUICK) as first:
        case.reach(0.1, first.said)
        began = time.monotonic()
        assert first.end() == 0, first.said()
        # To wait in vain for what is under way takes PATIENCE; on a busy machine the rest takes some seconds.
        assert time.monotonic() - began < PATIENCE / 2
    case.midway()
    # What it had judged is committed: nothing is read twice.
    kept = case.ground.committed()
    for partition, state in states(case.ground, case.changelog).items():
        for topic, offset in case.positions(state.cells).items():
            assert kept[topic, partition] == offset
    with ExitStack() as stack:
        last = Crew(case.ground, stack).hire()
        feeder.done()
        case.finish(last)
