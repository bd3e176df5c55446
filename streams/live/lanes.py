"""The way of records through a worker: one lane for each partition number that it owns.

A lane takes whatever has been read for its partition number, lets the watch judge it, and then, in this order and each step
awaited: sends lapses, dead letters and how things stand, writes the state that changed (see ``cells``), says up to where the
input topics are done with. Dying between any two steps repeats work on the next start and changes no result: ids, keys and
contents of all that is sent depend on the log alone, and records that the state has seen are passed over.

While one batch is on its way the next gathers, so a batch is as large as it need be: under load the broker is paid once for
thousands of records, and when little comes nothing waits for more. Lanes do not wait for each other.

A fault in here is never passed over: the record would count as judged. It ends the worker (``failed``), and another start
begins where the state is.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from streams.lapses import Lapse
from streams.live.cells import Recovered, settled, written
from streams.live.chunks import Chunk
from streams.live.clock import Early, tick
from streams.live.outputs import Outputs
from streams.live.progress import Vitals
from streams.live.pulse import Pulse
from streams.live.settings import WorkerSettings
from streams.live.table import CellTable
from streams.partition import PartitionWatch
from streams.posture import Posture
from streams.sequence import Unread
from streams.topics import INPUTS

log = logging.getLogger(__name__)

ENOUGH = 20_000
"""Records that a lane lets wait in memory before it stops reading on."""
AT_ONCE = 20_000
"""Records of one batch, about."""
_KEEP_CLOCK = 5.0
"""Seconds after which the time is written though nothing else has changed."""
_LOOKS = 5
"""How often a gap in a topic must be found before it is believed that nothing stands there."""
_COUNT_LAPSES = 5.0
"""Seconds between two counts of the open lapses: that takes longer the more there are."""


class Reader(Protocol):
    """What a lane asks of whoever reads for it. Topics go by their live names."""

    def done(self, partition: int, positions: Mapping[str, int]) -> None:
        """Everything before these offsets need not be read again."""

    def again(self, partition: int, topic: str, offset: int) -> Awaitable[None]:
        """Read this topic once more from ``offset`` on."""

    def pause(self, partition: int, topics: frozenset[str]) -> None:
        """Read these topics no further for now, and all others of the partition number."""

    def behind(self, partition: int, read: Mapping[str, int]) -> dict[str, int]:
        """How many records lie behind these offsets, by topic, where that is known."""


class Lane:
    """One partition number on its way through the worker."""

    def __init__(
        self,
        watch: PartitionWatch,
        state: Recovered,
        amended: Sequence[Lapse] = (),
        *,
        settings: WorkerSettings,
        table: CellTable,
        outputs: Outputs,
        reader: Reader,
        vitals: Vitals,
        pulse: Pulse,
    ) -> None:
        self.partition = watch.partition
        self._watch = watch
        self._unsettled = state.unsettled
        self._amended = amended
        self._sequence = state.sequence
        self._settings = settings
        self._table = table
        self._outputs = outputs
        self._reader = reader
        self._vitals = vitals
        self._pulse = pulse
        self._early = Early(settings.tick) if settings.run is None else None
        self._waiting: list[tuple[str, Chunk]] = []
        self._count = 0
        self._read = dict(watch.positions)
        self._kept = dict(watch.positions)
        self._kept_at = time.monotonic()
        self._gaps: dict[str, tuple[int, int]] = {}
        self._since: float | None = None
        self._dated_later = False
        self._counted_at = float("-inf")
        self._paused: frozenset[str] = frozenset()
        self._wake = asyncio.Event()
        self._ending = self._keep_at_end = False

    async def put(self, topic: str, chunk: Chunk) -> None:
        """Take in a chunk of a topic, by its live name, to be judged when its turn comes.

        Nothing is left out: where records are missing before it, the topic is read again from there. So it is where the
        group's offsets are ahead of the state, which knows better, and with a chunk that was on its way when the topic was
        sought anew. A log may have gaps (what was deleted, the marks of transactions), so one that is found again and again
        is believed.
        """
        if self._ending or not chunk:
            return
        first, last = chunk[0][0], chunk[-1][0]
        if first > self._read[topic] and not self._believed(topic, first):
            await self._reader.again(self.partition, topic, self._read[topic])
            return
        self._gaps.pop(topic, None)
        self._waiting.append((topic, chunk))
        self._count += len(chunk)
        self._read[topic] = max(self._read[topic], last + 1)
        if self._since is None:
            self._since = time.monotonic()
        self._wake.set()
        self._hold_back()

    def _believed(self, topic: str, first: int) -> bool:
        """Whether nothing stands before this offset, for all that is known."""
        known, times = self._gaps.get(topic, (first, 0))
        times = times + 1 if known == first else 1
        self._gaps[topic] = first, times
        return times > _LOOKS

    def end(self, *, keep: bool) -> None:
        """Finish the batch that is under way, and begin no other.

        Args:
            keep: Write the time as well, so that the next owner reads less again.
        """
        self._ending, self._keep_at_end = True, keep
        self._wake.set()

    async def run(self) -> None:
        """Judge until the end."""
        if self._unsettled:
            await self._write(settled(self.partition, self._unsettled))
        if self._amended:
            await self._send(self._amended, ())
        while not self._ending:
            if not self._waiting:
                await self._wait()
                continue
            await self._batch()
        if self._keep_at_end:
            await self._keep(clock=True)

    async def _wait(self) -> None:
        """Wait for records, or for the moment at which an early tick is due or the time is to be kept."""
        self._wake.clear()
        early = None
        if self._early is not None and self._since is not None:
            early = self._early.due_at(self._since)
        keep = self._kept_at + _KEEP_CLOCK if self._watch.positions != self._kept else None
        due = min((moment for moment in (early, keep) if moment is not None), default=None)
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - time.monotonic())):
                await self._wake.wait()
        except TimeoutError:
            if due == early:
                await self._tick_early()
            else:
                await self._keep(clock=True)

    async def _tick_early(self) -> None:
        assert self._early is not None
        now = time.monotonic()
        catching_up = any(self._reader.behind(self.partition, self._read).values())
        moment = None if catching_up else self._early.time(now)
        if moment is None:
            # Another look later: the next tick may be among what is there to read.
            self._since = now
            return
        if not self._watch.waiting:
            self._dated_later = False
        record = tick(moment, self.partition)
        self._pulse.feel()
        for topic in INPUTS:
            await self._outputs.records(self._settings.topic(topic), self.partition, [(None, record)])

    async def _batch(self) -> None:
        lapses: list[Lapse] = []
        unread: list[Unread] = []
        postures: list[Posture] = []
        counts: Counter[str] = Counter()
        taken, before = 0, self._watch.now
        while self._waiting and taken < AT_ONCE:
            topic, chunk = self._waiting.pop(0)
            result = self._watch.take(topic, chunk)
            lapses += result.lapses
            unread += result.unread
            postures += result.postures
            counts += result.counts
            taken += len(chunk)
            self._count -= len(chunk)
            if self._waiting:
                # Others may go on in between: the broker's answers, the other lanes.
                await asyncio.sleep(0)
        if self._early is not None:
            self._early.passed(self._watch.now, time.monotonic())
            # Some of them may be dated a little after the tick: another early one is due for those.
            self._dated_later = self._dated_later or bool(counts)
            if not self._watch.waiting and not self._dated_later:
                self._since = None
            elif self._watch.now != before:
                self._since = time.monotonic()
        self._hold_back()
        await self._send(lapses, unread, postures)
        await self._keep(clock=time.monotonic() - self._kept_at > _KEEP_CLOCK)
        self._tell(counts, unread, len(lapses))

    async def _send(self, lapses: Sequence[Lapse], unread: Sequence[Unread], postures: Sequence[Posture] = ()) -> None:
        if lapses or unread or postures:
            self._pulse.feel()
            sent = await self._outputs.results(self.partition, lapses, unread)
            told = await self._outputs.postures(postures)
            await sent.arrived()
            await told.arrived()

    async def _keep(self, *, clock: bool) -> None:
        """Write what changed of the state, and only then say how far the topics are done with.

        Time alone is written now and then: what is read again after a start is never much.
        """
        positions = self._watch.positions
        changes = self._watch.changes(clock=clock and positions != self._kept)
        if not changes:
            # The state may have been ahead of the offsets from the start: what was read again since is done with, too.
            self._reader.done(self.partition, self._kept)
            return
        self._sequence += 1
        await self._write(written(self.partition, self._sequence, changes))
        self._kept, self._kept_at = dict(positions), time.monotonic()
        self._reader.done(self.partition, positions)

    async def _write(self, records: list[tuple[bytes, bytes | None]]) -> None:
        self._pulse.feel()
        await self._table.write(self._outputs, self.partition, records)

    def _hold_back(self) -> None:
        """Stop reading what this lane cannot take yet.

        That is everything where too much waits for its turn. Where too much waits for ticks, it is the topics that are
        ahead: those that have more held than another which has still records to read.
        """
        if self._count > ENOUGH:
            paused = frozenset(INPUTS)
        elif self._watch.held > ENOUGH:
            positions = self._watch.positions
            held = {topic: self._read[topic] - positions[topic] for topic in INPUTS}
            behind = self._reader.behind(self.partition, self._read)
            least = min((held[topic] for topic in INPUTS if behind.get(topic)), default=None)
            paused = frozenset(topic for topic in INPUTS if least is not None and held[topic] > max(least, ENOUGH // 3))
        else:
            paused = frozenset()
        if paused != self._paused:
            self._paused = paused
            self._reader.pause(self.partition, paused)

    def _tell(self, counts: Counter[str], unread: list[Unread], lapses: int) -> None:
        at = time.monotonic()
        open_lapses = None
        if at - self._counted_at > _COUNT_LAPSES:
            self._counted_at, open_lapses = at, self._watch.open_lapses()
        self._vitals.took(
            self.partition,
            counts=counts,
            unread=unread,
            lapses=lapses,
            now=self._watch.now,
            held=self._watch.held,
            behind=self._reader.behind(self.partition, self._read),
            open_lapses=open_lapses,
            positions=self._read,
            at=at,
        )


class Lanes:
    """All lanes of a worker."""

    def __init__(self, failed: Callable[[BaseException], Awaitable[None]]) -> None:
        self._failed = failed
        self._lanes: dict[int, Lane] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def __contains__(self, partition: int) -> bool:
        return partition in self._lanes

    @property
    def partitions(self) -> list[int]:
        """The partition numbers that have a lane."""
        return sorted(self._lanes)

    def open(self, lane: Lane) -> None:
        """Let a lane begin."""
        self._lanes[lane.partition] = lane
        self._tasks[lane.partition] = asyncio.create_task(self._guarded(lane), name=f"lane {lane.partition}")

    async def put(self, partition: int, topic: str, chunk: Chunk) -> None:
        """Hand a chunk to its lane; one of a partition number that is owned no more is read by its new owner."""
        lane = self._lanes.get(partition)
        if lane is not None:
            await lane.put(topic, chunk)

    async def close(self, patience: float, *, keep: bool) -> bool:
        """Let every lane finish its batch; whether all did within ``patience`` seconds.

        Args:
            patience: In seconds.
            keep: Let them write the time as well.
        """
        tasks = list(self._tasks.values())
        for lane in self._lanes.values():
            lane.end(keep=keep)
        self._lanes.clear()
        self._tasks.clear()
        if not tasks:
            return True
        _, late = await asyncio.wait(tasks, timeout=patience)
        for task in late:
            task.cancel()
        return not late

    async def _guarded(self, lane: Lane) -> None:
        try:
            await lane.run()
        except Exception as error:  # whatever it is, the records in hand must not count as judged
            log.critical("partition %d cannot go on: %s: %s", lane.partition, type(error).__name__, error, exc_info=error)
            await self._failed(error)
