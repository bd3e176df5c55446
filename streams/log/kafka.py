"""Reads the log on Kafka from its beginning to the end it had when the reading began, in bounded memory.

Reads beside the workers: in no group, committing nothing, creating nothing.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.log.access import Access, access
from streams.log.knocking import why

PATIENCE = 10.0
"""Seconds without any record, where there are some, after which the broker counts as away."""
AT_ONCE = 1_000
"""Records of one batch, at most."""
_FETCH_BYTES = 1_048_576
_POLL_MS = 200


class KafkaLogError(Exception):
    """The broker does not answer, or does not give what is asked of it."""


class Bounds(NamedTuple):
    """What a partition holds.

    Attributes:
        first: The offset of its oldest record; above 0 where older ones were deleted.
        end: The offset after its newest record.
    """

    first: int
    end: int


def common_partitions(
    held: Iterable[tuple[str, int]], inputs: Sequence[str], run: str | None, others: Sequence[str] = ()
) -> int:
    """How many partitions the input topics of a log have, each the same.

    Args:
        held: The topics and partitions that are there.
        inputs: The names on the broker of the input topics.
        run: The run; ``None`` for the live log.
        others: Further topics that must be there.

    Raises:
        ValueError: when one is not there, or they cannot be read together; the message says which.
    """
    counts = Counter(topic for topic, _ in held)
    name = "the live log" if run is None else f"run {run}"
    if missing := [topic for topic in (*inputs, *others) if topic not in counts]:
        raise ValueError(f"{name} is not there: no topic {', '.join(missing)}")
    if len({counts[topic] for topic in inputs}) != 1:
        listed = ", ".join(f"{topic} has {counts[topic]}" for topic in inputs)
        raise ValueError(f"{name} cannot be read: expected the same number of partitions in each topic: {listed}")
    return counts[inputs[0]]


class KafkaRecord(NamedTuple):
    """One record.

    Attributes:
        timestamp: Milliseconds since 1970 UTC; in a run the event's own time, in the live log the broker's.
        value: ``None`` where it has none.
    """

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class KafkaBatch(NamedTuple):
    """Consecutive records of one partition."""

    partition: int
    records: list[KafkaRecord]


class Consumer(KafkaConsumer):  # type: ignore[misc]  # it comes without types
    """One that leaves no thread and no socket behind where it finds no broker."""

    def __init__(self, **settings: object) -> None:
        try:
            super().__init__(**settings)
        except KafkaError:
            if hasattr(self, "_client"):
                self._client.close()
            raise


def reading(bootstrap: str, client: str, known: Access, patience: float, **settings: object) -> Consumer:
    """A consumer that reads the log as it stands: it creates no topic, and commits nothing of its own accord.

    Args:
        bootstrap: ``HOST:PORT``, several with commas.
        client: What it calls itself to the broker.
        known: How it makes itself known.
        patience: Seconds to wait for the broker, each time.
        settings: What this one is told besides.

    Raises:
        KafkaError: when no broker answers.
    """
    patience_ms = int(patience * 1_000)
    return Consumer(
        bootstrap_servers=[server.strip() for server in bootstrap.split(",")],
        client_id=client,
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        auto_offset_reset="earliest",
        # What was written by a transaction that came to nothing is not in the log.
        isolation_level="read_committed",
        bootstrap_timeout_ms=patience_ms,
        request_timeout_ms=max(patience_ms, 1_000),
        metrics_enabled=False,
        **known.settings(),
        **settings,
    )


class TopicReader:
    """Reads one topic, one partition after the other. Use it as a context manager."""

    def __init__(self, bootstrap: str, topic: str, patience: float = PATIENCE) -> None:
        """Connect.

        Args:
            bootstrap: ``HOST:PORT``, several with commas.
            topic: Its name on the broker.
            patience: Seconds to wait for the broker, each time.

        Raises:
            KafkaLogError: when no broker answers.
        """
        self.topic = topic
        self._bootstrap = bootstrap
        self._patience = patience
        try:
            self._consumer = reading(
                bootstrap,
                "steadyline-reader",
                access(),
                patience,
                max_poll_records=AT_ONCE,
                max_partition_fetch_bytes=_FETCH_BYTES,
            )
        except KafkaError as error:
            raise self._away(why(bootstrap, str(error))) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._consumer.close(autocommit=False, timeout_ms=int(self._patience * 1_000))

    def bounds(self) -> dict[int, Bounds]:
        """What each partition holds now; none where there is no such topic.

        Raises:
            KafkaLogError: when the broker does not answer.
        """
        try:
            found = [TopicPartition(self.topic, number) for number in sorted(self._consumer.partitions_for_topic(self.topic))]
            if not found:
                return {}
            timeout_ms = int(self._patience * 1_000)
            first = self._consumer.beginning_offsets(found, timeout_ms=timeout_ms)
            end = self._consumer.end_offsets(found, timeout_ms=timeout_ms)
        except KafkaError as error:
            raise self._away(error) from error
        return {place.partition: Bounds(first[place], end[place]) for place in found}

    def read(self, partition: int, bounds: Bounds | None = None) -> Iterator[KafkaBatch]:
        """All records of a partition, in order, from the oldest to what is the newest now, or in ``bounds``.

        Only one partition is read at a time: begin with the next when this one was read to its end or is wanted no more.

        Raises:
            KafkaLogError: when the broker does not answer, or the topic has no such partition.
        """
        if bounds is None:
            bounds = self.bounds().get(partition)
            if bounds is None:
                raise KafkaLogError(f"{self.topic} has no partition {partition}")
        if bounds.first >= bounds.end:
            return
        place = TopicPartition(self.topic, partition)
        waited = 0.0
        try:
            self._consumer.assign([place])
            self._consumer.seek(place, bounds.first)
            while True:
                began = time.monotonic()
                told = self._consumer.poll(timeout_ms=_POLL_MS, max_records=AT_ONCE)
                records = [
                    KafkaRecord(each.offset, each.timestamp, each.key, each.value)
                    for each in told.get(place, ())
                    if each.offset < bounds.end
                ]
                if records:
                    waited = 0.0
                    yield KafkaBatch(partition, records)
                # The last offsets may belong to marks of transactions, which are no records.
                if (self._consumer.position(place, timeout_ms=_POLL_MS) or 0) >= bounds.end:
                    return
                if not records:
                    waited += time.monotonic() - began
                    if waited > self._patience:
                        raise KafkaLogError(
                            f"{self.topic}, partition {partition}: the broker at {self._bootstrap} has given no record"
                            f" for {self._patience:g} s, though there are some up to offset {bounds.end}"
                        )
        except KafkaError as error:
            raise self._away(error) from error

    def read_all(self, bounds: Mapping[int, Bounds] | None = None) -> Iterator[KafkaBatch]:
        """All records of all partitions, one partition after the other, up to where they end now, or in ``bounds``.

        Raises:
            KafkaLogError: when the broker does not answer.
        """
        for partition, each in (self.bounds() if bounds is None else bounds).items():
            yield from self.read(partition, each)

    def _away(self, error: KafkaError | str) -> KafkaLogError:
        return KafkaLogError(f"the Kafka broker at {self._bootstrap} does not give {self.topic}: {error}")


def together(readers: Iterable[TopicReader], partition: int) -> Iterator[tuple[str, KafkaBatch]]:
    """One partition number of several topics, none of them read far ahead of the others.

    Whoever puts them in order (``streams.sequence``) holds a record until the others have come as far; so the topic that
    is furthest behind, by the timestamps of its records, is read next.

    Yields:
        The topic, by its name on the broker, and its next records.

    Raises:
        KafkaLogError: when the broker does not answer.
    """
    behind = {reader.topic: (float("-inf"), reader.read(partition)) for reader in readers}
    while behind:
        topic = min(behind, key=lambda each: behind[each][0])
        latest, batches = behind[topic]
        batch = next(batches, None)
        if batch is None:
            del behind[topic]
            continue
        behind[topic] = (max(latest, *(record.timestamp for record in batch.records)), batches)
        yield topic, batch
