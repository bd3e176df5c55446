"""How a worker gets on: told by the worker, read by its metrics, its health, its pings and its watchdog. Pure.

A process that is up proves nothing: consumers that fetch no more keep their heartbeats. What counts is that the time of the
log moves in every partition number that the worker owns. Moments of the worker itself are seconds of the monotonic clock,
handed in as ``at``; moments of the log are UTC.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Literal, NamedTuple, get_args

from streams.sequence import Unread

Reason = Literal[
    "no-value", "not-json", "too-long", "unknown-type", "unknown-name", "wrong-field", "from-the-future", "too-old", "other"
]
"""Why a record went to the dead letters, in so few words that a metric can carry it."""
REASONS: tuple[Reason, ...] = get_args(Reason)

# A record's own words stand inside a refusal, never at its start; at its end stands the path of the field.
_REASONS: tuple[tuple[str, Reason], ...] = (
    (r"expected an event, got a record without a value", "no-value"),
    (r"expected at most \d+ bytes", "too-long"),
    (r"JSON is malformed|Input data was truncated|'utf-8' codec|Invalid UTF-8|nested too deeply", "not-json"),
    (r"no agreement (knows the|is called) ", "unknown-name"),
    (r"occurred .*: too late to amend anything", "too-old"),
    (r"`time` \S+ \S+ lies after `ingested`", "from-the-future"),
    (r".* - at `\$\.type`\Z", "unknown-type"),
    (r".* - at `\$\.[^`]*`\Z", "wrong-field"),
    (r"Object (missing required|contains unknown) field|Expected `", "wrong-field"),
)


def reason_of(why: str) -> Reason:
    """The kind of a refusal, by its text."""
    return next((reason for pattern, reason in _REASONS if re.match(pattern, why, re.DOTALL)), "other")


class Limits(NamedTuple):
    """How long what may take, in seconds.

    Attributes:
        moving: A partition whose tick is older is not ready.
        stalled: Longer than a session timeout and a rebalance together, or each rebalance would look like a stall.
        recovering: Reading the state back from its changelog.
        joining: Waiting for the group to hand out partitions, and for their state where the worker tells of both at once.
    """

    moving: float = 30.0
    stalled: float = 60.0
    recovering: float = 600.0
    joining: float = 600.0


class Position(NamedTuple):
    """How far one topic was read in one partition number.

    Attributes:
        offset: The offset after the last record that was handed to the watch.
        moved: When it last moved, monotonic seconds.
    """

    offset: int
    moved: float


class Partition(NamedTuple):
    """How one owned partition number gets on.

    Attributes:
        now: The time of its last passed tick, UTC; ``None`` before the first.
        moved: When ``now`` last moved, monotonic seconds; when it was assigned, if it never did.
        moves: How often ``now`` has moved since it was assigned.
        recovered: Whether its state was read back.
        held: Records that wait for the next tick.
        behind: Records not read yet, by topic, where that is known.
        open_lapses: Lapses open or unknown; ``None`` where nobody counted.
        positions: By topic, how far it was read.
    """

    now: datetime | None
    moved: float
    moves: int
    recovered: bool
    held: int
    behind: Mapping[str, int]
    open_lapses: int | None
    positions: Mapping[str, Position]

    def tick_age(self, at: float) -> float:
        """Seconds since its tick last moved, or since it was assigned."""
        return max(0.0, at - self.moved)


class Suspect(NamedTuple):
    """What may be stuck; whether it is, the broker knows.

    Attributes:
        what: In words.
        partition: Its number; ``None`` where the worker waits for any.
        topic: The topic whose reading stands still; ``None`` where no record can tell.
        offset: The offset after the last record that was read.
    """

    what: str
    partition: int | None = None
    topic: str | None = None
    offset: int | None = None


@dataclass
class _Owned:
    since: float
    moved: float
    now: datetime | None = None
    moves: int = 0
    recovered: bool = False
    held: int = 0
    behind: Mapping[str, int] = field(default_factory=dict)
    open_lapses: int | None = None
    positions: dict[str, Position] = field(default_factory=dict)


class Vitals:
    """What is known of one worker's progress. The worker tells it, others ask; they may sit in other threads."""

    def __init__(self, at: float, limits: Limits = Limits()) -> None:  # noqa: B008 - it cannot change
        """Start without partitions, and waiting for some since ``at``."""
        self.limits = limits
        self._lock = Lock()
        self._owned: dict[int, _Owned] = {}
        self._waiting: float | None = at
        self._counts: Counter[str] = Counter()
        self._letters: Counter[Reason] = Counter()
        self._lapses = 0
        self._ticks_sent = 0
        self._ticked: float | None = None
        self._leap = 0.0
        self._stall: str | None = None
        self.restarts = 0
        """Restarts by the watchdog within the last hour, as far as this process knows."""

    # What the worker tells.

    def assigned(self, partitions: Iterable[int], *, at: float) -> None:
        """These partition numbers are owned too from now on; none at all is an answer as well: there are enough workers."""
        with self._lock:
            self._waiting = None
            for partition in partitions:
                self._owned.setdefault(partition, _Owned(since=at, moved=at))

    def revoked(self, partitions: Iterable[int], *, at: float) -> None:
        """These are owned no more. A worker left without any waits for the next assignment."""
        with self._lock:
            for partition in partitions:
                self._owned.pop(partition, None)
            if not self._owned:
                self._waiting = at

    def recovered(self, partition: int, *, positions: Mapping[str, int], now: datetime | None, at: float) -> None:
        """The state of an owned partition number was read back.

        Args:
            partition: Its number; one that is not owned any more is passed over.
            positions: By topic (live names), the offset at which reading begins.
            now: The time that the state has, UTC.
            at: Monotonic seconds.
        """
        with self._lock:
            owned = self._owned.get(partition)
            if owned is None:
                return
            owned.recovered, owned.now, owned.moved = True, now, at
            owned.positions = {topic: Position(offset, at) for topic, offset in positions.items()}

    def took(
        self,
        partition: int,
        *,
        counts: Counter[str],
        unread: Sequence[Unread],
        lapses: int,
        now: datetime | None,
        held: int,
        behind: Mapping[str, int],
        open_lapses: int | None,
        positions: Mapping[str, int],
        at: float,
    ) -> None:
        """Records were handed to the watch of a partition number.

        Args:
            partition: Its number; of one that is not owned any more only what came of it counts.
            counts: Events taken in, by type.
            unread: What went to the dead letters.
            lapses: Revisions of lapses that came of it.
            now: The watch's time after it, UTC.
            held: Records that wait for the next tick.
            behind: Records not read yet, by topic (live names), where that is known; what is left out keeps its number.
            open_lapses: Lapses open or unknown; ``None`` keeps the last count.
            positions: By topic (live names), the offset after the last record that was handed in (not the watch's own
                ``positions``, which wait for ticks); topics from which nothing was handed in may be left out.
            at: Monotonic seconds.
        """
        with self._lock:
            self._counts.update(counts)
            self._letters.update(reason_of(each.why) for each in unread)
            self._lapses += lapses
            owned = self._owned.get(partition)
            if owned is None:
                return
            owned.recovered = True
            if now is not None and now != owned.now:
                owned.now, owned.moved = now, at
                owned.moves += 1
            owned.held = held
            if behind:
                owned.behind = {**owned.behind, **behind}
            if open_lapses is not None:
                owned.open_lapses = open_lapses
            for topic, offset in positions.items():
                known = owned.positions.get(topic)
                if known is None or known.offset != offset:
                    owned.positions[topic] = Position(offset, at)

    def ticked(self, at: float, leap: float = 0.0) -> None:
        """The clock, where this worker keeps it, sent a tick to all partitions.

        Args:
            at: Monotonic seconds.
            leap: By how many seconds the time of day has leapt ahead of what the clock tells.
        """
        with self._lock:
            self._ticks_sent += 1
            self._ticked, self._leap = at, leap

    def ticks_no_more(self) -> None:
        """Another worker keeps the clock from now on, or the same one begins anew."""
        with self._lock:
            self._leap = 0.0

    def judged(self, stall: str | None) -> None:
        """The watchdog's verdict: why the worker is stuck; ``None`` where it is not."""
        with self._lock:
            self._stall = stall

    # What others ask.

    def partitions(self) -> dict[int, Partition]:
        """The owned partition numbers as they are now, by number."""
        with self._lock:
            return {
                number: Partition(
                    owned.now,
                    owned.moved,
                    owned.moves,
                    owned.recovered,
                    owned.held,
                    owned.behind,
                    owned.open_lapses,
                    dict(owned.positions),
                )
                for number, owned in sorted(self._owned.items())
            }

    def counts(self) -> Counter[str]:
        """Events taken in since the start, by type."""
        with self._lock:
            return Counter(self._counts)

    def dead_letters(self) -> Counter[Reason]:
        """Dead letters since the start, by reason."""
        with self._lock:
            return Counter(self._letters)

    @property
    def lapses(self) -> int:
        """Revisions of lapses since the start."""
        return self._lapses

    @property
    def ticks_sent(self) -> int:
        """Ticks that this worker's clock has sent."""
        return self._ticks_sent

    @property
    def leap(self) -> float:
        """By how many seconds the time of day is ahead of the clock that this worker keeps; nought where it keeps none."""
        with self._lock:
            return self._leap

    @property
    def ticked_at(self) -> float | None:
        """When its clock last sent one, monotonic seconds; ``None`` where it keeps no clock."""
        return self._ticked

    def alive(self) -> str | None:
        """Why the worker is as good as dead; ``None`` where it is not.

        The watchdog decides, for it asks the broker: old ticks alone may be the clock's fault.
        """
        return self._stall

    def ready(self, at: float) -> list[str]:
        """Why the worker is not ready, in words; nothing where it is. One knowingly without partitions is ready."""
        if self._waiting is not None:
            return [f"waits for its partitions for {at - self._waiting:.0f} s"]
        reasons = [] if self._stall is None else [self._stall]
        if leap := self.leap:
            reasons.append(
                f"the time of day leapt by {leap:+.0f} s and is not followed: set it right, or start this worker anew"
            )
        for number, partition in self.partitions().items():
            age = partition.tick_age(at)
            if not partition.recovered:
                reasons.append(f"partition {number} reads its state back for {age:.0f} s")
            elif partition.moves == 0:
                reasons.append(f"partition {number} has passed no tick yet, for {age:.0f} s")
            elif age > self.limits.moving:
                reasons.append(f"partition {number} has passed no tick for {age:.0f} s")
        return reasons

    def stalled(self, at: float, limits: Limits | None = None) -> list[Suspect]:
        """What may be stuck. A topic is suspect where neither its reading nor its partition's time has moved for long."""
        limits = limits or self.limits
        if self._waiting is not None:
            waited = at - self._waiting
            return [Suspect(f"no partitions were assigned for {waited:.0f} s")] if waited > limits.joining else []
        suspects = []
        for number, partition in self.partitions().items():
            age = partition.tick_age(at)
            if not partition.recovered:
                if age > limits.recovering:
                    suspects.append(Suspect(f"partition {number} has been reading its state back for {age:.0f} s", number))
            elif age > limits.stalled:
                suspects += [
                    Suspect(
                        f"partition {number} has passed no tick for {age:.0f} s and read nothing of {topic} for"
                        f" {at - position.moved:.0f} s, though it stands at offset {position.offset}",
                        number,
                        topic,
                        position.offset,
                    )
                    for topic, position in partition.positions.items()
                    if at - position.moved > limits.stalled
                ]
        return suspects
