"""The worker on a real broker: what it finds in a run is what the embedded replay finds."""

import signal
from functools import partial

import pytest

from producers.history.story import find_story, load_story
from producers.plan import Sending
from producers.synthetic import generate
from streams.events.decode import encode
from streams.log.admin import Admin
from streams.topics import INPUTS
from tests.live.running import READY, Ground, embedded, planned, until, worker


def story(name: str) -> list[bytes]:
    return [encode(event) for event in load_story(find_story(name)).events]


@pytest.mark.parametrize("plain", ["no", "yes"], ids=["by chunks", "one by one"])
def test_a_worker_finds_what_the_embedded_replay_finds(kafka: str, run: str, plain: str) -> None:
    lines = story("us-china-2022")
    ground = Ground(kafka, run, 3)
    ground.send(planned(lines, run, 3))
    expected = embedded(lines, run)
    assert expected
    with worker(ground, STEADYLINE_PLAIN_AGENT=plain) as process:
        process.ready()
        until(lambda: len(ground.revisions()) >= len(expected), f"{len(expected)} revisions\n{process.said()}")
        assert process.end() == 0, process.said()
    assert ground.revisions() == expected


QUICK = {"STEADYLINE_SESSION_SECONDS": "6", "STEADYLINE_HEARTBEAT_SECONDS": "1", "STEADYLINE_COMMIT_SECONDS": "0.3"}


def load(events: int) -> list[bytes]:
    return [line.rstrip() for line in generate(events, 7, channels=40)]


def test_killed_in_the_midst_a_worker_goes_on_as_if_nothing_had_been(kafka: str, run: str) -> None:
    lines = load(6_000)
    ground = Ground(kafka, run, 2)
    sendings = planned(lines, run, 2)
    expected = embedded(lines, run)
    changelog = f"steadyline-run-{run}-state-changelog"
    third = len(sendings) // 3
    for portion in (sendings[:third], sendings[third : 2 * third]):
        before = ground.end(changelog)
        with worker(ground, **QUICK) as process:
            process.ready()
            ground.send(portion)
            until(partial(ground.grown, changelog, before), f"the first state\n{process.said()}")
            process.process.kill()
            process.process.wait(10)
    assert ground.revisions().keys() < expected.keys()
    with worker(ground, **QUICK) as process:
        process.ready()
        ground.send(sendings[2 * third :])
        until(lambda: ground.revisions().keys() >= expected.keys(), f"{len(expected)} revisions\n{process.said()}")
        assert process.end() == 0, process.said()
    assert ground.revisions() == expected
    assert ground.letters() == []


def test_two_workers_share_the_partitions_and_one_may_leave(kafka: str, run: str) -> None:
    lines = load(4_000)
    ground = Ground(kafka, run, 4)
    sendings = planned(lines, run, 4)
    expected = embedded(lines, run)
    parts = [sendings[number * len(sendings) // 4 : (number + 1) * len(sendings) // 4] for number in range(4)]
    with worker(ground, **QUICK) as first, worker(ground, **QUICK) as second:
        first.ready()
        ground.send(parts[0])
        second.ready()
        ground.send(parts[1])
        until(lambda: ground.caught_up(0.9), f"both\n{first.said()}\n{second.said()}")
        assert first.end() == 0, first.said()
        ground.send(parts[2])
        with worker(ground, **QUICK) as third:
            third.ready()
            ground.send(parts[3])
            until(lambda: ground.revisions().keys() >= expected.keys(), f"all\n{second.said()}\n{third.said()}")
            assert third.end() == 0, third.said()
            assert second.end() == 0, second.said()
    assert ground.revisions() == expected


def test_what_is_no_event_goes_to_the_dead_letters(kafka: str, run: str) -> None:
    ground = Ground(kafka, run, 1)
    tick = planned(story("steady"), run, 1)[-1].value
    ground.send(
        Sending(topic, 0, None, value, 0) for topic in INPUTS for value in ([b"{", tick] if topic == "channels" else [tick])
    )
    with worker(ground) as process:
        process.ready()
        until(lambda: bool(ground.letters()), f"a dead letter\n{process.said()}")
        assert process.end() == 0
    (letter,) = ground.letters()
    assert letter == {
        "topic": f"run.{run}.channels",
        "partition": 0,
        "offset": 0,
        "why": "Input data was truncated",
        "record": "ew==",
    }
    ((key, _),) = ground.read(f"run.{run}.dead-letters")
    assert key == f"run.{run}.channels/0/0".encode()


def test_a_worker_without_its_topics_says_so_and_ends(kafka: str, run: str) -> None:
    ground = Ground(kafka, run, 2)
    with Admin(kafka) as admin:
        admin._client.delete_topics([f"run.{run}.incidents"])
    with worker(ground) as process:
        assert process.process.wait(30) != 0
        assert f"missing topics: run.{run}.incidents; create them with: steadyline topics create --run {run}" in process.said()


def test_topics_that_cannot_be_read_together_end_a_worker(kafka: str, run: str) -> None:
    ground = Ground(kafka, run, 2)
    with Admin(kafka) as admin:
        admin._client.create_partitions({f"run.{run}.incidents": 3})
    with worker(ground) as process:
        assert process.process.wait(30) != 0
        assert f"run.{run}.incidents has 3" in process.said()


def test_a_worker_that_was_asleep_does_not_write_into_what_others_own_by_now(kafka: str, run: str) -> None:
    lines = load(3_000)
    ground = Ground(kafka, run, 2)
    sendings = planned(lines, run, 2)
    expected = embedded(lines, run)
    half = len(sendings) // 2
    with worker(ground, **QUICK) as sleeper:
        sleeper.ready()
        ground.send(sendings[:half])
        sleeper.process.send_signal(signal.SIGSTOP)
        with worker(ground, **QUICK) as other:
            other.ready()
            ground.send(sendings[half:])
            until(lambda: ground.revisions().keys() >= expected.keys(), f"all\n{other.said()}")
            sleeper.process.send_signal(signal.SIGCONT)
            until(
                lambda: sleeper.process.poll() is not None or sleeper.said().count(READY) > 1,
                "its end or return",
            )
            until(ground.caught_up, f"the end\n{other.said()}")
            assert other.end() == 0, other.said()
    assert ground.revisions() == expected


FAULTY = "tests.live.faulty:app"


def test_a_fault_of_the_core_ends_the_worker_and_loses_nothing(kafka: str, run: str) -> None:
    lines = story("steady")
    ground = Ground(kafka, run, 1)
    ground.send(planned(lines, run, 1))
    with worker(ground, app=FAULTY, **QUICK) as process:
        assert process.process.wait(60) == 1, process.said()
        assert "partition 0 cannot go on: ZeroDivisionError" in process.said()
    assert set(ground.committed().values()) == {0}
    with worker(ground, **QUICK) as process:
        process.ready()
        until(ground.caught_up, f"the end\n{process.said()}")
    assert ground.revisions() == embedded(lines, run)
