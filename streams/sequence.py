"""The order of events in one partition number: one order for three topics, decided by the log alone.

Kafka keeps order within a partition only, so a reader of three topics sees them interleaved as chance has it. The ticks put
that right: a tick goes to all three, and is passed once it has come in each. What lies before it in any of them is then
known, and is taken in topic by topic, each in its own order. So now is the least of what the topics' last ticks say, and
whoever reads the log, live or afterwards, whole or after a crash, takes in the same events at the same times.

A topic may lack a tick: who sent it was killed, or it came behind a later one, as an early tick beside the clock's may. Then
what stands there before the next later tick is taken in with it, for it may have been there first; were it taken in after it,
a deadline could pass ahead of the very event that meets it.

A feed's heartbeat counts once each topic has had one as late: its word covers the evidence that stands in the others too.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from streams.events import AnyEvent, FeedHeartbeat, Tick
from streams.events.decode import Refused, decode
from streams.events.routine import RoutineCheck, routine
from streams.topics import INPUTS

Barrier = tuple[datetime, str]
"""A tick by its time, UTC, and id."""


class Unread(NamedTuple):
    """A record that is not an event.

    Attributes:
        topic: The input topic, by its live name.
        offset: Where it stands in its partition.
        record: Its bytes, as they came; ``None`` where it had none.
        why: What is wrong with it.
    """

    topic: str
    offset: int
    record: bytes | None
    why: str


class Placed(NamedTuple):
    """An event with its place in the log: what a refusal names.

    Attributes:
        topic: The input topic, by its live name.
        offset: Where it stands in its partition.
        read: The event, or what was read of a routine check.
        record: Its bytes, as they came.
    """

    topic: str
    offset: int
    read: AnyEvent | RoutineCheck
    record: bytes

    @property
    def event(self) -> AnyEvent:
        """The event."""
        return self.read.whole if isinstance(self.read, RoutineCheck) else self.read


class Epoch(NamedTuple):
    """What lies before one tick, in order.

    Attributes:
        items: Events to take in at the time that was, and records that are none.
        now: The time to advance to after them, UTC.
    """

    items: list[Placed | Unread]
    now: datetime


class Memory(msgspec.Struct, frozen=True, array_like=True):
    """What a sequencer must remember to go on where it was.

    Attributes:
        positions: The offset up to which each topic was passed, in the order of ``INPUTS``.
        passed: The last tick that was passed.
        latest: By feed, when it was last heard in each topic.
        beats: Heartbeats that wait for their other topics: topic, offset, record.
    """

    positions: tuple[int, ...]
    passed: Barrier | None
    latest: dict[str, list[datetime | None]]
    beats: list[tuple[str, int, bytes]]


class _Closed(NamedTuple):
    """What one topic holds before a tick, up to which offset, and whether any of it must have come in every topic."""

    barrier: Barrier
    items: list[Placed | Unread]
    end: int
    beats: bool


class _Lane:
    """One topic's records, cut at its ticks."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.position = 0
        self.read = 0
        """The offset of the first record that was not read yet."""
        self.last: Barrier | None = None
        self.closed: deque[_Closed] = deque()
        self.open: list[Placed | Unread] = []
        self.beats = False
        """Whether anything of the open ones must have come in every topic."""


