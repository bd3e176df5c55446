"""Sends records to the log on Kafka, and knows of each whether the broker has it."""

from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka.errors import KafkaError

from streams.log.access import access
from streams.log.knocking import why
from streams.log.producer import Producer
from streams.topics import DEAD_LETTER_BYTES

PATIENCE = 20.0
"""Seconds that the broker is given to take a record in."""
UNDER_WAY = 8_388_608
"""Bytes that may be on their way at once: what is not acknowledged yet is held in memory."""
_BATCH_BYTES = 131_072
_LINGER_MS = 20
_ROOM = 65_536
_EACH = 512
"""What a record on its way costs beside its bytes, about."""


class PublishError(Exception):
    """A record could not be sent. Those before it may have arrived or not."""


class _Pending(NamedTuple):
    future: Any
    size: int


class Publisher:
    """Sends records in order; the broker repeats none and drops none. Use it as a context manager.

    Leaving it waits until the broker has everything, unless an error is on its way out.
    """

    def __init__(self, bootstrap: str, topics: Mapping[str, str], patience: float = PATIENCE) -> None:
        """Connect.

        Args:
            bootstrap: ``HOST:PORT``, several with commas.
            topics: The name on the broker of each topic, by its live name.
            patience: Seconds that the broker is given to take a record in.

        Raises:
            PublishError: when no broker answers.
        """
        self.records = 0
        """Records handed over so far."""
        self._bootstrap = bootstrap
        self._topics = dict(topics)
        self._patience = patience
        self._pending: deque[_Pending] = deque()
        self._bytes = 0
        patience_ms = int(patience * 1_000)
        try:
            self._producer = Producer(
                bootstrap_servers=[server.strip() for server in bootstrap.split(",")],
                client_id="steadyline-publish",
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                max_request_size=DEAD_LETTER_BYTES + _ROOM,
                batch_size=_BATCH_BYTES,
                linger_ms=_LINGER_MS,
                bootstrap_timeout_ms=patience_ms,
                max_block_ms=patience_ms,
                request_timeout_ms=max(1_000, patience_ms // 2),
                delivery_timeout_ms=max(2_000, patience_ms),
                metrics_enabled=False,
                **access().settings(),
            )
        except KafkaError as error:
            raise self._failed(why(bootstrap, str(error))) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self.flush()
        finally:
            self._close()

    def send(self, topic: str, partition: int, key: bytes | None, value: bytes, timestamp: int | None = None) -> None:
        """Send one record. Waits while too much is on its way.

        Args:
            topic: The topic's live name.
            partition: The number of its partition.
            key: The record's key.
            value: The record.
            timestamp: Milliseconds since 1970 UTC; now, where it is left out.

        Raises:
            PublishError: when the broker refuses a record, this one or one before, or takes it in too late.
        """
        try:
            future = self._producer.send(self._topics[topic], value=value, key=key, partition=partition, timestamp_ms=timestamp)
        except KafkaError as error:
            raise self._failed(error) from error
        size = len(value) + _EACH
        self._pending.append(_Pending(future, size))
        self._bytes += size
        self.records += 1
        self._settle(UNDER_WAY)

    def flush(self) -> None:
        """Wait until the broker has all that was sent.

        Raises:
            PublishError: when it does not take one in, or not in time.
        """
        try:
            self._producer.flush(timeout=self._patience)
        except KafkaError as error:
            raise self._failed(error) from error
        self._settle(0)

    def _settle(self, most: int) -> None:
        """Let go of what has arrived, and wait until no more than so many bytes are on their way."""
        pending = self._pending
        while pending and (self._bytes > most or pending[0].future.is_done):
            first = pending.popleft()
            self._bytes -= first.size
            try:
                first.future.get(timeout=self._patience)
            except KafkaError as error:
                raise self._failed(error) from error

    def _failed(self, error: KafkaError | str) -> PublishError:
        return PublishError(f"the Kafka broker at {self._bootstrap} does not take a record in: {error or type(error).__name__}")

    def _close(self) -> None:
        try:
            self._producer.close(timeout=0.0 if self._pending else self._patience)
        except KafkaError as error:
            # It stays open where something is still on its way. That is given up: the run is not complete anyhow.
            sender = self._producer._sender  # noqa: SLF001 - there is no other way to end it
            sender.force_close()
            sender.join(self._patience)
            self._producer.close(timeout=self._patience)
            if not self._pending:
                raise self._failed(error) from error
