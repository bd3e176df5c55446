"""A replay as records on Kafka, without Kafka: in whatever order topics are read, it is judged as the embedded replay is."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.kafka.publish import Sender
from deploy.replaying.replay import Edges, replay
from producers.plan import TOGETHER, Plan, Sending
from streams.events import AnyEvent, Tick
from streams.events.decode import decode, encode
from streams.lapses import encode_lapse
from streams.log.recording import Batch, Lines
from streams.partition import PartitionWatch
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.topics import CHANNELS, INCIDENTS, INPUTS, LAUNCHES
from streams.watch import Watch
from tests.core.histories import histories
from tests.core.world import END, WORLD, at, check, contact, event, incident, launch, status

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
    given: Given,
    partitions: int,
    start: datetime | None = None,
    until: datetime | None = None,
    every: timedelta | None = None,
) -> list[Sending]:
    """The records of a replay."""
    plan = Plan(HOMES, partitions, RUN, until=until, every=every)
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


@settings(max_examples=40, deadline=None)
@given(recordings(), st.sampled_from([1, 3]), st.sampled_from([1, 6, 1_000]))
def test_ticks_only_so_often_send_the_same_events(recording: Given, partitions: int, hours: int) -> None:
    dense, sparse = planned(recording, partitions), planned(recording, partitions, every=timedelta(hours=hours))
    assert events_of(sparse) == events_of(dense)
    if not any(tick[2] for one in sparse if (tick := tick_of(one)) is not None):
        moments = [time for time, _ in ticks_of(sparse, 0)]
        # The last one closes, whenever that is.
        assert all(second - first >= timedelta(hours=hours) for first, second in pairwise(moments[:-1]))


def tick_of(sending: Sending) -> tuple[datetime, str, bool] | None:
    """Time and id of a tick, and whether it is the recording's own."""
    one = decode(sending.value)
    return (one.time, one.id, one.run != RUN) if isinstance(one, Tick) and not one.exercise else None


def events_of(sendings: Sequence[Sending]) -> list[Sending]:
    """What is no tick of the plan's, in order."""
    return [sending for sending in sendings if (tick := tick_of(sending)) is None or tick[2]]


def ticks_of(sendings: Sequence[Sending], partition: int) -> list[tuple[datetime, str]]:
    """The ticks of a partition number, in order."""
    return [
        tick[:2]
        for sending in sendings
        if (sending.topic, sending.partition) == (INPUTS[0], partition) and (tick := tick_of(sending)) is not None
    ]


@settings(max_examples=40, deadline=None)
@given(recordings(), st.sampled_from([1, 3]))
def test_its_ticks_stand_in_the_same_order_in_all_three_topics_and_each_is_higher(recording: Given, partitions: int) -> None:
    sendings = planned(recording, partitions)
    for partition in range(partitions):
        in_each = [
            [
                tick[:2]
                for one in sendings
                if (one.topic, one.partition) == (topic, partition) and (tick := tick_of(one)) is not None and not tick[2]
            ]
            for topic in INPUTS
        ]
        assert in_each[0] == in_each[1] == in_each[2]
        assert all(first < second for first, second in pairwise(in_each[0]))


def test_between_events_of_one_moment_in_two_topics_there_is_a_tick_of_that_moment() -> None:
    lines = [encode(incident("i", 10.0)), encode(contact("c", 10.0)), encode(status("s", 10.0, "phone"))]
    sendings = planned(Given(lines), 1)
    order = [one.topic if tick_of(one) is None else "tick" for one in sendings if one.topic != LAUNCHES]
    assert order == [INCIDENTS, "tick", "tick", INCIDENTS, "tick", "tick", CHANNELS, "tick", "tick"]
    assert [time for time, _ in ticks_of(sendings, 0)] == [at(10.0)] * 3


def test_a_clock_of_its_own_that_begins_late_finds_no_partition_behind() -> None:
    """What was known before the first tick was known everywhere."""
    early, late = encode(incident("i", 10.0)), encode(launch("l", 3.0))
    own = encode(event("tick", "own", 5.0, {}))
    sendings = planned(Given([early], [own, late]), 8)
    (place,) = {one.partition for one in sendings if one.value == late}
    before = sendings[: next(number for number, one in enumerate(sendings) if one.value == late)]
    assert ticks_of(before, place)[-1][0] == at(10.0)


def test_where_nothing_happens_the_clock_is_not_left_far_behind() -> None:
    lines = [encode(check("east", f"c{number}", number / 60)) for number in range(TOGETHER + 1)]
    sendings = planned(Given(lines), 8)
    (place,) = {one.partition for one in sendings if tick_of(one) is None}
    other = (place + 1) % 8
    assert [time for time, _ in ticks_of(sendings, other)] == [at((TOGETHER - 1) / 60), at(TOGETHER / 60)]


def test_an_id_as_long_as_ids_can_be_stands_in_the_way_of_no_event() -> None:
    own = encode(event("tick", "~" * 200, 1.0, {}))
    lines = [own, encode(incident("i", 1.0)), encode(contact("c", 1.0))]
    assert len(events_of(planned(Given(lines), 1))) == 5


@pytest.mark.parametrize(
    ("lines", "until", "events", "left_out", "refused"),
    [
        ([check("east", "a", 1.0), check("east", "b", 50.0), check("east", "c", 2.0)], at(10.0), 2, 1, 0),
        ([event("tick", "t", 1.0, {}), event("tick", "u", 50.0, {}), check("east", "c", 2.0)], at(10.0), 1, 2, 0),
        ([check("east", "a", 1.0), check("east", "b", 240.0)], None, 1, 0, 1),
        ([check("nowhere", "a", 1.0)], None, 1, 0, 0),
        ([], at(10.0), 0, 0, 0),
    ],
    ids=["after the end", "the clock past the end", "not yet known", "an unknown channel is the workers' to refuse", "nothing"],
)
def test_what_is_sent_is_what_the_embedded_replay_takes_in(
    lines: list[AnyEvent], until: datetime | None, events: int, left_out: int, refused: int
) -> None:
    plan = Plan(HOMES, 2, RUN, until=until)
    sender = Sender(plan, Given(list(map(encode, lines))), now=END)
    sent = [one for sendings in sender for one in sendings]
    assert (plan.counts.total(), plan.left_out, sender.refused) == (events, left_out, refused)
    assert len(sender.letters) == refused
    assert sent, "a tick at the end"
    result = replay(Watch(WORLD), Given(list(map(encode, lines))), Edges(clock=lambda: 0.0, now=lambda: END), until=until)
    assert result.left_out == left_out
