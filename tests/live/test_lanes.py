"""A lane leaves no record out, in whatever order a consumer that is sought anew hands them over."""

import asyncio
import random
from collections import deque
from collections.abc import Mapping
from typing import cast

import pytest

from streams.agreements.load import load_builtin
from streams.live import lanes
from streams.live.cells import Recovered
from streams.live.lanes import Lane
from streams.live.outputs import Outputs
from streams.live.progress import Vitals
from streams.live.pulse import Pulse
from streams.live.settings import WorkerSettings
from streams.live.table import CellTable
from streams.partition import PartitionWatch
from streams.topics import CHANNELS

Span = tuple[int, int]
"""The first and the last offset of a chunk."""
END = 1_000


class Asked:
    """A test double of the consumer: notes from where it was to read again."""

    def __init__(self) -> None:
        self.offsets: list[int] = []

    def done(self, partition: int, positions: Mapping[str, int]) -> None:
        """Not asked here."""

    async def again(self, partition: int, topic: str, offset: int) -> None:
        self.offsets.append(offset)

    def pause(self, partition: int, topics: frozenset[str]) -> None:
        """Not asked here."""

    def behind(self, partition: int, read: Mapping[str, int]) -> dict[str, int]:
        return {}


def lane(reader: Asked) -> Lane:
    """One that has read nothing yet, and does not run."""
    return Lane(
        PartitionWatch(load_builtin(), 0, 1, run="test"),
        Recovered({}, 0, {}),
        settings=WorkerSettings(run="test"),
        table=cast("CellTable", None),
        outputs=cast("Outputs", None),
        reader=reader,
        vitals=Vitals(0.0),
        pulse=cast("Pulse", None),
    )


async def put(lane: Lane, *spans: Span) -> None:
    for first, last in spans:
        await lane.put(CHANNELS, [(offset, b"") for offset in range(first, last + 1)])


async def given(reader: Asked, *spans: Span) -> list[Span]:
    new = lane(reader)
    await put(new, *spans)
    return taken(new)


def taken(lane: Lane) -> list[Span]:
    return [(chunk[0][0], chunk[-1][0]) for _, chunk in lane._waiting]


@pytest.mark.parametrize(
    ("handed", "expected", "asked"),
    [
        pytest.param([(0, 9), (10, 19)], [(0, 9), (10, 19)], [], id="one after the other"),
        pytest.param([(20, 29), (0, 9), (10, 29)], [(0, 9), (10, 29)], [0], id="offsets ahead of the state"),
        pytest.param([(20, 29), (30, 39), (40, 49), (0, 49)], [(0, 49)], [0, 0, 0], id="others were on their way already"),
        pytest.param([(0, 9), (20, 29), (30, 39), (10, 39)], [(0, 9), (10, 39)], [10, 10], id="in the midst"),
        pytest.param([(0, 9), (0, 14), (15, 19)], [(0, 9), (0, 14), (15, 19)], [], id="some of it twice"),
    ],
)
def test_what_is_missing_is_read_first(handed: list[Span], expected: list[Span], asked: list[int]) -> None:
    reader = Asked()
    assert asyncio.run(given(reader, *handed)) == expected
    assert reader.offsets == asked


def test_a_gap_that_is_found_again_and_again_is_in_the_log() -> None:
    reader = Asked()
    assert asyncio.run(given(reader, (0, 9), *[(12, 19)] * (lanes._LOOKS + 1), (20, 29))) == [(0, 9), (12, 19), (20, 29)]
    assert reader.offsets == [10] * lanes._LOOKS


class Consumer(Asked):
    """A test double of the consumer: fetches ahead of what it hands over, and is sought by others too."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self._dice = dice
        self._under_way: deque[Span] = deque()
        self._at = 0

    async def again(self, partition: int, topic: str, offset: int) -> None:
        await super().again(partition, topic, offset)
        self._at = offset

    def committed(self) -> None:
        """Somebody seeks the offsets of the group, wherever they are."""
        self._at = self._dice.randrange(END)

    def next(self) -> Span | None:
        while self._at < END and len(self._under_way) < 4:
            last = min(END, self._at + self._dice.randrange(1, 60)) - 1
            self._under_way.append((self._at, last))
            self._at = last + 1
        return self._under_way.popleft() if self._under_way else None


@pytest.mark.parametrize("seed", range(50))
def test_whatever_was_on_its_way_nothing_is_left_out(seed: int) -> None:
    dice = random.Random(seed)
    consumer = Consumer(dice)

    early = {1, 2, 3}

    async def all_taken() -> list[Span]:
        new = lane(consumer)
        for step in range(1_000):
            if step in early or (step < 30 and dice.random() < 0.2):
                consumer.committed()
            span = consumer.next()
            if span is None:
                # It was sought forward near the end: more comes by and by.
                consumer.committed()
            else:
                await put(new, span)
            if new._read[CHANNELS] == END:
                return taken(new)
        raise AssertionError("it is never done")

    read_up_to = 0
    for first, last in asyncio.run(all_taken()):
        assert first <= read_up_to
        read_up_to = max(read_up_to, last + 1)
    assert consumer.offsets, "nothing was ever missing"
