"""Follows the log on Kafka: the lapses and the standings that workers wrote, and the events they rest on. Judges nothing.

Reads beside the workers: in no group, committing nothing, creating nothing. What the topics hold is read from its beginning
once, so that a floor has the lapses that opened long ago.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from kafka import TopicPartition
from kafka.errors import KafkaError

from dashboards.page.books import Books
from dashboards.page.floor import Floor, pair_of
from dashboards.page.pulse import Health, Pulse, lateness
from dashboards.page.reel import Bar, TimeLine, Track, spans_of
from dashboards.page.scene import Scenes
from dashboards.page.survey import Surveyor
from dashboards.page.why import Why, names_cited
from streams.agreements.model import Agreement
from streams.events import AnyEvent, ChannelCheck, FeedHeartbeat, Tick
from streams.events.decode import Refused, decode
from streams.lapses import Lapse, decode_lapse
from streams.log.access import access
from streams.log.kafka import Consumer, reading
from streams.log.knocking import why
from streams.posture import Stand, Standing, decode_posture
from streams.scorecard.stretches import lapsed_and_unknown
from streams.topics import INPUTS, LAPSES, STATES, in_run

_POLL_MS = 100
_AT_ONCE = 5_000
_KEPT = 50_000
"""Events that are kept to be cited; of the oldest of more nothing but their ids is shown."""
_REDRAWN = timedelta(seconds=5)
_PATIENCE_MS = 5_000
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class LiveTopics:
    """The live log on Kafka, or a run's. Asked from several threads, driven by one."""

    def __init__(
        self, bootstrap: str, agreements: Sequence[Agreement], now: Callable[[], datetime], *, run: str | None = None
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            bootstrap: ``HOST:PORT``, several with commas.
            agreements: What the workers judge by.
            now: Reads the time of day, with its zone.
            run: The replay or drill whose topics are meant.
        """
        self.name = f"kafka://{bootstrap}" if run is None else f"kafka://{bootstrap}, run {run}"
        self._bootstrap = bootstrap
        self._access = access()
        self._surveyor = Surveyor(agreements)
        self._now = now
        self._kinds = {in_run(name, run): name for name in (*INPUTS, LAPSES, STATES)}
        self._lock = threading.Lock()
        self._consumer: Consumer | None = None
        self._ends: dict[TopicPartition, int] = {}
        self._scenes = Scenes(self._surveyor.book)
        self._books = Books(self._surveyor)
        self._standings: dict[int, dict[tuple[str, str, str], Standing]] = {}
        self._events: OrderedDict[str, list[AnyEvent]] = OrderedDict()
        self._at: datetime | None = None
        self._count = 0
        self._refused = 0
        self._drawn: Floor | None = None
        self._drawn_at = _BEFORE_ALL
        self._stale = True

    def read(self) -> tuple[Floor, Pulse]:
        """Take in what is new, and draw the floor."""
        wall = self._now().astimezone(UTC)
        health, says = self._follow()
        with self._lock:
            if health == "good":
                health, says = lateness(wall, self._at)
            floor = self._drawn
            if floor is None or self._stale or wall - self._drawn_at >= _REDRAWN:
                floor = self._drawn = self._floor()
                self._drawn_at, self._stale = wall, False
        silent = tuple(row.title for row in floor.feeds.values() if row.stand == "unknown")
        return floor, Pulse(
            wall=wall,
            at=self._at,
            health=health,
            says=says,
            silent=silent,
            refused=self._refused,
            events=self._count,
        )

    def why(self, name: str) -> Why | None:
        """One lapse in full; ``None`` where there is none of this name."""
        with self._lock:
            outline = self._books.outline(name)
            if outline is None:
                return None
            names = names_cited(outline.revisions)
            return outline.why({cited: self._events[cited] for cited in names if cited in self._events})

    def time_line(self) -> TimeLine | None:
        """What lapsed when, by the lapses, and up where it stands so since the last of them; the rest is left open."""
        with self._lock:
            lapses = self._books.standing()
            if not lapses or self._at is None:
                return None
            start = min(min(lapse.onset for lapse in lapses), self._at)
            return TimeLine(
                start=start, end=self._at, tracks=tuple(self._tracks(self._at)), lapses=tuple(spans_of(lapses, self._surveyor))
            )

    def close(self) -> None:
        """Let go of the broker."""
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=_PATIENCE_MS)
            self._consumer = None

    def _follow(self) -> tuple[Health, str]:
        try:
            if self._consumer is None:
                self._consumer = self._connected()
            found = self._consumer.poll(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
            with self._lock:
                for place, records in found.items():
                    for record in records:
                        if record.value is not None:
                            self._take(self._kinds[place.topic], record.value)
            if any(self._consumer.position(place) < end for place, end in self._ends.items()):
                return "late", f"the log is being read: {self._count:,} records so far"
            self._ends = {}
        except KafkaError as error:
            connected = self._consumer is not None
            self.close()
            self._forget()
            usual = type(error).__name__
            return "blind", f"the broker does not answer: {usual if connected else why(self._bootstrap, usual)}"
        except _NotThereError as error:
            self.close()
            return "blind", str(error)
        return "good", ""

    def _connected(self) -> Consumer:
        consumer = self._consumer = reading(self._bootstrap, "steadyline-watch", self._access, _PATIENCE_MS / 1_000)
        there = consumer.topics()
        if missing := sorted(name for name in self._kinds if name not in there):
            raise _NotThereError(f"no topic {', '.join(missing)} is there: steadyline topics create")
        places = [TopicPartition(name, number) for name in self._kinds for number in consumer.partitions_for_topic(name) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        self._ends = dict(consumer.end_offsets(places))
        return consumer

    def _forget(self) -> None:
        """Begin anew: all of it is read again once the broker is back."""
        with self._lock:
            self._scenes = Scenes(self._surveyor.book)
            self._events.clear()

    def _take(self, kind: str, value: bytes) -> None:
        self._count += 1
        try:
            if kind == LAPSES:
                self._stale = self._books.note(decode_lapse(value)) or self._stale
            elif kind == STATES:
                self._posture(value)
            else:
                self._event(decode(value))
        except (msgspec.DecodeError, Refused):
            # A dead letter is the workers' to file; here it is only counted.
            self._refused += 1

    def _posture(self, value: bytes) -> None:
        posture = decode_posture(value)
        known = self._standings.setdefault(posture.partition, {})
        if posture.whole:
            known.clear()
        known.update({one.thing: one for one in posture.standings})
        self._stale = True

    def _event(self, event: AnyEvent) -> None:
        if isinstance(event, Tick):
            if not event.exercise and (self._at is None or event.time > self._at):
                self._at = event.time.astimezone(UTC)
            return
        self._scenes.take(event)
        self._stale = True
        if isinstance(event, FeedHeartbeat) or (isinstance(event, ChannelCheck) and event.data.outcome == "answered"):
            return
        claims = self._events.setdefault(event.id, [])
        if event not in claims:
            claims.append(event)
        while len(self._events) > _KEPT:
            self._events.popitem(last=False)

    def _floor(self) -> Floor:
        lapses = self._books.standing()
        standings = [one for known in self._standings.values() for one in known.values()]
        return self._surveyor.floor(self._at, lapses, standings, self._scenes)

    def _tracks(self, end: datetime) -> Iterator[Track]:
        standings = {one.name: one for known in self._standings.values() for one in known.values() if one.kind == "channel"}
        about: dict[str, list[list[Lapse]]] = {}
        for book in self._books.revisions():
            name = book[-1].subject.partition("/")[0]
            if name in self._surveyor.book.channels and not book[-1].exercise:
                about.setdefault(name, []).append(book)
        for name in sorted({*about, *(one.name for one in standings.values() if one.last is not None)}):
            channel = self._surveyor.book.channels[name]
            bars: list[Bar] = []
            for book in about.get(name, ()):
                lapsed, unknown = lapsed_and_unknown(book, end)
                bars += [Bar(start=one.start, end=one.end, stand="lapsed") for one in lapsed]
                bars += [Bar(start=one.start, end=one.end, stand="unknown") for one in unknown]
            until = max((bar.end for bar in bars), default=None)
            standing = standings.get(name)
            if standing is not None and standing.stand is Stand.GOOD and (begin := until or standing.last) is not None:
                bars.append(Bar(start=min(begin, end), end=end, stand="good"))
            yield Track(
                id=name,
                title=channel.title,
                dyad=pair_of(channel),
                bars=tuple(sorted(bars, key=lambda bar: bar.start)),
                military=channel.military,
                proposed=channel.hypothetical,
            )


class _NotThereError(Exception):
    """The topics are not there."""
