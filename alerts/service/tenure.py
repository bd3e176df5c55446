"""One desk on Kafka, from the moment it owns its partition to the moment it must give it up.

The intake copies lapses and actions into the journal, and the reading takes the journal in. Each works by the batch, and says
that a record is done with only once what follows from it is durable. A third task sees that what the broker has comes in.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faust.types import Message

from alerts.audit import Head, chained, digest_of, read_record
from alerts.delivery.ports import Port
from alerts.journal import ActionEntry, AnyEntry, LapseEntry, decode_entry, encode_entry
from alerts.service.deskside import Side
from alerts.service.runner import Runner, guarded
from alerts.service.settings import DeskSettings
from alerts.station import Station
from streams.actions import Action
from streams.daytime import utc
from streams.lapses import decode_lapse
from streams.live.cells import Recovered, settled, written
from streams.live.chunks import Chunk
from streams.live.outputs import Outputs
from streams.live.pulse import Pulse
from streams.live.settings import WorkerSettings
from streams.live.table import CellTable
from streams.log.access import access
from streams.log.kafka import Bounds, TopicReader
from streams.topics import ACTIONS, DESK, LAPSES

POSITION = "position"
"""The cell with the offset of the last record of the journal that the state has."""
_AT_ONCE = 500
_ENOUGH = 200
_PATIENCE = 10.0
STALL = 30.0
"""Seconds in which nothing of what the broker has comes in, after which the desk ends, to be started again."""
_log = structlog.stdlib.get_logger(__name__)


class StalledError(Exception):
    """The broker has records that do not come in: a consumer can stop fetching and go on answering its group."""


class Portion(NamedTuple):
    """Consecutive records of one of the topics.

    Attributes:
        topic: Its live name.
        records: One at least, each with its offset.
        message: Faust's, which it came with.
    """

    topic: str
    records: Chunk
    message: Message


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

    def done(self, portion: Portion) -> None:
        """Records are done with, and may be committed."""

    async def again(self, topic: str, offset: int) -> None:
        """Read a topic anew from an offset on."""


class Tenure:
    """The desk while its partition is ours."""

    def __init__(self, owner: Owner, state: Recovered, ports: Mapping[str, Port]) -> None:
        """Take up the state.

        Args:
            owner: The app.
            state: The cells that were read back.
            ports: The ways out, by the ids of receivers.

        Raises:
            LayoutError: when another version wrote the state, in a layout of its own.
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
            self.station,
            settings.policy,
            ports,
            self,
            clock=utc,
            crash=owner.fault,
            awake=owner.pulse.feel,
            patience=settings.patience,
        )
        self.head = Head()
        self._sure_of_head = False
        self._acting = asyncio.Lock()
        self._intake: asyncio.Queue[Portion] = asyncio.Queue(_ENOUGH)
        self._journal: asyncio.Queue[Portion] = asyncio.Queue(_ENOUGH)
        self._next: dict[str, int] = {}
        """The offset that comes next in each of the topics that are copied."""
        self._come: dict[str, int] = {}
        """The offset after the last record of each topic that came in."""
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
        self._tasks = [
            asyncio.create_task(guarded(work, self._owner.fault)) for work in (self._take_in, self._read, self._look)
        ]
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

    async def put(self, portion: Portion) -> None:
        """Records that were read."""
        if not self._closed:
            self._come[portion.topic] = portion.records[-1][0] + 1
            await (self._journal if portion.topic == DESK else self._intake).put(portion)

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
            batch = [portion for portion in await _some(self._intake) if await self._follows(portion)]
            records = [(portion, record) for portion in batch for record in portion.records]
            entries = [entry for portion, record in records if (entry := self._entry(portion.topic, *record)) is not None]
            for start in range(0, len(entries), _AT_ONCE):
                await self.append(entries[start : start + _AT_ONCE])
            for portion in batch:
                self._owner.done(portion)

    async def _follows(self, portion: Portion) -> bool:
        """Whether nothing is missing before it; else it is read again from there."""
        first, last = portion.records[0][0], portion.records[-1][0]
        expected = self._next.get(portion.topic, first)
        if first > expected:
            _log.warning("records are read again", topic=portion.topic, since=expected)
            await self._owner.again(portion.topic, expected)
            return False
        self._next[portion.topic] = max(expected, last + 1)
        return True

    def _entry(self, topic: str, offset: int, value: bytes | None) -> AnyEntry | None:
        try:
            if topic == LAPSES:
                lapse = decode_lapse(value or b"")
                return None if self.station.knows(lapse) else LapseEntry(at=utc(), lapse=lapse)
            return ActionEntry(at=utc(), action=read_record(value or b"").action)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            # Nobody but workers and desks writes there: whatever it is, the log keeps it, and it must be looked at.
            _log.error("a record that is none", topic=topic, offset=offset, why=str(error))
            return None

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(None if self.runner.live else _PATIENCE):
                    batch = await _some(self._journal)
            except TimeoutError:
                # The group has committed what the state does not have: it was lost.
                _log.warning("the journal is read again", since=self._position + 1)
                await self._owner.again(DESK, self._position + 1)
                continue
            new = [record for portion in batch for record in portion.records if record[0] > self._position]
            if new and new[0][0] > self._position + 1:
                # It was dropped in a rebalance, or the state is older than what the group has committed.
                _log.warning("the journal is read again", since=self._position + 1)
                await self._owner.again(DESK, self._position + 1)
                continue
            if new:
                self.runner.took([entry for record in new if (entry := _decoded(*record)) is not None])
                self._position = new[-1][0]
                await self._keep()
            for portion in batch:
                self._owner.done(portion)
            if not self.runner.live and self._position + 1 >= self._end:
                self._go_live()

    async def _look(self) -> None:
        """See that what the broker has comes in."""
        topics = {name: TopicPartition(self._owner.worker.topic(name), 0) for name in (LAPSES, ACTIONS, DESK)}
        consumer = AIOKafkaConsumer(bootstrap_servers=self._owner.worker.servers, **access().settings())
        try:
            await consumer.start()
            # What stood there at the start may be done with already; what comes later must come in.
            known: dict[str, int] = {}
            while True:
                came = dict(self._come)
                with suppress(KafkaError):
                    ends = await consumer.end_offsets(list(topics.values()))
                    for name, place in topics.items():
                        known.setdefault(name, ends[place])
                        self._come.setdefault(name, known[name])
                        known[name] = ends[place]
                await asyncio.sleep(STALL)
                for name, end in known.items():
                    if end > self._come[name] and self._come[name] == came.get(name, self._come[name]):
                        raise StalledError(f"{name} has records up to {end}, and none came in for {STALL:g} s")
        finally:
            await consumer.stop()

    def _go_live(self) -> None:
        _log.info("the desk is live", pages=len(self.station.desk.pages()), pending=len(self.station.pending))
        self.runner.go_live()

    async def _keep(self) -> None:
        self._sequence += 1
        changes: dict[str, bytes | None] = {**self.station.changes(), POSITION: str(self._position).encode()}
        await self._write(written(0, self._sequence, changes))

    async def _write(self, records: list[tuple[bytes, bytes | None]]) -> None:
        self._owner.pulse.feel()
        await self._owner.table.write(self._owner.outputs, 0, records)


async def _some(queue: "asyncio.Queue[Portion]") -> list[Portion]:
    """What is there, and one portion at least."""
    found = [await queue.get()]
    while sum(len(portion.records) for portion in found) < _AT_ONCE and not queue.empty():
        found.append(queue.get_nowait())
    return found


def _decoded(offset: int, value: bytes | None) -> AnyEntry | None:
    try:
        entry: AnyEntry = decode_entry(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.error("a record of the journal that is none", offset=offset, why=str(error))
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
