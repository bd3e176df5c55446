"""One desk on Kafka, from the moment it owns its partition to the moment it must give it up.

Two tasks: the intake copies lapses and actions into the journal, and the reading takes the journal in. Each works by the
batch, and acknowledges a record only once what follows from it is durable.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog
from faust.types import Message

from alerts.audit import Head, chained, digest_of, read_record
from alerts.delivery.ports import Port
from alerts.journal import ActionEntry, AnyEntry, LapseEntry, decode_entry, encode_entry
from alerts.service.deskside import Side
from alerts.service.runner import Runner, guarded
from alerts.service.settings import DeskSettings, utc
from alerts.station import Station
from streams.actions import Action
from streams.lapses import decode_lapse
from streams.live.cells import Recovered, settled, written
from streams.live.outputs import Outputs
from streams.live.pulse import Pulse
from streams.live.settings import WorkerSettings
from streams.live.table import CellTable
from streams.log.kafka import Bounds, TopicReader
from streams.topics import ACTIONS, DESK, LAPSES

POSITION = "position"
"""The cell with the offset of the last record of the journal that the state has."""
_AT_ONCE = 500
_ENOUGH = 2_000
_log = structlog.stdlib.get_logger(__name__)


class Owner(Protocol):
    """What a tenure asks of the app that it belongs to."""

    settings: DeskSettings
    outputs: Outputs
    pulse: Pulse
    side: Side
    table: CellTable

    @property
    def worker(self) -> WorkerSettings:
        """How Faust runs."""

    def fault(self, error: BaseException) -> None:
        """The desk cannot go on."""

    def done(self, message: Message) -> None:
        """A record is done with."""

    async def again(self, offset: int) -> None:
        """Read the journal anew from an offset on."""


class Tenure:
    """The desk while its partition is ours."""

    def __init__(self, owner: Owner, state: Recovered, ports: Mapping[str, Port]) -> None:
        """Take up the state.

        Args:
            owner: The app.
            state: The cells that were read back.
            ports: The ways out, by the ids of receivers.
        """
        self._owner = owner
        settings = owner.settings
        cells = dict(state.cells)
        self._position = int(cells.pop(POSITION, b"-1"))
        self._sequence = state.sequence
        self._unsettled = state.unsettled
        self.station = Station(settings.policy, run=settings.run)
        self.station.recall(cells)
        self.runner = Runner(
            self.station, settings.policy, ports, self, clock=utc, crash=owner.fault, patience=settings.patience
        )
        self.head = Head()
        self._sure_of_head = False
        self._acting = asyncio.Lock()
        self._intake: asyncio.Queue[tuple[str, Message]] = asyncio.Queue(_ENOUGH)
        self._journal: asyncio.Queue[Message] = asyncio.Queue(_ENOUGH)
        self._end = 0
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin: what the journal holds now is read before anything is delivered.

        Raises:
            KafkaLogError: when the broker does not answer.
        """
        await self._look_at_head()
        self._end = (await asyncio.to_thread(_bounds, self._owner.worker, DESK)).end
        if self._unsettled:
            await self._write(settled(0, self._unsettled))
        self._owner.side.runner = self.runner
        self._tasks = [asyncio.create_task(guarded(work, self._owner.fault)) for work in (self._take_in, self._read)]
        _log.info("the desk is ours", journal=self._end, read=self._position + 1)
        if self._position + 1 >= self._end:
            self._go_live()

    async def close(self) -> None:
        """Give it up. What is not acknowledged is read by whoever has it next."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Whoever waits to put something more must not wait for ever.
        for queue in (self._intake, self._journal):
            while not queue.empty():
                queue.get_nowait()
        await self.runner.close()

    async def put(self, topic: str, message: Message) -> None:
        """A record of one of the topics, by its live name."""
        if self._closed:
            return
        if topic == DESK:
            await self._journal.put(message)
        else:
            await self._intake.put((topic, message))

    async def append(self, entries: Sequence[AnyEntry]) -> None:
        """Append to the journal; see ``Journal``."""
        self._owner.pulse.feel()
        topic = self._owner.worker.topic(DESK)
        sent = await self._owner.outputs.records(topic, 0, [(None, encode_entry(entry)) for entry in entries])
        await sent.arrived()

    async def act(self, action: Action) -> Head:
        """Put an action on the trail, behind the record that is last now.

        Raises:
            OSError: when the broker does not take it; it may be there or not.
        """
        async with self._acting:
            if not self._sure_of_head:
                await self._look_at_head()
            data, head = chained(self.head, action)
            self._sure_of_head = False
            try:
                self._owner.pulse.feel()
                topic = self._owner.worker.topic(ACTIONS)
                await (await self._owner.outputs.records(topic, 0, [(None, data)])).arrived()
            except Exception as error:
                raise OSError(f"{type(error).__name__}: {error}") from error
            self.head, self._sure_of_head = head, True
            return head

    async def _look_at_head(self) -> None:
        data = await asyncio.to_thread(_last, self._owner.worker)
        self.head = Head() if data is None else Head(read_record(data).number, digest_of(data))
        self._sure_of_head = True

    async def _take_in(self) -> None:
        while True:
            batch = await _some(self._intake)
            entries = [entry for topic, message in batch if (entry := self._entry(topic, message)) is not None]
            if entries:
                await self.append(entries)
            for _, message in batch:
                self._owner.done(message)

    def _entry(self, topic: str, message: Message) -> AnyEntry | None:
        try:
            if topic == LAPSES:
                lapse = decode_lapse(message.value or b"")
                return None if self.station.knows(lapse) else LapseEntry(at=utc(), lapse=lapse)
            return ActionEntry(at=utc(), action=read_record(message.value or b"").action)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            # Nobody but workers and desks writes there: whatever it is, the log keeps it, and it must be looked at.
            _log.error("a record that is none", topic=message.topic, offset=message.offset, why=str(error))
            return None

    async def _read(self) -> None:
        while True:
            batch = await _some(self._journal)
            new = [message for message in batch if message.offset > self._position]
            if new and new[0].offset > self._position + 1 and self._position + 1 < self._end and not self.runner.live:
                _log.warning("the journal is read again", since=self._position + 1)
                self._drain()
                await self._owner.again(self._position + 1)
                continue
            if new:
                self.runner.took([entry for message in new if (entry := _decoded(message)) is not None])
                self._position = new[-1].offset
                await self._keep()
            for message in batch:
                self._owner.done(message)
            if not self.runner.live and self._position + 1 >= self._end:
                self._go_live()

    def _drain(self) -> None:
        while not self._journal.empty():
            self._journal.get_nowait()

    def _go_live(self) -> None:
        _log.info("the desk is live", pages=len(self.station.desk.pages()), pending=len(self.station.pending))
        self.runner.go_live()

    async def _keep(self) -> None:
        self._sequence += 1
        changes: dict[str, bytes | None] = {**self.station.changes(), POSITION: str(self._position).encode()}
        await self._write(written(0, self._sequence, changes))

    async def _write(self, records: list[tuple[bytes, bytes | None]]) -> None:
        self._owner.pulse.feel()
        topic = self._owner.table.changelog_topic.get_topic_name()
        sent = await self._owner.outputs.records(topic, 0, records)
        self._owner.table.cells.wrote(0, records, await sent.arrived())


async def _some(queue: "asyncio.Queue[Any]") -> list[Any]:
    """What is there, and one at least."""
    found = [await queue.get()]
    while len(found) < _AT_ONCE and not queue.empty():
        found.append(queue.get_nowait())
    return found


def _decoded(message: Message) -> AnyEntry | None:
    try:
        entry: AnyEntry = decode_entry(message.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.error("a record of the journal that is none", offset=message.offset, why=str(error))
        return None
    return entry


def _bounds(worker: WorkerSettings, name: str) -> Bounds:
    with TopicReader(worker.bootstrap, worker.topic(name)) as reader:
        return reader.bounds().get(0, Bounds(0, 0))


def _last(worker: WorkerSettings) -> bytes | None:
    """The last record of the trail."""
    with TopicReader(worker.bootstrap, worker.topic(ACTIONS)) as reader:
        bounds = reader.bounds().get(0, Bounds(0, 0))
        if bounds.end <= bounds.first:
            return None
        records = [record for batch in reader.read(0, Bounds(bounds.end - 1, bounds.end)) for record in batch.records]
        return records[-1].value if records else None
