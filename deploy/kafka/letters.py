"""The dead letters of the log on Kafka: read from their topic, and sent once more when they are mended.

A letter's number is its offset in the topic, so it stays what it is while older letters are deleted. The topic is written once
and never changed: it does not say which letters were mended since.
"""

import base64
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from deploy.mending import Mended
from producers.plan import milliseconds
from producers.publish import Publisher
from streams.events import Tick
from streams.events.decode import Refused, decode, encode
from streams.events.housekeeping import Reading
from streams.letters import DeadLetter, decode_letter, of_record
from streams.log.admin import Admin
from streams.log.kafka import Bounds, KafkaRecord, TopicReader
from streams.routes import Homes, Route, routes_of
from streams.sequence import Barrier
from streams.topics import DEAD_LETTERS, INPUTS, catalogue, in_run

REMEMBERED = 65_536
"""Letters that a copy is known by, the latest: a worker that reads some records again writes their letters again soon."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDER = 32
"""How much farther back the last tick is looked for, each time."""
_LONGEST_ID = 200
_AFTER = re.compile(r"(?P<id>.*)~(?P<count>[0-9]{9})", re.DOTALL)
_SOURCE = "urn:steadyline:retry"


class NoLettersError(ValueError):
    """There are no such topics or no such letter. The message says what is missing."""


class Found(NamedTuple):
    """A dead letter with its number.

    Attributes:
        number: Its offset in the topic.
        first_seen: When it was written, RFC 3339 in UTC; ``None`` where its record does not say.
        letter: What it says. Of a record that is no dead letter, that.
        data: The bytes that were refused; ``None`` of a record that had none.
    """

    number: int
    first_seen: str | None
    letter: DeadLetter
    data: bytes | None

    @property
    def where(self) -> str:
        """Where the bytes stood: ``topic/partition/offset``, or ``file:line``."""
        letter = self.letter
        return f"{letter.place}:{letter.line}" if letter.topic is None else f"{letter.topic}/{letter.partition}/{letter.offset}"

    @property
    def text(self) -> str:
        """The bytes as text; what is no UTF-8 is spelled out. Hostile."""
        return (self.data or b"").decode("utf-8", "backslashreplace")

    def row(self) -> dict[str, Any]:
        """All of it for machines, under stable names."""
        letter = self.letter
        return {
            "number": self.number,
            "place": letter.place,
            "line": letter.line,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "data": None if self.data is None else self.text,
            "data_base64": self.data,
            "reason": letter.why,
            "first_seen": self.first_seen,
        }


class Sent(NamedTuple):
    """What became of a mended event.

    Attributes:
        routes: Where it is now, by the topics' live names.
        time: The time that the tick after it tells, UTC; ``None`` where some partition number got none.
    """

    routes: tuple[Route, ...]
    time: datetime | None


def letters(bootstrap: str, run: str | None) -> Iterator[Found]:
    """Every dead letter that is there now, in order; copies are left out. Holds one batch at a time.

    Args:
        bootstrap: ``HOST:PORT``, several with commas.
        run: The run; the live log without it.

    Raises:
        BrokerError: when no broker answers.
        KafkaLogError: when it stops answering.
        NoLettersError: when there is no such topic.
    """
    topic, bounds = _there(bootstrap, run)
    seen: OrderedDict[bytes, None] = OrderedDict()
    with TopicReader(bootstrap, topic) as reader:
        for batch in reader.read(0, bounds):
            for record in batch.records:
                found = _found(topic, record)
                # Its place alone is not enough: a topic that was made anew counts from 0 again.
                mark = blake2b(found.letter.key + b"\0" + (found.data or b""), digest_size=16).digest()
                known = mark in seen
                seen[mark] = None
                seen.move_to_end(mark)
                if len(seen) > REMEMBERED:
                    seen.popitem(last=False)
                if not known:
                    yield found


def chosen(bootstrap: str, run: str | None, numbers: Iterable[int]) -> list[Found]:
    """The dead letters of these numbers.

    Raises:
        BrokerError: when no broker answers.
        KafkaLogError: when it stops answering.
        NoLettersError: when there is no such topic, or no letter of such a number.
    """
    topic, bounds = _there(bootstrap, run)
    result = []
    with TopicReader(bootstrap, topic) as reader:
        for number in numbers:
            records: list[KafkaRecord] = []
            if bounds.first <= number < bounds.end:
                records = [record for batch in reader.read(0, Bounds(number, number + 1)) for record in batch.records]
            if not records:
                held = "there are none" if bounds.first >= bounds.end else f"it holds {bounds.first} to {bounds.end - 1}"
                raise NoLettersError(f"no dead letter has the number {number} in topic {topic}: {held}")
            result.append(_found(topic, records[0]))
    return result


def send(bootstrap: str, run: str | None, homes: Homes, mended: Sequence[Mended]) -> list[Sent]:
    """Send mended events to all places where they belong, and wait until the broker has them.

    An event is judged at the tick after it. The live log's clock brings one. In a run there may come none any more, so here
    each partition number gets one, of the time of its last tick and with a higher id; where it has had none, the events wait.
    The run's time stays where it is: what is later would let other things fall due as well.

    Args:
        bootstrap: ``HOST:PORT``, several with commas.
        run: The run; the live log without it.
        homes: Where things are judged.
        mended: Events that were vetted, in the order in which they are sent.

    Raises:
        BrokerError: when no broker answers.
        KafkaLogError: when it stops answering.
        NoLettersError: when the input topics are not there, or have not the same number of partitions.
        PublishError: when the broker does not take one in; some of them may be there then.
    """
    with Admin(bootstrap) as admin:
        held = admin.bounds([in_run(topic, run) for topic in INPUTS])
    partitions = _partitions(held, run)
    routes = [routes_of(one.event, homes, partitions) for one in mended]
    ticks: dict[int, Tick] = {}
    if run is not None:
        ticks = _ticks(bootstrap, run, sorted({route.partition for places in routes for route in places}), held)
    with Publisher(bootstrap, {topic.name: in_run(topic.name, run) for topic in catalogue()}) as publisher:
        for one, places in zip(mended, routes, strict=True):
            stamp = milliseconds(one.event.time)
            for topic, partition, key in places:
                publisher.send(topic, partition, key, one.record, stamp)
        for partition, tick in ticks.items():
            for topic in INPUTS:
                publisher.send(topic, partition, None, encode(tick), milliseconds(tick.time))
    return [Sent(places, _least(ticks, places)) for places in routes]


def _there(bootstrap: str, run: str | None) -> tuple[str, Bounds]:
    """The topic of the dead letters, and what it holds."""
    topic = in_run(DEAD_LETTERS, run)
    with Admin(bootstrap) as admin:
        held = admin.bounds([topic])
    if not held:
        raise NoLettersError(f"{_log(run)} is not there: no topic {topic}")
    if len(held) != 1:
        raise NoLettersError(f"{topic}: expected 1 partition, found {len(held)}: letters in several have no numbers")
    return topic, held[topic, 0]


def _found(topic: str, record: KafkaRecord) -> Found:
    try:
        seen = None if record.timestamp == -1 else (_EPOCH + timedelta(milliseconds=record.timestamp)).isoformat()
    except OverflowError:
        seen = None
    try:
        letter, data = _opened(record.value or b"")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        letter, data = of_record(topic, 0, record.offset, None, f"no dead letter: {error}"), record.value
    return Found(record.offset, seen, letter, data)


def _opened(record: bytes) -> tuple[DeadLetter, bytes | None]:
    letter = decode_letter(record)
    place = (letter.place, letter.line) if letter.topic is None else (letter.partition, letter.offset)
    if None in place:
        raise ValueError("expected topic, partition and offset, or place and line")
    return letter, None if letter.record is None else base64.b64decode(letter.record, validate=True)


def _partitions(held: dict[tuple[str, int], Bounds], run: str | None) -> int:
    counts = Counter(topic for topic, _ in held)
    inputs = [in_run(topic, run) for topic in INPUTS]
    if missing := [topic for topic in inputs if topic not in counts]:
        raise NoLettersError(f"{_log(run)} is not there: no topic {', '.join(missing)}")
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{topic} has {counts[topic]}" for topic in inputs)
        raise NoLettersError(f"{_log(run)}: expected the same number of partitions in each topic: {listed}")
    return counts[inputs[0]]


def _ticks(bootstrap: str, run: str, numbers: Sequence[int], held: dict[tuple[str, int], Bounds]) -> dict[int, Tick]:
    """A tick after the last one of each partition number that has one."""
    ticks = {}
    with ExitStack() as stack:
        readers = [stack.enter_context(TopicReader(bootstrap, in_run(topic, run))) for topic in INPUTS]
        for number in numbers:
            last = max(filter(None, (_last(reader, number, held[reader.topic, number]) for reader in readers)), default=None)
            if last is None:
                continue
            name = _following(last[1])
            if len(name) <= _LONGEST_ID:
                ticks[number] = Tick(specversion="1.0", id=name, source=_SOURCE, time=last[0], run=run, data=Reading())
    return ticks


def _least(ticks: Mapping[int, Tick], places: Iterable[Route]) -> datetime | None:
    found = [ticks.get(route.partition) for route in places]
    times = [tick.time for tick in found if tick is not None]
    return min(times) if times and len(times) == len(found) else None


def _last(reader: TopicReader, partition: int, bounds: Bounds) -> Barrier | None:
    """The last tick of a partition, by time and id: looked for from the end, ever farther back."""
    end, width = bounds.end, _WIDER
    while end > bounds.first:
        first = max(bounds.first, end - width)
        records = (record for batch in reader.read(partition, Bounds(first, end)) for record in batch.records)
        last = max(filter(None, map(_barrier, records)), default=None)
        if last is not None:
            return last
        end, width = first, width * _WIDER
    return None


def _barrier(record: KafkaRecord) -> Barrier | None:
    try:
        event = decode(record.value or b"")
    except Refused:
        return None
    return (event.time, event.id) if type(event) is Tick and not event.exercise else None


def _following(name: str) -> str:
    """A tick id that sorts after ``name``, and before the next one of whoever counts in it."""
    before = _AFTER.fullmatch(name)
    return f"{name}~{1:09}" if before is None else f"{before['id']}~{int(before['count']) + 1:09}"


def _log(run: str | None) -> str:
    return "the live log" if run is None else f"run {run}"
