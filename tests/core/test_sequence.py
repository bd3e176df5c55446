"""Three topics are read in one order, whatever way their records come."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.events.decode import encode
from streams.partition import PartitionWatch
from streams.sequence import Epoch, Sequencer, Unread
from streams.topics import CHANNELS, INCIDENTS, INPUTS, LAUNCHES
from tests.core.world import WORLD, at, contact, event, incident

Told = tuple[datetime, tuple[str, ...]]


def tick(hours: float, name: str = "t") -> bytes:
    """A tick of the one clock."""
    return encode(event("tick", name, hours, {}))


def beat(hours: float, feed: str = "desk") -> bytes:
    """A heartbeat."""
    return encode(event("feed.heartbeat", f"beat-{hours:g}", hours, {"feed": feed}))


def talk(name: str, hours: float = 0.0) -> bytes:
    """Any event that is sent to one topic."""
    return encode(event("contact", name, hours, {"parties": ["AA", "BB"]}))


def told(epochs: Iterable[Epoch]) -> list[Told]:
    """What each epoch gives, by the events' ids."""
    return [
        (epoch.now, tuple(item.why if isinstance(item, Unread) else item.event.id for item in epoch.items)) for epoch in epochs
    ]


def fed(sequencer: Sequencer, **topics: Sequence[bytes | None]) -> list[Told]:
    """What comes of whole topics, put in one after the other."""
    result: list[Told] = []
    for topic, records in topics.items():
        sequencer.put(topic, list(enumerate(records)))
        result += told(sequencer.epochs())
    return result


def test_an_event_waits_for_the_tick_after_it_in_every_topic() -> None:
    sequencer = Sequencer()
    assert fed(sequencer, launches=[talk("a"), tick(1)], channels=[tick(1)]) == []
    assert sequencer.held == 1
    sequencer.put(INCIDENTS, [(0, tick(1))])
    assert told(sequencer.epochs()) == [(at(1), ("a",))]
    assert sequencer.held == 0
    assert sequencer.positions == {LAUNCHES: 2, CHANNELS: 1, INCIDENTS: 1}


def test_now_is_the_least_of_the_last_ticks() -> None:
    ahead = [tick(1), talk("late"), tick(2), tick(3)]
    assert fed(Sequencer(), launches=ahead, channels=ahead, incidents=[tick(1)]) == [(at(1), ())]


def test_where_a_topic_lacks_a_tick_nothing_there_comes_after_it_that_may_have_been_first() -> None:
    sequencer = Sequencer()
    whole = [tick(1), talk("a"), tick(2), talk("b"), tick(3)]
    gaps = [tick(1), talk("c"), tick(3), talk("d")]
    assert fed(sequencer, launches=whole, channels=gaps, incidents=whole[-1:]) == [
        (at(1), ()),
        (at(2), ("a", "c")),
        (at(3), ("b",)),
    ]
    assert sequencer.positions == {LAUNCHES: 5, CHANNELS: 3, INCIDENTS: 1}


def test_an_early_tick_that_comes_behind_the_clocks_own_parts_nothing_from_it() -> None:
    straight = [tick(1), tick(1.9, "early"), tick(2)]
    crossed = [tick(1), talk("answer"), tick(2), tick(1.9, "early"), tick(3)]
    assert fed(Sequencer(), launches=straight, channels=straight, incidents=crossed) == [
        (at(1), ()),
        (at(1.9), ("answer",)),
        (at(2), ()),
    ]


def test_no_deadline_passes_ahead_of_the_contact_that_meets_it_because_a_tick_was_lost() -> None:
    ticks = [tick(0.5), tick(2), tick(3.05), tick(4)]
    spoken = [tick(0.5), encode(incident("i", 1)), tick(2), encode(contact("c", 2.9)), tick(4)]
    watch = PartitionWatch(WORLD, 0, 1)
    topics: dict[str, list[bytes]] = {LAUNCHES: ticks, CHANNELS: ticks, INCIDENTS: spoken}
    assert [lapse for topic, records in topics.items() for lapse in watch.take(topic, list(enumerate(records))).lapses] == []


def test_a_tick_that_is_not_later_than_the_last_is_passed_over() -> None:
    back = [tick(2), talk("a"), tick(1), talk("b"), tick(3)]
    assert fed(Sequencer(), launches=back, channels=back[::4], incidents=back[::4]) == [(at(2), ()), (at(3), ("a", "b"))]


