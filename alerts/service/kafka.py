"""The desk on Kafka: a Faust app that reads lapses, actions and the desk's journal, each of one partition.

Lapses and actions are copied into the journal, topic ``desk``; the desk reads the journal. What it knows stands in a table
with a changelog, written after each batch of the journal, and only then is the batch acknowledged. So after a crash the
journal is read on from where the table is, whatever was done twice is the same, and nothing is delivered before the journal
is read to the end that it had at the start. Whoever owns the partition is the desk; another process waits to take over.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import faust
from aiokafka.errors import IllegalStateError
from faust.types import TP
from yarl import URL

from alerts.audit import Head
from alerts.people import Doorkeeper
from alerts.service.deskside import Side
from alerts.service.settings import DeskSettings
from alerts.service.tenure import Portion, Tenure
from streams.actions import Action
from streams.live import chunks
from streams.live.chunks import ChunkConsumer, ChunkTransport
from streams.live.farewell import Farewell
from streams.live.outputs import Outputs
from streams.live.pulse import Pulse
from streams.live.settings import WorkerSettings
from streams.live.table import CellTable
from streams.live.topics import declared
from streams.live.worker import faust_settings
from streams.topics import ACTIONS, DESK, LAPSES

log = logging.getLogger(__name__)

_QUEUE = 500
_READ = (LAPSES, ACTIONS, DESK)


class DeskWorkerSettings(WorkerSettings, frozen=True, kw_only=True):
    """How the desk's Faust app runs: as a worker does, in a group of its own."""

    @property
    def app_id(self) -> str:
        """The app's name: each run has its own group, its own state."""
        return "steadyline-desk" if self.run is None else f"steadyline-desk-run-{self.run}"


class DeskApp(faust.App):
    """Faust's app with what the desk adds to it."""

    def __init__(
        self,
        settings: DeskSettings,
        worker: DeskWorkerSettings,
        *,
        listening: Callable[[str], object] = lambda _: None,
        logs: dict[str, Any] | None = None,
    ) -> None:
        """Prepare; nothing is connected yet.

        Raises:
            PeopleError: when the file of people cannot be used.
            ReceiverError: when a receiver cannot be.
            ValueError: when it is told to listen nowhere.
        """
        self.settings = settings
        self.worker = worker
        self.pulse = Pulse(worker.session_timeout - worker.heartbeat)
        self.outputs = Outputs(worker, self.pulse.feel)
        self.side = Side(self._act, self._head)
        doors = Doorkeeper(settings.people)
        self.server = settings.server(self.side, doors)
        # Whatever cannot be used is found before anything runs.
        self._ports = settings.ports()
        self._listening = listening
        self._tenure: Tenure | None = None
        self._farewell = Farewell()
        super().__init__(worker.app_id, **faust_settings(worker), logging_config=logs)
        self.conf.topic_partitions = 1
        # Faust's own consumer can lose its place where the group shares out anew; the one of the chunks does not.
        reason = chunks.fits()
        self.by_chunks = reason is None
        if self.by_chunks:
            self.transport = ChunkTransport([URL(f"kafka://{server}") for server in worker.servers], self)
        else:
            log.warning("records are taken one by one: %s", reason)
        self.names = {worker.topic(name): name for name in _READ}
        self.table: CellTable = self.tables.add(  # type: ignore[assignment]
            CellTable(
                self,
                name="state",
                key_type=bytes,
                value_type=bytes,
                partitions=1,
                beacon=self.tables.beacon,
                declared=self._declared,
                on_recover=self._recovered,
                extra_topic_configs={"max.message.bytes": str(4_194_304)},
                help="What the desk knows, in cells.",
            )
        )
        self.on_partitions_revoked.connect(self._revoked, weak=False)

    async def on_start(self) -> None:
        """Connect, and serve the API, before anything is read."""
        await self.outputs.start()
        await self.server.start()
        self._listening(self.server.url)
        await super().on_start()

    async def on_stop(self) -> None:
        """Let what is under way end, let Faust commit, and leave; the broker may be away for good, so not for ever."""
        self._farewell.begin()
        await self._close()
        await super().on_stop()
        await self.outputs.stop()
        await self.server.stop()
        self.pulse.end()

    async def on_shutdown(self) -> None:
        """All has ended in good order."""
        await super().on_shutdown()
        self._farewell.over()

    async def take(self, event: faust.EventT[Any]) -> None:
        """Hand what was read to the desk; while it is none, whoever is will read it."""
        message = event.message
        records = chunks.of(message) if self.by_chunks else [(message.offset, message.value)]
        if self._tenure is not None and records:
            await self._tenure.put(Portion(self.names[message.topic], records, message))

    def fault(self, error: BaseException) -> None:
        """The desk cannot go on: end, and be started again."""
        self.side.fault = error
        self.loop.create_task(self.crash(error))

    def done(self, portion: Portion) -> None:
        """Records are done with, and may be committed."""
        consumer = self.consumer
        if isinstance(consumer, ChunkConsumer):
            consumer.done(TP(self.worker.topic(portion.topic), 0), portion.records[-1][0] + 1)
        else:
            portion.message.ack(consumer)

    async def again(self, topic: str, offset: int) -> None:
        """Read a topic anew from an offset on."""
        # In a rebalance it may belong to nobody; whoever owns it next reads on from where the group is.
        with suppress(IllegalStateError):
            await self.consumer.seek(TP(self.worker.topic(topic), 0), offset)

    async def _declared(self) -> None:
        await declared(self.worker, self.table.changelog_topic.get_topic_name(), 1)

    async def _recovered(self) -> None:
        """Begin, where the partition is ours, from the state that was read back."""
        try:
            await self._close()
            self.pulse.reset()
            if TP(self.worker.topic(DESK), 0) not in self.consumer.assignment():
                log.info("another desk is at work; this one waits")
                return
            self._tenure = Tenure(self, (await self.table.states([0]))[0], self._ports or self.settings.ports())
            self._ports = {}
            await self._tenure.start()
        except Exception as error:  # Faust would pass over it and read on without a desk
            log.critical("the state cannot be taken up: %s: %s", type(error).__name__, error, exc_info=error)
            self.fault(error)

    async def _revoked(self, *_: object, **__: object) -> None:
        await self._close()

    async def _close(self) -> None:
        tenure, self._tenure = self._tenure, None
        self.side.runner = None
        if tenure is not None:
            await tenure.close()

    async def _act(self, action: Action) -> Head:
        if self._tenure is None:
            raise OSError("the desk does not run here now")
        return await self._tenure.act(action)

    def _head(self) -> Head:
        return Head() if self._tenure is None else self._tenure.head


def create_app(
    settings: DeskSettings,
    worker: DeskWorkerSettings,
    *,
    listening: Callable[[str], object] = lambda _: None,
    logs: dict[str, Any] | None = None,
) -> DeskApp:
    """The desk's app.

    Args:
        settings: How the desk runs.
        worker: How Faust does.
        listening: Is told where the API is, once it listens.
        logs: How to log, for ``logging.config.dictConfig``.

    Raises:
        PeopleError: when the file of people cannot be used.
        ReceiverError: when a receiver cannot be.
        ValueError: when it is told to listen nowhere.
    """
    app = DeskApp(settings, worker, listening=listening, logs=logs)
    topic = app.topic(
        *app.names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", maxsize=_QUEUE
    )

    @app.agent(topic, name="desk", concurrency=1)
    async def desk(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.noack().events():  # type: ignore[attr-defined]
            await app.take(event)

    return app
