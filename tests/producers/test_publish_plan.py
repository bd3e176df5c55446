"""A replay as records on Kafka, without Kafka: in whatever order topics are read, it is judged as the embedded replay is."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.publish import Sender
from deploy.replay import Edges, replay
from producers.plan import Plan, Sending
from streams.events import AnyEvent
from streams.events.decode import encode
from streams.lapses import encode_lapse
from streams.log.recording import Batch, Lines
from streams.partition import PartitionWatch
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.topics import INPUTS
from streams.watch import Watch
from tests.core.histories import histories
from tests.core.world import END, WORLD, at, event

RUN = "r"
HOMES = Homes.of(RuleBook(WORLD))

Revisions = dict[tuple[bool, str, int], bytes]


class Given:
    """Lines to replay, in batches."""

    size = None

    def __init__(self, *batches: Sequence[bytes]) -> None:
        self._batches = batches

    def batches(self) -> Iterator[Batch]:
        first = 1
        for lines in self._batches:
            yield Lines("given", first, list(lines), 0)
            first += len(lines)


def embedded(given: Given, start: datetime | None = None, until: datetime | None = None) -> Revisions:
    """What the embedded replay says."""
    result = replay(Watch(WORLD, run=RUN), given, Edges(clock=lambda: 0.0), start=start, until=until)
    return {
        (lapse.exercise, lapse.id, lapse.revision): encode_lapse(lapse)
        for revisions in result.history.values()
        for lapse in revisions
    }


def planned(
    given: Given, partitions: int, start: datetime | None = None, until: datetime | None = None, **options: Any
) -> list[Sending]:
    """The records of a replay."""
    plan = Plan(HOMES, partitions, RUN, until=until, **options)
    return [sending for sendings in Sender(plan, given, start=start) for sending in sendings]


def judged(sendings: Sequence[Sending], partitions: int, chance: Random) -> Revisions:
    """What the watches of all partition numbers say, each topic read in pieces, the topics in any order."""
    found: Revisions = {}
    for partition in range(partitions):
        watch = PartitionWatch(WORLD, partition, partitions, run=RUN)
        left = {
            topic: list(enumerate(one.value for one in sendings if (one.topic, one.partition) == (topic, partition)))
            for topic in INPUTS
        }
        while any(left.values()):
            topic = chance.choice([topic for topic in INPUTS if left[topic]])
            size = chance.randint(1, 8)
            for lapse in watch.take(topic, left[topic][:size]).lapses:
                assert found.setdefault(key := (lapse.exercise, lapse.id, lapse.revision), encode_lapse(lapse)), key
            del left[topic][:size]
        assert not watch.waiting
    return found


def drilled(one: AnyEvent) -> AnyEvent:
    """The same as part of a drill."""
    return msgspec.structs.replace(one, exercise=True)


def tick(number: int, hours: float, **attributes: object) -> AnyEvent:
    """A tick of the recording's own."""
    return event("tick", f"z-{number}", hours, {}, **attributes)


def _late(draw: st.DrawFn, one: AnyEvent) -> AnyEvent:
    """The event as the log may have taken it in: at once, late, or in a drill."""
    hours = draw(st.sampled_from([None, 0, 1, 30]))
    ingested = None if hours is None else one.known + timedelta(hours=hours)
    return msgspec.structs.replace(one, ingested=ingested, exercise=draw(st.integers(0, 7)) == 0)


@st.composite
def recordings(draw: st.DrawFn) -> Given:
    """A recording, mostly in the order in which things became known, some of a drill, some late, some no events, some twice."""
    events = draw(st.permutations([_late(draw, one) for one in draw(histories(most=20))]))
    events.sort(key=lambda one: one.known)
    lines = list(map(encode, events))
    hours = sorted(draw(st.lists(st.integers(0, 144), max_size=12)))
    for number, hour in enumerate(hours if draw(st.booleans()) else []):
        line = encode(event("tick", f"{draw(st.sampled_from('az'))}-{number}", hour, {}, exercise=draw(st.integers(0, 7)) == 0))
        place = next((place for place, one in enumerate(events) if one.known > at(hour)), len(events))
        lines.insert(draw(st.sampled_from([place, place, len(lines)])), line)
    for line in draw(st.lists(st.sampled_from([b"", b"{", *lines]), max_size=3)):
        lines.insert(draw(st.integers(0, len(lines))), line)
    cut = draw(st.sampled_from([0, 0, len(lines) // 2]))
    return Given(lines[:cut], lines[cut:]) if cut else Given(lines)


@settings(max_examples=100, deadline=None)
@given(
    recordings(),
    st.sampled_from([1, 2, 3, 8]),
    st.sampled_from([None, at(-24.0)]),
    st.sampled_from([None, at(70.0), END]),
    st.randoms(use_true_random=False),
)
def test_a_replay_over_topics_is_judged_as_the_embedded_one(
    recording: Given, partitions: int, start: datetime | None, until: datetime | None, chance: Random
) -> None:
    sendings = planned(recording, partitions, start, until)
    assert judged(sendings, partitions, chance) == embedded(recording, start, until)
