"""The worker: a Faust app that reads the three input topics, and the lanes in which they are judged.

Faust brings the records, shares the partitions among workers, reads the state back after a start or a rebalance, and commits.
What is judged, and when, is decided in ``lanes`` and below. One agent reads all three topics, so that whoever owns a partition
number owns it in all of them, and in the state's changelog.
"""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import faust
from aiokafka.errors import IllegalStateError
from faust.types import TP, Message
from yarl import URL

from streams.agreements.model import Agreement
from streams.live import chunks, clock
from streams.live.attendants import Attendants
from streams.live.cells import CELL_BYTES
from streams.live.chunks import ChunkConsumer, ChunkTransport
from streams.live.farewell import Farewell
from streams.live.lanes import Lane, Lanes
from streams.live.outputs import Outputs
from streams.live.progress import Vitals
from streams.live.pulse import Pulse
from streams.live.settings import WorkerSettings, agreements_of
from streams.live.table import CellTable
from streams.live.topics import TopicsError, declared, partitions_of
from streams.log.access import Access, access
from streams.partition import PartitionWatch
from streams.topics import INPUTS

log = logging.getLogger(__name__)

PATIENCE = 20.0
"""Seconds that batches under way are given to end in a rebalance or at the end of the worker."""
_QUEUE = 64
"""Chunks between Faust's consumer and the agent; they go on to their lanes at once."""
_CHANGELOG = {
    "max.message.bytes": str(CELL_BYTES + 100_000),
    # What is read back at a start is what was not compacted yet: small segments, and often.
    "segment.bytes": str(64 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.2",
}

WatchMaker = Callable[[tuple[Agreement, ...], int, int, str | None], PartitionWatch]
"""Makes the watch of a partition number: agreements, number, how many there are, run."""


def _watch(agreements: tuple[Agreement, ...], partition: int, partitions: int, run: str | None) -> PartitionWatch:
    return PartitionWatch(agreements, partition, partitions, run=run)


class WatchApp(faust.App):
    """Faust's app with what the watch adds to it."""

    def __init__(
        self,
        settings: WorkerSettings,
        vitals: Vitals,
        make: WatchMaker,
        *,
        attendants: Attendants | None,
        logs: dict[str, Any] | None,
    ) -> None:
        self.settings = settings
        self.vitals = vitals
        self.make = make
        self.attendants = attendants
        self.agreements = agreements_of(settings)
        self.live_names = {settings.topic(name): name for name in INPUTS}
        self.pulse = Pulse(settings.session_timeout - settings.heartbeat)
        self.outputs = Outputs(settings, self.pulse.feel)
        self.lanes = Lanes(self.crash)
        self.partitions = 0
        self._clock: asyncio.Task[None] | None = None
        self._farewell = Farewell()
        reason = "chosen by the settings" if settings.plain else chunks.fits()
        self.by_chunks = reason is None
        super().__init__(settings.app_id, **faust_settings(settings), logging_config=logs)
        if self.by_chunks:
            self.transport = ChunkTransport([URL(f"kafka://{server}") for server in settings.servers], self)
        else:
            log.warning("records are taken one by one, which is slow: %s", reason)
        self.reader = _Reader(self)
        self.table: CellTable = self.tables.add(  # type: ignore[assignment]
            CellTable(
                self,
                name="state",
                key_type=bytes,
                value_type=bytes,
                beacon=self.tables.beacon,
                declared=self._declared,
                on_recover=self._recovered,
                extra_topic_configs=_CHANGELOG,
                help="The state of each partition number, in cells.",
            )
        )
        self.on_partitions_revoked.connect(self._revoked, weak=False)
        self.on_partitions_assigned.connect(self._assigned, weak=False)

    async def on_start(self) -> None:
        """Look at the topics and connect, before anything is read."""
        # Events that the watch holds on to are many and form no cycles: the collector looks for those less often.
        gc.set_threshold(200_000, 20, 50)
        self.partitions = await partitions_of(self.settings, self.table.changelog_topic.get_topic_name())
        self.conf.topic_partitions = self.partitions
        if self.attendants is not None:
            await self.attendants.start(self.partitions)
        await self.outputs.start()
        await super().on_start()

    async def on_stop(self) -> None:
        """Finish what is under way, let Faust commit, and leave; the broker may be away for good, so not for ever."""
        self._farewell.begin()
        if self.attendants is not None:
            await self.attendants.leave()
        await self._close(keep=True)
        await super().on_stop()
        await self.outputs.stop()
        self.pulse.end()
        if self.attendants is not None:
            await self.attendants.stop()

    async def on_shutdown(self) -> None:
        """All has ended in good order."""
        await super().on_shutdown()
        self._farewell.over()

    async def take(self, event: faust.EventT[Any]) -> None:
        """Hand what was read to its lane."""
        message = event.message
        topic = self.live_names[message.topic]
        if self.by_chunks:
            await self.lanes.put(message.partition, topic, chunks.of(message))
        else:
            self.reader.hold(topic, message)
            await self.lanes.put(message.partition, topic, [(message.offset, message.value)])

    async def _declared(self) -> None:
        await declared(self.settings, self.table.changelog_topic.get_topic_name(), self.partitions)

    async def _recovered(self) -> None:
        """Open a lane for each partition number that is owned, from the state that was read back."""
        try:
            await self._close(keep=False)
            self.pulse.reset()
            owned = self._owned()
            states = await self.table.states(owned)
            for partition, state in states.items():
                watch = self.make(self.agreements, partition, self.partitions, self.settings.run)
                amended = watch.recall(state.cells)
                await asyncio.sleep(0)
                self.vitals.recovered(partition, positions=watch.positions, now=watch.now, at=time.monotonic())
                self.reader.begins(partition, watch.positions)
                self.lanes.open(
                    Lane(
                        watch,
                        state,
                        amended,
                        settings=self.settings,
                        table=self.table,
                        outputs=self.outputs,
                        reader=self.reader,
                        vitals=self.vitals,
                        pulse=self.pulse,
                    )
                )
            shown = ", ".join(map(str, owned)) or "none"
            log.info("watching partition numbers %s of %d, %s", shown, self.partitions, self.settings.run or "live")
            if 0 in states and self.settings.run is None:
                self._clock = asyncio.create_task(self._guarded(clock.run(self.settings.tick, self._send_tick)))
        except Exception as error:  # Faust would pass over it and read on without a watch
            log.critical("the state cannot be taken up: %s: %s", type(error).__name__, error, exc_info=error)
            await self.crash(error)

    def _owned(self) -> list[int]:
        assigned = self.consumer.assignment()
        numbers = {tp.partition for tp in assigned if tp.topic in self.live_names}
        # A changelog that whoever leads the group did not know of is given to nobody: there would seem to be no state.
        together = [*self.live_names, self.table.changelog_topic.get_topic_name()]
        for number in numbers:
            missing = [topic for topic in together if TP(topic, number) not in assigned]
            if missing:
                raise TopicsError(f"partition {number} is ours, but not in {', '.join(missing)}: they are not read together")
        return sorted(numbers)

    async def _assigned(self, *told: Any, **_: object) -> None:  # noqa: ANN401 - Faust's signals have no types
        # Their state is still to be read back.
        assigned: set[TP] = told[1]
        owned = sorted({tp.partition for tp in assigned if tp.topic in self.live_names})
        self.vitals.assigned(owned, at=time.monotonic())

    async def _revoked(self, *_: object, **__: object) -> None:
        partitions = self.lanes.partitions
        # It may be that the partitions are lost already: nothing is begun any more.
        await self._close(keep=False)
        self.vitals.revoked(partitions, at=time.monotonic())

    async def _close(self, *, keep: bool) -> None:
        """End the clock and the lanes; whoever owns the partitions next may read their state from then on."""
        ticking, self._clock = self._clock, None
        if ticking is not None:
            ticking.cancel()
            self.vitals.ticks_no_more()
        if not await self.lanes.close(PATIENCE, keep=keep):
            log.warning("batches were still under way after %g s; they are done again", PATIENCE)
        self.reader.clear()

    async def _send_tick(self, record: bytes, leap: float) -> None:
        for topic in self.live_names:
            for partition in range(self.partitions):
                await self.outputs.records(topic, partition, [(None, record)])
        self.vitals.ticked(time.monotonic(), leap)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # a dead clock must end the worker, so that another one ticks
            log.critical("the clock cannot go on: %s: %s", type(error).__name__, error, exc_info=error)
            await self.crash(error)


class _Reader:
    """What the lanes ask of Faust's consumer."""

    def __init__(self, app: WatchApp) -> None:
        self._app = app
        self._held: dict[tuple[int, str], list[Message]] = {}

    def clear(self) -> None:
        self._held.clear()

    def hold(self, topic: str, message: Message) -> None:
        """Keep a single record's message until it is done with."""
        self._held.setdefault((message.partition, topic), []).append(message)

    def begins(self, partition: int, positions: Mapping[str, int]) -> None:
        """Read on from where the state of a partition number is."""
        consumer = self._app.consumer
        if isinstance(consumer, ChunkConsumer):
            for topic, offset in positions.items():
                consumer.begins(self._tp(topic, partition), offset)

    def done(self, partition: int, positions: Mapping[str, int]) -> None:
        consumer = self._app.consumer
        for topic, offset in positions.items():
            if isinstance(consumer, ChunkConsumer):
                if offset:
                    consumer.done(self._tp(topic, partition), offset)
                continue
            held = self._held.get((partition, topic), [])
            while held and held[0].offset < offset:
                held.pop(0).ack(consumer)

    async def again(self, partition: int, topic: str, offset: int) -> None:
        log.info("partition %d: the state has %s up to %d only, which is read again", partition, topic, offset)
        self._held.pop((partition, topic), None)
        # In a rebalance it may belong to nobody; whoever owns it next reads from where the state is.
        with suppress(IllegalStateError):
            await self._app.consumer.seek(self._tp(topic, partition), offset)

    def pause(self, partition: int, topics: frozenset[str]) -> None:
        if not self._app.by_chunks or self._app.rebalancing:
            # One by one, records are held back by the queue of the agent.
            return
        consumer = self._app.consumer
        consumer.pause_partitions({self._tp(topic, partition) for topic in topics})
        consumer.resume_partitions({self._tp(topic, partition) for topic in INPUTS if topic not in topics})

    def behind(self, partition: int, read: Mapping[str, int]) -> dict[str, int]:
        found = {}
        for topic, offset in read.items():
            try:
                end = self._app.consumer.highwater(self._tp(topic, partition))
            except IllegalStateError:
                # In a rebalance it belongs to nobody.
                continue
            if end is not None:
                found[topic] = max(0, end - offset)
        return found

    def _tp(self, topic: str, partition: int) -> TP:
        return TP(self._app.settings.topic(topic), partition)


def create_app(
    settings: WorkerSettings,
    *,
    vitals: Vitals | None = None,
    make: WatchMaker = _watch,
    attended: bool = True,
    logs: dict[str, Any] | None = None,
) -> WatchApp:
    """The worker's app.

    Args:
        settings: How it runs.
        vitals: Told of its progress.
        make: Makes the watch of a partition number.
        attended: Have its page of health, its ping and its watchdog.
        logs: How to log, for ``logging.config.dictConfig``; Faust sets up its own without.

    Raises:
        AgreementError: when the settings' agreements cannot be used.
        OSError: when they cannot be read.
        ValueError: when the address to ping cannot be used.
    """
    told = vitals or Vitals(time.monotonic())
    app = WatchApp(settings, told, make, attendants=Attendants(settings, told) if attended else None, logs=logs)
    topic = app.topic(
        *app.live_names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", maxsize=_QUEUE
    )

    @app.agent(topic, name="watch", concurrency=1)
    async def watch(stream: faust.StreamT[bytes]) -> None:
        events: AsyncIterator[Any] = stream.noack().events()  # type: ignore[attr-defined]
        async for event in events:
            await app.take(event)

    return app


def faust_settings(settings: WorkerSettings) -> dict[str, Any]:
    """Every setting of Faust's that matters here, said aloud."""
    chosen: dict[str, Any] = {
        "broker": [f"kafka://{server}" for server in settings.servers],
        "broker_credentials": _credentials(access()),
        "broker_commit_interval": settings.commit,
        "broker_commit_every": None,
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": settings.heartbeat,
        "broker_max_poll_interval": 300.0,
        "broker_request_timeout": 90.0,
        "consumer_auto_offset_reset": "earliest",
        "processing_guarantee": "at_least_once",
        "producer_acks": -1,
        "stream_wait_empty": False,
        "store": "memory://",
        "topic_replication_factor": settings.replication,
        "topic_disable_leader": True,
        "topic_allow_declare": True,
        "table_standby_replicas": 0,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "web_enabled": False,
        "web_bind": "127.0.0.1",
        "web_host": "127.0.0.1",
        "web_tables_enabled": False,
        "worker_redirect_stdouts": False,
        "cython_optimizations": False,
        "autodiscover": False,
        "reply_create_topic": False,
    }
    if settings.datadir is not None:
        chosen["datadir"] = str(settings.datadir)
    return chosen


def _credentials(known: Access) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """What Faust's own clients tell the broker; the same as all others do."""
    if known.named:
        return faust.SASLCredentials(
            username=known.username, password=known.password, mechanism=known.mechanism, ssl_context=known.trust()
        )
    return faust.SSLCredentials(known.trust()) if known.secured else None
