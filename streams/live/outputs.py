"""What a worker writes to Kafka: lapses, how things stand, dead letters, cells of its state, ticks. One producer for all of it.

The producer is aiokafka's own: it is idempotent, so that what it repeats keeps its place and comes once, which the state's
changelog rests on, and Faust has no setting for that. All that is written of one batch is under way at once, and ``sent``
waits until the broker has all of it.

Between being handed over and being sent a record can lie here while the machine is stopped. So each request feels the
worker's pulse once more at the last moment: what lay through a sleep is refused, and its lane ends.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.protocol.produce import ProduceRequest

from streams.lapses import Lapse, encode_lapse
from streams.letters import encode_letter, of_record
from streams.live.cells import Record
from streams.live.ledger import stamp
from streams.live.pulse import SleptError
from streams.live.settings import WorkerSettings
from streams.log.access import access
from streams.posture import Posture, encode_posture
from streams.sequence import Unread
from streams.topics import DEAD_LETTER_BYTES, DEAD_LETTERS, LAPSES, STATES

_BATCH_BYTES = 262_144
_REQUEST_MS = 30_000


class Outgoing:
    """Records on their way."""

    def __init__(self) -> None:
        self._under_way: list[asyncio.Future[Any]] = []
        self._counts: list[int] = []

    def add(self, future: "asyncio.Future[Any]", count: int = 1) -> None:
        """One more, or so many that go as one."""
        self._under_way.append(future)
        self._counts.append(count)

    async def arrived(self) -> list[int]:
        """Wait until the broker has all of them, and return at which offset each stands.

        Raises:
            aiokafka.errors.KafkaError: when the broker refuses one.
        """
        told = await asyncio.gather(*self._under_way)
        return [first.offset + number for first, count in zip(told, self._counts, strict=True) for number in range(count)]


class TooLateError(KafkaError):  # type: ignore[misc]  # the library says no types
    """What was on its way lay here through a sleep: others may have written in its place by now. It is not sent again."""

    retriable = False


class Outputs:
    """The worker's producer."""

    def __init__(self, settings: WorkerSettings, feel: Callable[[], None]) -> None:
        """Prepare; nothing is asked of the broker yet.

        Args:
            settings: The worker's.
            feel: Raises ``SleptError`` where the worker stood still for too long to write.
        """
        self._settings = settings
        self._feel = feel
        self._lapses = settings.topic(LAPSES)
        self._letters = settings.topic(DEAD_LETTERS)
        self._states = settings.topic(STATES)
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect.

        Raises:
            aiokafka.errors.KafkaConnectionError: when no broker answers.
        """
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.servers,
            client_id=f"{self._settings.app_id}-outputs",
            acks="all",
            enable_idempotence=True,
            max_request_size=DEAD_LETTER_BYTES,
            max_batch_size=_BATCH_BYTES,
            request_timeout_ms=_REQUEST_MS,
            **access().settings(),
        )
        try:
            await producer.start()
        except BaseException:
            # What is cut short stays half open, unless it is closed.
            await producer.stop()
            raise
        self._guard(producer)
        self._producer = producer

    def _guard(self, producer: AIOKafkaProducer) -> None:
        """Let every request of records feel the pulse just before it goes out."""
        send, feel = producer.client.send, self._feel

        async def guarded(node: int, request: object, **more: object) -> object:
            if isinstance(request, ProduceRequest):
                try:
                    feel()
                except SleptError as slept:
                    raise TooLateError(str(slept)) from None
            return await send(node, request, **more)

        producer.client.send = guarded

    async def stop(self) -> None:
        """Send what is under way, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def results(self, partition: int, lapses: Iterable[Lapse], unread: Iterable[Unread]) -> Outgoing:
        """Send lapses, in their order, and dead letters of a partition number."""
        outgoing = Outgoing()
        for lapse in lapses:
            outgoing.add(await self._send(self._lapses, lapse.id.encode(), encode_lapse(lapse)))
        for letter in unread:
            topic = self._settings.topic(letter.topic)
            told = of_record(topic, partition, letter.offset, letter.record, letter.why)
            outgoing.add(await self._send(self._letters, told.key, encode_letter(told)))
        return outgoing

    async def postures(self, postures: Iterable[Posture]) -> Outgoing:
        """Send how things stood, in order."""
        outgoing = Outgoing()
        for posture in postures:
            outgoing.add(await self._send(self._states, str(posture.partition).encode(), encode_posture(posture)))
        return outgoing

    async def records(self, topic: str, partition: int, records: Iterable[tuple[bytes | None, bytes | None]]) -> Outgoing:
        """Send records, key and value, to one partition, in their order."""
        outgoing = Outgoing()
        for key, value in records:
            outgoing.add(await self._send(topic, key, value, partition))
        return outgoing

    async def cells(self, topic: str, partition: int, records: Iterable[Record], at: int) -> Outgoing:
        """Send records of a changelog to one partition, in their order, as few batches: they are many.

        Args:
            topic: The changelog.
            partition: Its partition.
            records: What to send.
            at: The offset at which the first is meant to stand, which each says of itself (see ``ledger``).
        """
        producer, outgoing = self._connected, Outgoing()
        batch = producer.create_batch()
        for number, (key, value) in enumerate(records):
            headers = stamp(at + number)
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                # It is full, and takes no more. The next one is not accepted beside one that must be repeated.
                await self._send_batch(batch, topic, partition, outgoing)
                await outgoing.arrived()
                batch = producer.create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)
        await self._send_batch(batch, topic, partition, outgoing)
        return outgoing

    async def _send_batch(self, batch: BatchBuilder, topic: str, partition: int, outgoing: Outgoing) -> None:
        if count := batch.record_count():
            outgoing.add(await self._connected.send_batch(batch, topic, partition=partition), count)

    async def _send(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int | None = None
    ) -> "asyncio.Future[Any]":
        return await self._connected.send(topic, value, key=key, partition=partition)  # type: ignore[no-any-return]

    @property
    def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the worker's producer is not connected")
        return self._producer
