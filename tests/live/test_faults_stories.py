"""Every story of the history through real workers on a real broker: the lapses are those of the embedded replay."""

import signal
from contextlib import ExitStack

import pytest

from deploy.kafka.publish import Sender
from deploy.replaying.inputs import opened
from deploy.replaying.replay import Edges, replay
from producers.history.story import builtin_stories
from producers.plan import Plan
from streams.agreements.load import load_builtin
from streams.lapses import encode_lapse
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.watch import Watch
from tests.live.faults import LONG, Feeder
from tests.live.running import Ground, Revisions, until, worker

AGREEMENTS = load_builtin()
HOMES = Homes.of(RuleBook(AGREEMENTS))
PARTITIONS = 3
ROUNDS = 3
"""The workers of a round run at the same time, each with a story of its own: what takes long is their start and end."""


def found_embedded(story: str, run: str) -> Revisions:
    """What the embedded replay finds, from the story's start to its end."""
    given = opened(story, AGREEMENTS)
    result = replay(Watch(AGREEMENTS, run=run), given.source, Edges(clock=lambda: 0.0), start=given.start, until=given.until)
    return {
        (lapse.exercise, lapse.id, lapse.revision): encode_lapse(lapse)
        for revisions in result.history.values()
        for lapse in revisions
    }


@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=LONG) for first in range(1, ROUNDS))])
def test_a_worker_finds_what_the_embedded_replay_finds(kafka: str, run: str, first: int) -> None:
    with ExitStack() as stack:
        told = []
        for number, story in enumerate(builtin_stories()[first::ROUNDS]):
            ground = Ground(kafka, f"{run}-{number}", PARTITIONS)
            told.append((story, ground, stack.enter_context(worker(ground))))
        for story, ground, _ in told:
            given = opened(story, AGREEMENTS)
            assert ground.run is not None
            plan = Plan(HOMES, PARTITIONS, ground.run, until=given.until)
            Feeder(ground, [one for some in Sender(plan, given.source, start=given.start) for one in some]).done()
        for story, ground, _ in told:
            until(ground.caught_up, f"the end of {story}")
        for _, _, process in told:
            process.process.send_signal(signal.SIGTERM)
        for story, ground, process in told:
            assert process.process.wait(20) == 0, process.said()
            assert ground.run is not None
            assert ground.revisions() == found_embedded(story, ground.run), story
            assert ground.letters() == [], story
