"""What stands in a changelog, and the state that it holds."""

from collections.abc import Sequence

import msgspec
from kafka import KafkaConsumer, TopicPartition

from streams.live.cells import Part, Recovered, place_of, recovered
from tests.live.running import Ground


def changelog_of(ground: Ground, topic: str, partition: int) -> list[tuple[bytes, bytes | None]]:
    """The records of one partition of a changelog, in their order."""
    return [(key, value) for key, value in standing(ground, topic, partition) if key is not None]


def standing(ground: Ground, topic: str, partition: int) -> list[tuple[bytes | None, bytes | None]]:
    """The records of one partition, in their order."""
    with KafkaConsumer(bootstrap_servers=ground.bootstrap, enable_auto_commit=False) as consumer:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek_to_beginning()
        last = consumer.end_offsets([place])[place]
        found: list[tuple[bytes | None, bytes | None]] = []
        while consumer.position(place) < last:
            for records in consumer.poll(timeout_ms=200).values():
                found += [(record.key, record.value) for record in records]
        return found


def state_of(records: Sequence[tuple[bytes, bytes | None]]) -> Recovered:
    """The state that records of one changelog partition hold."""
    last: dict[bytes, bytes] = {}
    for key, value in records:
        if value is None:
            last.pop(key, None)
        else:
            last[key] = value
    return recovered((place_of(key)[1], value) for key, value in last.items())


def torn(records: Sequence[tuple[bytes, bytes | None]]) -> bool:
    """Whether a changelog partition ends in the midst of the parts of a change set."""
    last = {key: value for key, value in records if value is not None and b"/batch/" in key}
    parts = [msgspec.msgpack.decode(value, type=Part) for value in last.values()]
    newest = max((part.sequence for part in parts), default=0)
    found = [part for part in parts if part.sequence == newest]
    return bool(found) and len(found) < found[0].parts


def states(ground: Ground, topic: str) -> dict[int, Recovered]:
    """The state of each partition number as its changelog has it."""
    return {number: state_of(changelog_of(ground, topic, number)) for number in range(ground.partitions)}
