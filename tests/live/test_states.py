"""The states topic: what workers write there is what the log says, also when they are killed in the midst."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from producers.plan import Sending
from streams.agreements.load import load_builtin
from streams.partition import PartitionWatch
from streams.posture import decode_posture, encode_posture
from streams.topics import INPUTS, STATES
from tests.live.running import Ground, planned, until, worker
from tests.live.test_worker import QUICK, load

PARTITIONS = 2


def by_the_log(sendings: Sequence[Sending], run: str) -> dict[int, list[bytes]]:
    """The snapshots of each partition number, from one undisturbed watch."""
    found: dict[int, list[bytes]] = {}
    for number in range(PARTITIONS):
        watch = PartitionWatch(load_builtin(), number, PARTITIONS, run=run)
        for topic in INPUTS:
            records = [one.value for one in sendings if (one.topic, one.partition) == (topic, number)]
            found.setdefault(number, []).extend(map(encode_posture, watch.take(topic, list(enumerate(records))).postures))
    return found


def written(ground: Ground) -> dict[int, list[bytes]]:
    """The snapshots of each partition number as they stand in the topic, each once; one that comes again says the same."""
    found: defaultdict[int, dict[object, bytes]] = defaultdict(dict)
    for record in ground.records(STATES):
        posture = decode_posture(record)
        assert found[posture.partition].setdefault(posture.at, record) == record
    return {number: list(moments.values()) for number, moments in sorted(found.items())}


def test_a_worker_that_is_killed_in_the_midst_tells_the_same_states(kafka: str, run: str) -> None:
    lines = load(3_000)
    ground = Ground(kafka, run, PARTITIONS)
    sendings = planned(lines, run, PARTITIONS)
    expected = by_the_log(sendings, run)
    assert all(len(told) > 50 for told in expected.values())
    half = len(sendings) // 2
    changelog = f"steadyline-run-{run}-state-changelog"
    with worker(ground, **QUICK) as process:
        process.ready()
        before = ground.end(changelog)
        ground.send(sendings[:half])
        until(partial(ground.grown, changelog, before), f"the first state\n{process.said()}")
        process.process.kill()
        process.process.wait(10)
    ground.send(sendings[half:])
    with worker(ground, **QUICK) as process:
        process.ready()
        until(lambda: written(ground) == expected, f"all states\n{process.said()}")
        assert process.end() == 0, process.said()
