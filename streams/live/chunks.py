"""Records by the chunk: all of Steadyline that leans on how Faust is made inside, and not on what it promises.

Faust hands its agents one event for each record, and what that costs (two tasks, an event, an acknowledgement) is twenty times
what judging it costs. The consumer here hands over one event for each chunk that was fetched of a partition; its value is the
list of the records. It keeps no account of single acknowledgements either: whoever took the records says up to which offset
they are done with. Records of a changelog go one by one as before, for Faust reads those itself.

What is leant on is named in ``LEANT_ON`` and ``LEANT_ON_THREAD``, and looked for at the start, with the version; the same lists
are held against Faust's source by a test. Where it does not fit, the worker takes the records one by one, with the same result
(``fits``).
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib.metadata import version
from typing import Any

from aiokafka import AIOKafkaConsumer
from faust.transport.consumer import Consumer as FaustConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.tuples import Message

from streams.live.pairs import pair

log = logging.getLogger(__name__)

Chunk = list[tuple[int, bytes | None]]
"""Records of one partition, each with its offset, in order."""

OLDEST, TOO_NEW = (0, 15, 3), (0, 16)
"""The versions of Faust for which this was written."""
FETCH_WAIT_MS = 50
"""How long a broker may hold a fetch back where there is nothing new, milliseconds.

