"""One sender and one reader of the live topics, in one loop."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.agreements.model import Agreement
from streams.events.decode import decode
from streams.lapses import Lapse, decode_lapse
from streams.routes import Homes, routes_of
from streams.rulebook import RuleBook
from streams.topics import LAPSES
from tests.benchmarks.live.ground import Log


class Wire:
    """Sends events to wherever they belong, and tells of each lapse as it arrives, with the moment.

    Moments are of the monotonic clock, seconds. Use it as an asynchronous context manager.
    """

    def __init__(self, log: Log, agreements: list[Agreement], arrived: Callable[[Lapse, float], None]) -> None:
        self._log = log
        self._homes = Homes.of(RuleBook(agreements))
        self._arrived = arrived
        self._came = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(bootstrap_servers=self._log.bootstrap, linger_ms=0)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._log.bootstrap, auto_offset_reset="latest")
        await self._producer.start()
        await self._consumer.start()
        place = TopicPartition(self._log.topic(LAPSES), 0)
        self._consumer.assign([place])
        # Lapses of the runs before are none of this one's.
        await self._consumer.seek_to_end(place)
        await self._consumer.position(place)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await self._consumer.stop()
        await self._producer.stop()

    async def send(self, record: bytes) -> None:
        """Send an event; whoever wants to know when takes the time before."""
        for topic, partition, key in routes_of(decode(record), self._homes, self._log.partitions):
            await self._producer.send(self._log.topic(topic), record, key=key, partition=partition)

    async def until(self, condition: Callable[[], bool], patience: float) -> None:
        """Wait until lapses have made the condition true, or for so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not condition():
                    self._came.clear()
                    await self._came.wait()

    async def _read(self) -> None:
        async for message in self._consumer:
            self._arrived(decode_lapse(message.value), time.monotonic())
            self._came.set()


def event(kind: str, name: str, data: str) -> bytes:
    """An event that happens now and is known now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"specversion":"1.0","type":"org.steadyline.{kind}.v1","source":"urn:steadyline:benchmark",'
        f'"id":"{name}","time":"{now}","ingested":"{now}","data":{data}}}'
    ).encode()