class Sequencer:
    """Takes records of the three input topics as they come, and gives them back in order."""

    def __init__(self) -> None:
        self._lanes = {topic: _Lane(topic) for topic in INPUTS}
        self.heard = False
        """Whether a heartbeat came since this was last reset: then there is something new to remember."""
        self._passed: Barrier | None = None
        self._latest: dict[str, list[datetime | None]] = {}
        self._beats: dict[str, list[tuple[datetime, str, int, Placed]]] = {}

    @property
    def positions(self) -> dict[str, int]:
        """By topic, the offset up to which everything was given back: what lies before it need not be read again."""
        return {topic: lane.position for topic, lane in self._lanes.items()}

    @property
    def held(self) -> int:
        """How many records wait."""
        return sum(len(lane.open) + sum(len(part.items) for part in lane.closed) for lane in self._lanes.values())

    @property
    def passed(self) -> Barrier | None:
        """The last tick that was passed."""
        return self._passed

    def rest(self) -> Iterator[Placed | Unread]:
        """What waits for a tick still, topic by topic; heartbeats that wait for their other topics come last."""
        for lane in self._lanes.values():
            for part in lane.closed:
                yield from part.items
            yield from lane.open
        for _, beats in sorted(self._beats.items()):
            yield from (beat for *_, beat in sorted(beats))

    def put(self, topic: str, records: Sequence[tuple[int, bytes | None]]) -> None:
        """Take in records of one topic, each with its offset, in order. What was read before is passed over."""
        lane = self._lanes[topic]
        items, read, usual = lane.open, decode, routine
        for offset, record in records:
            if offset < lane.read:
                continue
            lane.read = offset + 1
            if record is None:
                items.append(Unread(topic, offset, None, "expected an event, got a record without a value"))
                continue
            if (check := usual(record)) is not None:
                items.append(Placed(topic, offset, check, record))
                continue
            try:
                event = read(record)
            except Refused as refused:
                items.append(Unread(topic, offset, record, str(refused)))
                continue
            if type(event) is Tick and not event.exercise:
                barrier = (event.time, event.id)
                if lane.last is None or barrier > lane.last:
                    lane.last = barrier
                    lane.closed.append(_Closed(barrier, items, offset + 1, lane.beats))
                    items = lane.open = []
                    lane.beats = False
                continue
            if type(event) in _EVERYWHERE:
                lane.beats = True
            items.append(Placed(topic, offset, event, record))

    def epochs(self) -> Iterator[Epoch]:
        """What lies before the ticks that have come in every topic, tick by tick."""
        lanes = self._lanes.values()
        while True:
            if any(lane.last is None for lane in lanes):
                return
            known = min(lane.last for lane in lanes if lane.last is not None)
            first = min((lane.closed[0].barrier for lane in lanes if lane.closed), default=None)
            if first is None or first > known:
                return
            items: list[Placed | Unread] = []
            beats = False
            for lane in lanes:
                if not lane.closed:
                    continue
                part = lane.closed[0]
                if part.barrier == first:
                    lane.closed.popleft()
                    lane.position = part.end
                else:
                    # The tick will not come here any more: nobody may meet it before what could have come ahead of it.
                    lane.closed[0] = part._replace(items=[], beats=False)
                    lane.position = part.end - 1
                items += part.items
                beats = beats or part.beats
            self._passed = first
            yield Epoch(self._vouched(items) if beats else items, first[0])

    def _vouched(self, items: list[Placed | Unread]) -> list[Placed | Unread]:
        """Hold heartbeats, and a drill's ticks, back until every topic has had one as late."""
        result: list[Placed | Unread] = []
        for item in items:
            if isinstance(item, Unread) or type(item.read) not in _EVERYWHERE:
                result.append(item)
                continue
            event = item.event
            self.heard = True
            # A drill's clock is in each topic too, and its ticks are passed like the beats of a feed.
            name = f"{event.data.feed}/{event.exercise}" if isinstance(event, FeedHeartbeat) else "clock"
            latest = self._latest.setdefault(name, [None] * len(INPUTS))
            place = INPUTS.index(item.topic)
            known = latest[place]
            latest[place] = event.time if known is None else max(known, event.time)
            beats = self._beats.setdefault(name, [])
            heappush(beats, (event.time, item.topic, item.offset, item))
            if None in latest:
                continue
            until = min(moment for moment in latest if moment is not None)
            told: datetime | None = None
            while beats and beats[0][0] <= until:
                moment, _, _, beat = heappop(beats)
                # One copy of each is enough.
                if moment != told:
                    result.append(beat)
                told = moment
        return result

    def remember(self) -> Memory:
        """What is needed to go on from here."""
        return Memory(
            tuple(lane.position for lane in self._lanes.values()),
            self._passed,
            self._latest,
            [(beat.topic, beat.offset, beat.record) for _, beats in sorted(self._beats.items()) for *_, beat in sorted(beats)],
        )

    def recall(self, memory: Memory) -> None:
        """Go on from where ``memory`` was written. Nothing may have been put in yet."""
        for lane, position in zip(self._lanes.values(), memory.positions, strict=True):
            lane.position = lane.read = position
            lane.last = self._passed = memory.passed
        self._latest = {name: list(latest) for name, latest in memory.latest.items()}
        for topic, offset, record in memory.beats:
            event = decode(record)
            name = f"{event.data.feed}/{event.exercise}" if isinstance(event, FeedHeartbeat) else "clock"
            heappush(self._beats.setdefault(name, []), (event.time, topic, offset, Placed(topic, offset, event, record)))


_EVERYWHERE = (FeedHeartbeat, Tick)