Partitions that were handed over in the meantime wait for it, and a second and a half (Faust's choice) would be long.
"""
_HELD_BACK = 0.01

LEANT_ON: dict[str, tuple[str, ...]] = {
    "getmany": ("self", "timeout"),
    "perform_seek": ("self",),
    "seek": ("self", "partition", "offset"),
    "_seek": ("self", "partition", "offset"),
    "ack": ("self", "message"),
    "_add_gap": ("self", "tp", "offset_from", "offset_to"),
    "_new_offset": ("self", "tp"),
    "_should_commit": ("self", "tp", "offset"),
    "_commit": ("self", "offsets"),
    "maybe_wait_for_commit_to_finish": ("self",),
    "commit_and_end_transactions": ("self",),
    "_filter_tps_with_pending_acks": ("self", "topics"),
    "_wait_next_records": ("self", "timeout"),
    "_get_active_partitions": ("self",),
    "_to_message": ("self", "tp", "record"),
    "_is_changelog_tp": ("self", "tp"),
    "_drain_messages": ("self", "fetcher"),
    "_new_consumer_thread": ("self",),
}
"""Methods of Faust's consumer that are overridden or called here, with their arguments."""
LEANT_ON_THREAD: dict[str, tuple[str, ...]] = {
    "_create_worker_consumer": ("self", "transport"),
    "_fetch_records": ("self", "consumer", "active_partitions", "timeout", "max_records"),
    "_seek_wait": ("self", "consumer", "partitions"),
    "seek": ("self", "partition", "offset"),
    "call_thread": ("self", "fun", "args", "kwargs"),
}
"""And those of the thread in which it talks to the broker."""


def fits() -> str | None:
    """Why Faust's inside is not the one that this module knows; ``None`` where it is."""
    found = version("faust-streaming")
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    if not OLDEST <= numbers < TOO_NEW:
        return f"expected faust-streaming from {_dotted(OLDEST)} on and before {_dotted(TOO_NEW)}, got {found}"
    owners: list[tuple[type, dict[str, tuple[str, ...]]]] = [
        (driver.Consumer, LEANT_ON),
        (driver.AIOKafkaConsumerThread, LEANT_ON_THREAD),
    ]
    for owner, name, arguments in ((owner, *each) for owner, methods in owners for each in methods.items()):
        method = getattr(owner, name, None)
        if method is None:
            return f"Faust's consumer has no {name} any more"
        known = tuple(inspect.signature(method).parameters)
        if known != arguments:
            return f"expected Faust's {name}({', '.join(arguments)}), got {name}({', '.join(known)})"
    return None


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def of(message: Message) -> Chunk:
    """The records of a message that ``ChunkConsumer`` handed over."""
    value: Any = message.value
    assert type(value) is list, f"expected a chunk, got {type(value).__name__}"
    return value


class _Thread(driver.AIOKafkaConsumerThread):
    """Faust's thread that talks to the broker; whoever waits for records in it takes none that others have sought since.

    Faust hands over the set of partitions itself, not a copy. A wait for records from before a rebalance sees it run empty,
    and takes that for all partitions: it would get the state's first records, drop them, for nothing may be handed on yet,
    and the reading back of the state would wait for them for ever.

    So would it get records of a partition that stays here, once the group has shared out anew, and drop them too. Where no
    offset is committed yet Faust seeks nothing after the rebalance, and they would be missed until a later one shows the gap.
    A wait therefore ends with the assignment in which it began.
    """

    _fetching: asyncio.Task[Any] | None = None

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's argument
        max_records: int | None = None,
    ) -> Any:  # noqa: ANN401 - records by partition, of a library without types
        partitions = set(active_partitions)
        subscription = consumer._subscription.subscription  # noqa: SLF001 - aiokafka tells of an end by a callback only
        assignment = None if subscription is None else subscription.assignment
        if not partitions or assignment is None:
            return {}
        pair(consumer, lambda tp: not self.consumer._is_changelog_tp(tp))  # noqa: SLF001 - it is ours
        fetching = self._fetching = asyncio.create_task(super()._fetch_records(consumer, partitions, timeout, max_records))
        try:
            await asyncio.wait([fetching, assignment.unassign_future], return_when=asyncio.FIRST_COMPLETED)
        finally:
            fetching.cancel()
        if assignment.unassign_future.done() or not fetching.done() or fetching.cancelled():
            return {}
        return fetching.result()

    async def _seek_wait(self, consumer: AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        fetching = self._fetching
        if fetching is not None and not fetching.done():
            fetching.cancel()
            await asyncio.wait([fetching])
        await super()._seek_wait(consumer, partitions)

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - Faust has no setting for it
        return consumer


class _Forgetful(dict[TP, int | None]):
    """Faust's account of how far each partition was read, for which there is no use.

    What is not later than its last entry Faust drops. But the entry is made a little after the record was handed on, and where
    the partition was sought anew meanwhile, it is what was sought that is dropped. Lanes see for themselves what they have.
    """

    def __missing__(self, _: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        pass

    def update(self, *_: object, **__: object) -> None:
        """Forget it."""


class ChunkConsumer(driver.Consumer):
    """Faust's consumer, handing over chunks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as Faust calls it
        super().__init__(*args, **kwargs)
        self._begins: dict[TP, int] = {}
        """From where on each partition is to be read after a rebalance."""
        self._done: dict[TP, int] = {}
        self._told: dict[TP, tuple[int, int]] = {}
        """What the broker has of that: in which generation of the group it was told, and which offset."""
        self._read_offset = _Forgetful()

    def begins(self, tp: TP, offset: int) -> None:
        """Read a partition from here on once all is shared out: so far the state has it, and the group may be told so."""
        self._begins[tp] = offset
        if offset:
            self.done(tp, offset)

    def done(self, tp: TP, offset: int) -> None:
        """Everything before ``offset`` is done with, and may be committed."""
        self._done[tp] = offset

    async def perform_seek(self) -> None:
        """Seek to where the state is, and not to what the group has committed.

        That may be behind, or ahead. Where nothing is committed Faust seeks nothing, and what it fetched and dropped while all
        was being shared out would be missed until a later record shows the gap.
        """
        await super().perform_seek()
        for tp, offset in self._begins.items():
            if (self._committed_offset.get(tp) or 0) > offset:
                log.info("partition %d: the state has %s up to %d only, which is read again", tp.partition, tp.topic, offset)
            await self.seek(tp, offset)

    async def _seek(self, partition: TP, offset: int) -> None:
        """Seek in the thread that fetches: Faust does so from its own, and a fetch misses what it is about to hand over."""

        async def there() -> None:
            self._thread.seek(partition, offset)

        await self._thread.call_thread(there)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - Faust's argument
        """Fetch what is there: one message a chunk, and the changelogs' records one by one."""
        if self.flow_active and not self._get_active_partitions():
            # All are held back; Faust would sleep for a second.
            await asyncio.sleep(_HELD_BACK)
            return
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop or not self.flow_active:
            # A rebalance has begun: these were read before it, and are read again after it. There is nothing to seek in now.
            return
        for tp, found in records.items():
            if self._superseded(generation):
                # They are read again after the rebalance.
                return
            if not self._is_changelog_tp(tp):
                yield tp, self._chunk(tp, found)
            elif active is not None and tp in active:
                for record in found:
                    yield tp, self._to_message(tp, record)

    def _superseded(self, generation: int) -> bool:
        """Whether a rebalance has begun since."""
        return not self.flow_active or self.app.consumer_generation_id != generation

    def _chunk(self, tp: TP, found: list[Any]) -> ConsumerMessage:
        chunk: Any = found if type(found[-1]) is tuple else [(record.offset, record.value) for record in found]
        last, _ = chunk[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last,
            # Of a time that is none of the chunk's, and whatever else a single record has, nothing is asked.
            timestamp=None,  # type: ignore[arg-type]
            timestamp_type=0,
            headers=None,
            key=None,
            value=chunk,
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def ack(self, message: Message) -> bool:
        """Keep no account of single messages."""
        message.acked = True
        self._unacked_messages.discard(message)
        return False

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets that are missing need no account either."""

    def _new_offset(self, tp: TP) -> int | None:
        return self._done.get(tp)

    def _should_commit(self, tp: TP, offset: int) -> bool:
        """Whether the broker must be told of an offset; Faust's own account of that counts what never arrived, too.

        A commit that a rebalance cuts short is refused, or sent without the partitions that are nobody's for the moment.
        Faust takes it for done either way, and never tells again, for the partition may stay here and nothing more may come.
        """
        return self._told.get(tp) != (self.app.consumer_generation_id, offset)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        generation = self.app.consumer_generation_id
        committed = await super()._commit(offsets)
        if committed:
            self._told.update((tp, (generation, offset)) for tp, offset in offsets.items())
        return committed

    async def commit_and_end_transactions(self) -> None:
        """Commit at the end all that is done with by now: a commit that is under way knows of less, and would do for Faust."""
        await self.maybe_wait_for_commit_to_finish()
        await super().commit_and_end_transactions()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:  # noqa: ANN401 - as Faust calls it
        return (tp for tp in list(self._done) if topics is None or tp in topics or tp.topic in topics)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget how far partitions were done with that are owned no more; after whoever took them has finished."""
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._begins.pop(tp, None)
            self._done.pop(tp, None)

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


class ChunkTransport(driver.Transport):
    """Faust's transport with that consumer."""

    Consumer = ChunkConsumer


assert issubclass(driver.Consumer, FaustConsumer)
