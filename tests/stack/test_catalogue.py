"""Which topics there are, and which event goes where."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from producers.history.story import builtin_stories, find_story, load_story
from streams.agreements.load import load_builtin
from streams.events import AnyEvent, FeedHeartbeat, Retraction, Tick
from streams.events.decode import decode
from streams.events.schemas import event_types
from streams.routes import Homes, keys_of, topic_of
from streams.rulebook import RuleBook
from streams.topics import INPUTS, Topic, catalogue, in_run

HOMES = Homes.of(RuleBook(load_builtin()))
NOON = datetime(2023, 2, 4, 12, tzinfo=UTC)


def event(kind: str, **data: object) -> AnyEvent:
    """An event of this kind."""
    import msgspec

    record = {
        "specversion": "1.0",
        "type": f"org.steadyline.{kind}.v1",
        "id": "e",
        "source": "test",
        "time": NOON,
        "data": data,
    }
    return decode(msgspec.json.encode(record))


PLACED = [
    # It keeps pace with the other party: the two share a home.
    (event("launch.notice", notice="n", party="US", recipients=[{"party": "RUS"}]), "launches", ["PRC"]),
    (event("launch.observation", party="DPRK"), "launches", ["DPRK"]),
    (event("regime.statement", party="RUS", agreements=["new-start-2010"], status="suspended"), "launches", ["RUS"]),
    (event("benchmark.report", agreement="proposed-us-china", measure="m", value=1), "launches", ["PRC-US"]),
    (event("channel.check", channel="us-china-dtl"), "channels", ["PRC-US"]),
    (event("channel.request", channel="us-china-dtl", request="r", party="US"), "channels", ["PRC-US"]),
    (event("channel.status", channels=["us-china-dtl"], party="PRC", status="suspended"), "channels", ["PRC-US"]),
    (
        event("dialogue.meeting", channel="us-china-dtl", parties=["US", "PRC", "JPN"]),
        "channels",
        ["PRC-US", "JPN-PRC", "JPN-US"],
    ),
    (event("incident.report", incident="i", parties=["US", "PRC"], gravity="low", domain="air"), "incidents", ["PRC-US"]),
    (event("contact", parties=["PRC", "US"]), "incidents", ["PRC-US"]),
    (event("contact", parties=["FRA", "US"], channel="osce-network"), "incidents", ["FRA-US", "FRA-GBR-RUS-US"]),
]


@pytest.mark.parametrize(("placed", "topic", "keys"), PLACED, ids=lambda value: type(value).__name__)
def test_an_event_goes_where_it_is_judged(placed: AnyEvent, topic: str, keys: list[str]) -> None:
    assert topic_of(placed) == topic
    assert keys_of(placed, HOMES) == tuple(key.encode() for key in keys)


EVERYWHERE = [
    event("tick"),
    event("feed.heartbeat", feed="hcoc"),
    event("retraction", retracts="other"),
]


@pytest.mark.parametrize("everywhere", EVERYWHERE, ids=lambda value: type(value).__name__)
def test_what_bears_on_everything_goes_everywhere(everywhere: AnyEvent) -> None:
    assert isinstance(everywhere, Tick | FeedHeartbeat | Retraction)
    for place in (topic_of, lambda event: keys_of(event, HOMES)):
        with pytest.raises(ValueError, match="belongs in every partition of launches, channels, incidents"):
            place(everywhere)


def test_every_type_of_event_has_its_place() -> None:
    assert {type(placed) for placed, *_ in PLACED} | set(map(type, EVERYWHERE)) == set(event_types().values())


def test_a_channel_nobody_knows_has_no_key() -> None:
    with pytest.raises(KeyError, match="no-such"):
        keys_of(event("channel.check", channel="no-such"), HOMES)


def test_every_event_of_the_history_has_a_place() -> None:
    for name in builtin_stories():
        for told in load_story(find_story(name)).events:
            if not isinstance(told, Tick | FeedHeartbeat | Retraction):
                assert topic_of(told) in INPUTS
                assert keys_of(told, HOMES)


def test_inputs_have_the_same_partitions_and_nothing_is_compacted() -> None:
    topics = {topic.name: topic for topic in catalogue(partitions=5)}
    assert {topics[name].partitions for name in INPUTS} == {5}
    assert {topic.cleanup for topic in topics.values()} == {"delete"}
    assert topics["lapses"].retention_ms == topics["actions"].retention_ms == -1
    assert topics["launches"].settings["message.timestamp.type"] == "LogAppendTime"


def test_a_run_has_topics_of_its_own_that_keep_everything() -> None:
    live, run = catalogue(), catalogue(run="taiwan-2022")
    assert [topic.name for topic in run] == [f"run.taiwan-2022.{topic.name}" for topic in live]
    assert {topic.settings["retention.ms"] for topic in run} == {"-1"}
    assert {topic.settings["message.timestamp.type"] for topic in run} == {"CreateTime"}
    assert in_run("lapses", None) == "lapses"


@pytest.mark.parametrize("run", ["", "-x", "a b", "../x", "x" * 101, "a\n"])
def test_a_run_that_no_topic_could_be_named_after_is_refused(run: str) -> None:
    with pytest.raises(ValueError, match="expected a run named with letters"):
        catalogue(run=run)


@pytest.mark.parametrize("partitions", [0, -1, 1_001])
def test_a_count_of_partitions_that_cannot_be_is_refused(partitions: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 1000 partitions"):
        catalogue(partitions)


def test_names_do_not_collide() -> None:
    topics: list[Topic] = sorted((*catalogue(), *catalogue(run="a"), *catalogue(run="b")))
    assert all(one.name != other.name for one, other in pairwise(topics))
