"""A replay as records of the log on Kafka: each event's places, and the ticks between. Pure: knows no broker and no clock.

Kafka keeps order within a partition of one topic only; between topics the ticks keep it (``streams.sequence``). So that a
worker gets what the embedded replay gets, time passes here by the rules of ``deploy.replaying.replay``, and:

1. Before an event that the log knew later than the time so far, a tick with that time goes to the three topics of each
   partition number that gets the event. Where nothing happens nobody misses a tick: a deadline is stamped with itself,
   however late the clock. Nor does an event need one that was known as it happened: the watch lets it wait for its time.
   All clocks are put right now and then, and at the end.
2. Between two events of one time that reach one partition number through different topics, a tick with the same time and a
   higher id goes there. What goes everywhere (a heartbeat, a retraction) stands between two such ticks.
3. A recording that ticks by itself is ruled by its own ticks. It gets those of rule 2 only.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from streams.events import AnyEvent, Tick
from streams.events.decode import decode, encode
from streams.events.housekeeping import Reading
from streams.routes import Everywhere, Homes, Route, routes_of, topic_of
from streams.topics import INPUTS

TOGETHER = 1_000
"""Events after which all clocks are put right: how far apart, in events, those of two partition numbers can be."""

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EVERYWHERE = "everywhere"
_LONGEST_ID = 200
_SOURCE = "urn:steadyline:replay"


class Ahead(ValueError):  # noqa: N818 - it says where the event stands
    """An event that claims to have been known at a moment that has not come yet."""

    def __init__(self, known: datetime) -> None:
        super().__init__(known)
        self.known = known


class Sending(NamedTuple):
    """One record to send.

    Attributes:
        topic: The input topic, by its live name.
        key: ``None`` for what goes everywhere.
        timestamp: The time of the event itself, milliseconds since 1970 UTC.
    """

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    timestamp: int


@dataclass(slots=True)
class _Clock:
    """What the readers of one partition number know of the time after all that was planned.

    Attributes:
        time: That of the last tick, UTC; ``None`` before the first.
        id: The id of that tick.
        foreign: Where that tick was the recording's own, its id: those of the same time must be higher.
        since: The topic of the events since that tick.
        latest: The latest moment before which some event cannot have happened, UTC: until then events may wait.
    """

    time: datetime | None = None
    id: str = ""
    foreign: str = ""
    since: str | None = None
    latest: datetime = BEFORE_ALL


class Plan:
    """Turns the lines of a replay, one after the other, into records to send.

    Attributes:
        now: The time so far, UTC.
        ticking: Whether the recording's own ticks rule.
        over: Whether the recording's own clock is past the end, and so is all that follows.
        counts: Events planned, by type.
        ticks: Records of ticks planned that are not the recording's own.
        left_out: Events known only after the end.
    """

    def __init__(
        self, homes: Homes, partitions: int, run: str, *, until: datetime | None = None, every: timedelta | None = None
    ) -> None:
        """Begin before all time.

        Args:
            homes: Where things are judged.
            partitions: How many partitions each input topic has.
            run: The id of the run: ticks are named by it.
            until: The moment at which the replay ends, UTC.
            every: Send ticks only so often, in the events' time; the order in between is then the readers'.
        """
        self.now = BEFORE_ALL
        self.ticking = False
        self.over = False
        self.counts: Counter[str] = Counter()
        self.ticks = 0
        self.left_out = 0
        self._homes = homes
        self._partitions = partitions
        self._run = run
        self._until = until
        self._every = every
        self._least = BEFORE_ALL
        """What the time is at least where the recording's own ticks rule: the time before they did."""
        self._clocks = [_Clock() for _ in range(partitions)]
        self._number = 0
        self._apart = 0
        self._told: datetime | None = None

    def take(self, line: bytes, horizon: datetime = _AFTER_ALL) -> list[Sending]:
        """The records of one line.

        Args:
            line: The event's bytes; they are sent as they are.
            horizon: The moment after which nothing can be known yet, UTC.

        Raises:
            Refused: when the line is no event.
            Ahead: when it was known only after ``horizon``.
        """
        event = decode(line)
        own = type(event) is Tick
        if own:
            if not self.ticking:
                self._least = max(self._least, self.now)
            self.ticking, known = True, event.time
        elif self.ticking:
            known = self.now
        else:
            known = event.ingested or event.known
        if known > self.now:
            if known > horizon:
                raise Ahead(known)
            if self._until is not None and known > self._until:
                self.over = self.over or own
                self.left_out += 1
                return []
            self.now = known.astimezone(UTC)
        self.counts[str(event.__struct_config__.tag)] += 1
        return list(self._pass_on(event, line) if own and not event.exercise else self._place(event, line))

    def leave_out(self, lines: Sequence[bytes]) -> None:
        """Count lines that come after the end."""
        self.left_out += sum(1 for line in lines if line.strip())

    def advance(self, now: datetime) -> list[Sending]:
        """Let the time be ``now``, everywhere, whoever's ticks rule."""
        self.now = max(self.now, now.astimezone(UTC))
        self._least = max(self._least, now.astimezone(UTC))
        return list(self._tick(range(self._partitions)))

    def together(self) -> list[Sending]:
        """A tick wherever the clock is late."""
        self._apart = 0
        return list(self._tick([place for place in range(self._partitions) if self._is_late(place)]))

    def pulse(self, moment: datetime) -> list[Sending]:
        """A tick everywhere at a moment on the way to ``now``, to be sent before the records that brought the time to there."""
        self._number += 1
        record = self._record(moment.astimezone(UTC), name := f"tick-{self._run}-{self._number:09}")
        for clock in self._clocks:
            if clock.time is None or clock.time < moment:
                clock.time, clock.id, clock.foreign, clock.since = moment.astimezone(UTC), name, "", None
        self.ticks += self._partitions * len(INPUTS)
        routes = [Route(topic, place, None) for place in range(self._partitions) for topic in INPUTS]
        return list(_sendings(routes, record, milliseconds(moment)))

    def close(self) -> list[Sending]:
        """A last tick everywhere, so that all that came before is passed; at ``until`` where that is given and still ahead."""
        if self._until is not None and self._until > self.now:
            return self.advance(self._until)
        return list(self._tick(range(self._partitions)))

    def _pass_on(self, tick: AnyEvent, line: bytes) -> Iterator[Sending]:
        """A tick of the recording's own."""
        yield from _sendings(routes_of(tick, self._homes, self._partitions), line, milliseconds(tick.time))
        for clock in self._clocks:
            if clock.time is None or (tick.time, tick.id) > (clock.time, clock.id):
                clock.time, clock.id, clock.foreign, clock.since = tick.time, tick.id, tick.id, None

    def _place(self, event: AnyEvent, line: bytes) -> Iterator[Sending]:
        """An event, with the ticks that must stand before it."""
        routes = routes_of(event, self._homes, self._partitions)
        topic = _EVERYWHERE if isinstance(event, Everywhere) else topic_of(event)
        places = dict.fromkeys(route.partition for route in routes)
        earliest = event.occurred.earliest
        if self._every is None:
            yield from self._tick([place for place in places if self._is_behind(place, topic, earliest)])
            self._apart += 1
        elif not self.ticking and (self._told is None or self.now >= self._told + self._every):
            self._told = self.now
            yield from self._tick(range(self._partitions))
        yield from _sendings(routes, line, milliseconds(event.time))
        for clock in map(self._clocks.__getitem__, places):
            clock.since, clock.latest = topic, max(clock.latest, earliest)
        if self._apart >= TOGETHER:
            yield from self.together()

    def _is_late(self, place: int) -> bool:
        time = self._clocks[place].time
        return self._due(time) > (time or BEFORE_ALL)

    def _due(self, time: datetime | None) -> datetime:
        """What the time ought to be where it is ``time``."""
        return max(self._least, time or BEFORE_ALL) if self.ticking else self.now

    def _is_behind(self, place: int, topic: str, earliest: datetime) -> bool:
        """Whether a tick must stand before an event that cannot have happened before ``earliest``."""
        clock = self._clocks[place]
        if self._is_late(place):
            # Of events of one moment the watch would let the wrong one go first.
            return self.ticking or not (earliest >= self.now and earliest > clock.latest)
        return clock.since is not None and (clock.since != topic or topic == _EVERYWHERE)

    def _tick(self, places: Sequence[int]) -> Iterator[Sending]:
        """One tick for the three topics of these partition numbers."""
        self._number += 1
        told: dict[tuple[datetime, str], bytes] = {}
        for place in places:
            clock = self._clocks[place]
            time = self._due(clock.time)
            name = f"tick-{self._run}-{self._number:09}"
            if time != clock.time:
                clock.foreign = ""
            elif clock.foreign and name <= clock.foreign:
                name = f"{clock.foreign}~{self._number:09}"
                if len(name) > _LONGEST_ID:
                    # Nothing higher can be said, and so much order is not worth a refusal.
                    continue
            clock.time, clock.id, clock.since = time, name, None
            if (record := told.get((time, name))) is None:
                record = told[time, name] = self._record(time, name)
            self.ticks += len(INPUTS)
            yield from _sendings([Route(topic, place, None) for topic in INPUTS], record, milliseconds(time))

    def _record(self, time: datetime, name: str) -> bytes:
        return encode(Tick(specversion="1.0", id=name, source=_SOURCE, time=time, run=self._run, data=Reading()))


def _sendings(routes: Sequence[Route], value: bytes, timestamp: int) -> Iterator[Sending]:
    for topic, partition, key in routes:
        yield Sending(topic, partition, key, value, timestamp)


def milliseconds(moment: datetime) -> int:
    """The timestamp of a record. One is taken: -1 says that a record has none."""
    since = (moment - _EPOCH) // _MILLISECOND
    return since if since != -1 else -2
