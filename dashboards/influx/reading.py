"""Reads what the writer needs of the log, and keeps how far it came.

One writer reads every partition by itself, in no group that shares them out: so nobody can take a partition from it while it
waits for the database, and a second writer beside it writes the same points once more, which changes nothing. The group's name
only keeps the offsets.
"""

import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from dashboards.influx.points import LETTERS
from dashboards.influx.settings import WriterSettings
from streams.letters import encode_letter, of_line
from streams.log.access import access
from streams.log.kafka import reading
from streams.log.knocking import why
from streams.log.producer import Producer
from streams.topics import DEAD_LETTER_BYTES, DEAD_LETTERS, INPUTS, LAPSES, STATES

log = logging.getLogger(__name__)

AT_ONCE = 2_000
"""Records of one batch, at most."""
PATIENCE_MS = 20_000
_CLIENT = "steadyline-influx"
_FETCH_BYTES = 1_048_576
_READ = (*INPUTS, LAPSES, STATES, DEAD_LETTERS)

Place = tuple[str, int]
"""A topic, by its live name, and a partition of it."""


class Record(NamedTuple):
    """One record.

    Attributes:
        topic: By its live name.
        stamped: When the broker took it in, in a run when it was sent; milliseconds since 1970.
    """

    topic: str
    partition: int
    offset: int
    stamped: int
    value: bytes | None


class LogAway(Exception):  # noqa: N818 - it says what is the matter
    """The broker does not answer, or a topic is not there. The message says which."""


class Log:
    """The topics of one run, or the live ones. Use it as a context manager."""

    def __init__(self, settings: WriterSettings) -> None:
        """Connect, and go on from where the group is.

        Raises:
            LogAway: when the broker does not answer, or a topic is missing.
        """
        self._names = {settings.log.topic(name): name for name in _READ}
        self._letters = settings.log.topic(DEAD_LETTERS)
        self._producer: Producer | None = None
        self._servers = settings.log.servers
        self._access = access()
        try:
            self._consumer = reading(
                settings.log.bootstrap,
                _CLIENT,
                self._access,
                PATIENCE_MS / 1_000,
                group_id=settings.group,
                max_poll_records=AT_ONCE,
                max_partition_fetch_bytes=_FETCH_BYTES,
            )
        except KafkaError as error:
            told = why(settings.log.bootstrap, str(error))
            raise LogAway(f"no Kafka broker answers at {settings.log.bootstrap}: {told}") from error
        try:
            places = [
                TopicPartition(topic, number)
                for topic in self._names
                for number in sorted(self._consumer.partitions_for_topic(topic) or ())
            ]
            missing = self._names.keys() - {place.topic for place in places}
            if missing:
                raise LogAway(f"missing topics: {', '.join(sorted(missing))}; create them with: steadyline topics create")
            self._consumer.assign(places)
            log.info("reading %s", ", ".join(sorted(self._names)))
        except KafkaError as error:
            self._consumer.close()
            raise LogAway(f"the Kafka broker at {settings.log.bootstrap} does not tell of the topics: {error}") from error
        except LogAway:
            self._consumer.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._consumer.close(timeout_ms=PATIENCE_MS)
        if self._producer is not None:
            self._producer.close(PATIENCE_MS / 1_000)

    @property
    def topics(self) -> Collection[str]:
        """What it reads, by their names on the broker."""
        return self._names.keys()

    def poll(self, patience: float) -> list[Record]:
        """The next records, each partition's in order; none where none came within ``patience`` seconds.

        Raises:
            LogAway: when the broker does not answer.
        """
        try:
            told = self._consumer.poll(timeout_ms=int(patience * 1_000))
        except KafkaError as error:
            raise LogAway(f"the Kafka broker gives no records: {error}") from error
        return [
            Record(self._names[place.topic], place.partition, each.offset, each.timestamp, each.value)
            for place, some in told.items()
            for each in some
        ]

    def behind(self) -> int | None:
        """How many records there are that were not read yet; ``None`` where the broker does not say."""
        try:
            places = self._consumer.assignment()
            ends = self._consumer.end_offsets(list(places), timeout_ms=2_000)
            read = {place: int(self._consumer.position(place, timeout_ms=2_000) or 0) for place in places}
            return sum(max(0, int(ends[place]) - read[place]) for place in places)
        except KafkaError:
            return None

    def commit(self, offsets: Mapping[Place, int]) -> None:
        """Keep that everything before these offsets is done with.

        Raises:
            LogAway: when the broker does not answer.
        """
        names = {name: topic for topic, name in self._names.items()}
        told = {
            TopicPartition(names[topic], number): OffsetAndMetadata(offset, "", -1)
            for (topic, number), offset in offsets.items()
        }
        try:
            self._consumer.commit(told, timeout_ms=PATIENCE_MS)
        except KafkaError as error:
            raise LogAway(f"the Kafka broker does not keep the offsets: {error}") from error

    def refuse(self, bucket: str, line: str, why: str) -> None:
        """Write a point that the database refused to the dead letters, and wait until the broker has it.

        Raises:
            LogAway: when the broker does not take it.
        """
        name = hashlib.sha256(line.encode()).hexdigest()[:16]
        letter = of_line(f"{LETTERS}:{bucket}:{name}", 1, line.encode(), f"InfluxDB refused this point: {why}")
        try:
            if self._producer is None:
                self._producer = Producer(
                    bootstrap_servers=self._servers,
                    client_id=_CLIENT,
                    acks="all",
                    max_request_size=DEAD_LETTER_BYTES,
                    max_block_ms=PATIENCE_MS,
                    **self._access.settings(),
                )
            sent = self._producer.send(self._letters, encode_letter(letter), key=letter.key, partition=0)
            sent.get(PATIENCE_MS / 1_000)
        except KafkaError as error:
            raise LogAway(f"the Kafka broker does not take a dead letter: {error}") from error


def furthest(records: Iterable[Record]) -> dict[Place, int]:
    """The offsets after the last of the records, by place."""
    return {(record.topic, record.partition): record.offset + 1 for record in records}
