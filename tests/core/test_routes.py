"""What is judged together has one home, and every client finds the same partition for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from producers.history.presume import merged, presumed_events
from producers.history.story import builtin_stories, find_story, load_story
from streams.agreements.load import load_builtin
from streams.lapses import encode_lapse
from streams.remit import Remit
from streams.routes import Homes, partition_of, routes_of
from streams.rulebook import RuleBook
from streams.watch import Watch
from tests.core.world import WORLD, event, status

MANY = tuple(range(5))


@given(st.binary(min_size=1, max_size=40), st.integers(1, 64))
def test_a_key_has_the_partition_that_any_kafka_client_gives_it(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_two_parties_that_keep_pace_share_a_home() -> None:
    homes = Homes.of(RuleBook(load_builtin()))
    assert homes.party("US") == homes.party("PRC")
    assert homes.party("DPRK") == "DPRK"


def test_lines_of_one_group_share_a_home() -> None:
    homes = Homes.of(RuleBook(WORLD))
    assert homes.channel("east") == homes.channel("west")


def test_an_announcement_goes_once_to_each_partition_it_concerns() -> None:
    homes = Homes.of(RuleBook(WORLD))
    routes = routes_of(status("s", 1.0, "east", "west", "talks", "phone"), homes, 4)
    assert len({route.partition for route in routes}) == len(routes)


def test_what_nobody_knows_goes_to_one_partition_to_be_refused_there() -> None:
    strange = event("channel.check", "c", 1.0, {"channel": "nobody", "outcome": "answered"})
    (route,) = routes_of(strange, Homes.of(RuleBook(WORLD)), 8)
    assert route.topic == "channels"


@pytest.mark.parametrize("name", builtin_stories())
def test_watches_that_share_the_work_find_together_what_one_finds(name: str) -> None:
    agreements, story = load_builtin(), load_story(find_story(name))
    homes = Homes.of(RuleBook(agreements))

    def shared(number: int) -> Watch:
        return Watch(agreements, remit=Remit(homes, lambda home: partition_of(home.encode(), len(MANY)) == number))

    def told(watch: Watch, number: int | None) -> list[bytes]:
        out, now = watch.advance(story.start), story.start
        for one in merged(story.events, presumed_events(story, agreements)):
            if one.known > now:
                now = one.known
                out += watch.advance(now)
            if number is None or any(route.partition == number for route in routes_of(one, homes, len(MANY))):
                out += watch.receive(one)
        return [encode_lapse(lapse) for lapse in [*out, *watch.advance(story.until)]]

    parts = [told(shared(number), number) for number in MANY]
    assert sorted(line for part in parts for line in part) == sorted(told(Watch(agreements), None))
