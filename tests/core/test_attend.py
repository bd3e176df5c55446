"""A routine check goes a way of its own through a partition's watch, and leaves it as the long way would."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from streams import sequence
from streams.events.decode import Refused, decode
from streams.events.routine import routine
from streams.lapses import encode_lapse
from streams.partition import PartitionWatch
from streams.posture import encode_posture
from streams.topics import CHANNELS, INPUTS, LAUNCHES
from tests.core.test_skim import EVIDENCE, LOAD, unusual

Records = dict[str, list[bytes]]


def tick(moment: datetime) -> bytes:
    """A tick of the one clock."""
    time = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    told = {"specversion": "1.0", "type": "org.steadyline.tick.v1", "source": "urn:clock", "id": "t", "time": time, "data": {}}
    return json.dumps(told).encode()


def log_of(lines: Sequence[bytes], every: int, random: Random) -> Records:
    """A log of the lines in the order in which they came, with a tick everywhere after about so many of them."""
    log: Records = {topic: [] for topic in INPUTS}
    now = datetime.min.replace(tzinfo=UTC)
    for line in lines:
        log[random.choice([CHANNELS] * 9 + [LAUNCHES])].append(line)
        try:
            now = max(now, decode(line).known)
        except Refused:
            continue
        if random.randrange(every) == 0:
            for records in log.values():
                records.append(tick(now))
    for records in log.values():
        records.append(tick(now))
    return log


def judged(log: Records, random: Random) -> tuple[list[object], dict[str, bytes]]:
    """What a watch says of a log that it gets piece by piece, and the evidence that it then has, by cell."""
    watch, said, cells = PartitionWatch(LOAD, 0, 1), list[object](), dict[str, bytes | None]()
    places = dict.fromkeys(INPUTS, 0)
    while any(places[topic] < len(records) for topic, records in log.items()):
        topic = random.choice(INPUTS)
        start = places[topic]
        places[topic] = end = min(start + random.randrange(1, 60), len(log[topic]))
        taken = watch.take(topic, list(enumerate(log[topic]))[start:end])
        said += [*map(encode_lapse, taken.lapses), *taken.unread, *map(encode_posture, taken.postures), taken.counts]
        if random.random() < 0.2:
            cells |= watch.changes(clock=True)
            if random.random() < 0.2:
                # Somebody else goes on.
                watch = PartitionWatch(LOAD, 0, 1)
                assert watch.recall({name: cell for name, cell in cells.items() if cell is not None}) == []
    cells |= watch.changes(clock=True)
    return said, {name: cell for name, cell in cells.items() if cell is not None and name.startswith(EVIDENCE)}


@pytest.mark.parametrize("every", [1, 7, 60])
@pytest.mark.parametrize("seed", range(4))
def test_the_short_way_leaves_what_the_long_one_leaves(seed: int, every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    lines = unusual(2_000, seed, 0.02, random)
    log = log_of(lines, every, random)
    short = judged(log, Random(seed))
    assert sum(routine(record) is not None for record in log[CHANNELS]) > 1_500
    monkeypatch.setattr(sequence, "routine", lambda _: None)
    assert judged(log, Random(seed)) == short
    # Where time goes in large steps what is missing may be there by the time that it is missed.
    assert every > 7 or any(type(said) is bytes for said in short[0])
