"""The watch of one partition number: records of the log in; lapses, dead letters and what to remember out. Pure.

Whoever drives it, a Faust worker or a check of the log afterwards, gets the same lapses for the same log.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from streams.agreements.model import Agreement
from streams.events import AnyEvent, ChannelCheck
from streams.events.decode import Refused
from streams.events.routine import RoutineCheck
from streams.floor import Floor, Kept
from streams.lapses import Lapse
from streams.layouts import LAYOUT_CELL, refuse_other
from streams.posture import Posture
from streams.remit import Remit
from streams.routes import Homes, partition_of
from streams.rulebook import RuleBook
from streams.sequence import Memory, Sequencer, Unread
from streams.watch import Watch

LAYOUT = 1
"""The layout of the state: one more whenever one version cannot read, or would misread, what the version before wrote."""
_SEPARATOR = "\x1f"
_SEQUENCE, _FLOOR = "sequence", "floor"
_MINUTE = timedelta(minutes=1)


class Taken(msgspec.Struct):
    """What came of some records.

    Attributes:
        lapses: Revisions, in the order in which they came about.
        unread: Records for the dead letters, with the reason.
        postures: How things stood at the whole minutes that passed.
        counts: Events taken in, by type.
    """

    lapses: list[Lapse]
    unread: list[Unread]
    postures: list[Posture]
    counts: Counter[str]


class PartitionWatch:
    """Judges what has its home in one partition number."""

    def __init__(self, agreements: Sequence[Agreement], partition: int, partitions: int, *, run: str | None = None) -> None:
        """Start with no evidence and no time.

        Args:
            agreements: The agreements to judge by.
            partition: The number of the partition.
            partitions: How many there are.
            run: The replay or drill that the lapses belong to.
        """
        self.partition = partition
        homes = Homes.of(RuleBook(agreements))
        remit = Remit(homes, lambda home: partition_of(home.encode(), partitions) == partition)
        self._watch = Watch(agreements, run=run, remit=remit)
        self._sequencer = Sequencer()
        self._run = run
        self._floor = Floor(self._watch)
        self._watch.observer = self._floor.judged
        self._minute: datetime | None = None
        """The last whole minute that passed."""
        self._kept = b""
        self._laid = False
        """Whether the state says which layout it has."""

    @property
    def now(self) -> datetime | None:
        """The time of the last tick that was passed in all three topics, UTC."""
        return self._watch.now

    @property
    def positions(self) -> dict[str, int]:
        """By topic, the offset up to which everything was taken in; with what ``changes`` gave, it need not be read again."""
        return self._sequencer.positions

    @property
    def waiting(self) -> bool:
        """Whether anything waits for the next tick: an event, or a heartbeat on which the word of a silence may hang."""
        return self._sequencer.held > 0

    @property
    def held(self) -> int:
        """How many records wait for the next tick."""
        return self._sequencer.held

    def open_lapses(self) -> int:
        """How many lapses are open or unknown."""
        return self._watch.open_lapses()

    def take(self, topic: str, records: Sequence[tuple[int, bytes | None]]) -> Taken:
        """Take in records of one input topic, by its live name, each with its offset, in order.

        What was taken in before is passed over, so records may come twice.
        """
        self._sequencer.put(topic, records)
        taken = Taken([], [], [], Counter())
        watch, counts = self._watch, defaultdict[type[AnyEvent], int](int)
        absorb, attend, receive, lapses = watch.absorb, watch.attend, watch.receive, taken.lapses
        routine = 0
        for epoch in self._sequencer.epochs():
            now = watch.now
            for item in epoch.items:
                if type(item) is Unread:
                    taken.unread.append(item)
                    continue
                event = item.read  # type: ignore[union-attr]  # it is an event then
                if isinstance(event, RoutineCheck):
                    if attend(event):
                        routine += 1
                        continue
                    event = event.whole
                if now is None or event.time > now or not absorb(event, now):
                    try:
                        lapses += receive(event)
                    except Refused as refused:
                        taken.unread.append(Unread(item.topic, item.offset, item.record, str(refused)))
                        continue
                counts[type(event)] += 1
            if self._minute is None or epoch.now - self._minute >= _MINUTE:
                self._pass(epoch.now, taken)
            lapses += watch.advance(epoch.now)
        if routine:
            counts[ChannelCheck] += routine
        for kind, count in counts.items():
            taken.counts[str(kind.__struct_config__.tag)] = count
        return taken

    def _pass(self, now: datetime, taken: Taken) -> None:
        """Let the whole minutes until ``now`` pass; the last of them is told, and before it each that changed something."""
        watch, floor = self._watch, self._floor
        last = _minute(now)
        if self._minute is None:
            taken.lapses += watch.advance(now)
            minute = last
        else:
            # What came since the last minute shows at the next, and what comes by time alone when it comes.
            minute = self._minute + _MINUTE if floor.restless else self._turn(last)
        while True:
            taken.lapses += watch.advance(minute)
            posture = floor.posture(self.partition, minute, self._run, always=minute == last)
            if posture is not None:
                taken.postures.append(posture)
            if minute == last:
                break
            minute = self._turn(last)
        self._minute = last

    def _turn(self, last: datetime) -> datetime:
        """The first whole minute at which something can have changed by time alone, ``last`` at the latest."""
        moment = self._watch.next_wake()
        turns = self._floor.turns
        if turns is not None and turns < moment:
            moment = turns
        if moment >= last:
            return last
        minute = _minute(moment)
        return minute if minute == moment else minute + _MINUTE

    def changes(self, *, clock: bool = False) -> dict[str, bytes | None]:
        """The cells of the state that changed since the last call, by name; ``None`` for one that is gone.

        All of them together are a state of the watch, that of ``positions``; a part of them is none. Time alone is no change,
        unless ``clock`` asks for it: nothing is written while nothing happens, and then the records since the last state that
        was written must be read again.
        """
        changes = {_SEPARATOR.join(name): cell for name, cell in self._watch.changes(clock=clock).items()}
        if changes or self._sequencer.heard:
            self._sequencer.heard = False
            changes[_SEQUENCE] = msgspec.msgpack.encode(self._sequencer.remember())
            kept = msgspec.msgpack.encode((self._minute, self._floor.remember()))
            if kept != self._kept:
                self._kept = changes[_FLOOR] = kept
            if not self._laid:
                self._laid, changes[LAYOUT_CELL] = True, str(LAYOUT).encode()
        return changes

    def recall(self, cells: Mapping[str, bytes]) -> list[Lapse]:
        """Go on from the state that ``cells`` hold. Nothing may have been taken in yet.

        Returns:
            Revisions, where the rules have changed since the cells were written; none where they are the same.

        Raises:
            LayoutError: when another version wrote the cells, in a layout of its own; nothing is recalled.
        """
        refuse_other(cells, LAYOUT)
        self._laid = bool(cells)
        if _SEQUENCE in cells:
            self._sequencer.recall(msgspec.msgpack.decode(cells[_SEQUENCE], type=Memory))
        if _FLOOR in cells:
            self._kept = cells[_FLOOR]
            self._minute, kept = msgspec.msgpack.decode(self._kept, type=tuple[datetime | None, Kept])
            self._floor.recall(kept)
        of_watch = {name: cell for name, cell in cells.items() if name not in (_SEQUENCE, _FLOOR, LAYOUT_CELL)}
        return self._watch.recall({tuple(name.split(_SEPARATOR)): cell for name, cell in of_watch.items()})


def _minute(moment: datetime) -> datetime:
    """The whole minute in which a moment lies, UTC."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