def test_ticks_of_one_time_are_told_apart_by_their_ids() -> None:
    two = [tick(1, "t-1"), talk("a"), tick(1, "t-2")]
    none = [tick(1, "t-1"), tick(1, "t-2")]
    assert fed(Sequencer(), launches=two, channels=none, incidents=none) == [(at(1), ()), (at(1), ("a",))]


def test_a_heartbeat_counts_once_every_topic_has_had_one_as_late() -> None:
    sequencer = Sequencer()
    heard = [beat(1), tick(2)]
    assert fed(sequencer, launches=heard, channels=heard, incidents=heard[1:]) == [(at(2), ())]
    sequencer.put(INCIDENTS, [(1, beat(3)), (2, tick(4))])
    sequencer.put(LAUNCHES, [(2, tick(4))])
    sequencer.put(CHANNELS, [(2, tick(4))])
    # A later one in the third topic vouches for the earlier one, and not yet for itself.
    assert told(sequencer.epochs()) == [(at(4), ("beat-1",))]


def test_what_is_no_event_keeps_its_place() -> None:
    records: list[bytes | None] = [b"nonsense", None, talk("a"), tick(1)]
    ((_, items),) = fed(Sequencer(), launches=records, channels=[tick(1)], incidents=[tick(1)])
    assert "JSON" in items[0]
    assert "without a value" in items[1]
    assert items[2] == "a"


@st.composite
def logs(draw: st.DrawFn) -> dict[str, list[bytes | None]]:
    """Three topics with ticks, some of which are missing somewhere, events, heartbeats and what is none."""
    topics: dict[str, list[bytes | None]] = {topic: [] for topic in INPUTS}
    for hour in range(1, draw(st.integers(2, 9))):
        for topic in INPUTS:
            kinds = draw(st.lists(st.sampled_from(["talk", "beat", "none"]), max_size=3))
            for number, kind in enumerate(kinds):
                name = f"{topic}-{hour}-{number}"
                topics[topic].append({"talk": talk(name), "beat": beat(hour - 0.5), "none": b"?"}[kind])
            if draw(st.integers(0, 9)):
                topics[topic].append(tick(hour))
    return topics


def chunks(topics: dict[str, list[bytes | None]], random: Random) -> Iterator[tuple[str, list[tuple[int, bytes | None]]]]:
    """The records as a reader may get them: in order within a topic, cut and interleaved as chance has it."""
    left = {topic: list(enumerate(records)) for topic, records in topics.items() if records}
    while left:
        topic = random.choice(sorted(left))
        size = random.randint(1, len(left[topic]))
        yield topic, left[topic][:size]
        left[topic] = left[topic][size:]
        if not left[topic]:
            del left[topic]


@given(logs(), st.randoms(use_true_random=False))
def test_the_order_is_that_of_the_log_alone(topics: dict[str, list[bytes | None]], random: Random) -> None:
    expected = fed(Sequencer(), **topics)
    sequencer = Sequencer()
    result: list[Told] = []
    for topic, records in chunks(topics, random):
        sequencer.put(topic, records)
        result += told(sequencer.epochs())
    assert result == expected


@given(logs(), st.randoms(use_true_random=False))
def test_whoever_goes_on_from_memory_and_reads_again_misses_nothing_and_doubles_nothing(
    topics: dict[str, list[bytes | None]], random: Random
) -> None:
    expected = fed(Sequencer(), **topics)
    sequencer = Sequencer()
    result: list[Told] = []
    given_out = dict.fromkeys(INPUTS, 0)
    for topic, records in chunks(topics, random):
        sequencer.put(topic, records)
        given_out[topic] = records[-1][0] + 1
        result += told(sequencer.epochs())
        if random.random() < 0.4:
            memory, positions = sequencer.remember(), sequencer.positions
            sequencer = Sequencer()
            sequencer.recall(memory)
            # From the position on, or from somewhere before it.
            for again in INPUTS:
                start = random.randint(0, positions[again])
                sequencer.put(again, list(enumerate(topics[again]))[start : given_out[again]])
            result += told(sequencer.epochs())
    assert result == expected


def test_heartbeats_are_of_the_feeds_and_wait_by_themselves() -> None:
    sequencer = Sequencer()
    topics = [beat(1, "desk"), beat(1, "wire"), tick(2)]
    fed(sequencer, launches=topics, channels=topics, incidents=[beat(1, "wire"), tick(2)])
    memory = sequencer.remember()
    assert [topic for topic, _, _ in memory.beats] == [CHANNELS, LAUNCHES]
    assert {record for _, _, record in memory.beats} == {beat(1, "desk")}
