"""Where a recording is put in order: every event of a log with the places at which partitions took it in, on disk.

Each partition number of a log has its own time: it takes an event in after one tick and before the next, its own early ticks
among them. A recording has one time for all. So an event stands in it behind the tick after which it was taken in, and before
every later tick of any partition; then each partition's events meet the time that they met in the log. Of an event that went to
several partitions the latest place counts, for there nobody has it before its time.
"""

import hashlib
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from streams.events import AnyEvent
from streams.sequence import Barrier

_LAYOUT = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    known TEXT NOT NULL,
    earliest TEXT NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE places (
    partition INTEGER NOT NULL,
    place INTEGER NOT NULL,
    record INTEGER NOT NULL,
    start TEXT NOT NULL,
    closed TEXT NOT NULL,
    PRIMARY KEY (partition, place)
) WITHOUT ROWID;
BEGIN;
"""
_CHOOSE = """
CREATE TABLE chosen AS
SELECT record, max(start) AS start
FROM (
    SELECT record, partition, min(start) AS start FROM places WHERE closed > :since AND closed <= :until
    GROUP BY record, partition
)
GROUP BY record;
"""
_IN_ORDER = """
SELECT chosen.start, places.partition, min(places.place), chosen.record
FROM chosen JOIN places ON places.record = chosen.record AND places.closed > :since AND places.closed <= :until
GROUP BY chosen.start, places.partition, chosen.record
ORDER BY chosen.start, places.partition, 3
"""
_NEVER = "~"
"""Sorts behind every time."""


class Shelved(NamedTuple):
    """One event, ready to be written or judged.

    Attributes:
        start: The tick after which it was taken in; ``None`` where no tick was before it.
    """

    start: Barrier | None
    record: bytes


class Shelf:
    """A file that orders the events of a log. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Begin with nothing.

        Args:
            path: A file that is not there yet.

        Raises:
            sqlite3.Error: when it cannot be made; so can every other method, when the disk is full.
        """
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_LAYOUT)
        self._places = 0
        self._range = {"since": "", "until": _NEVER}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._db.close()

    def put(
        self, partition: int, start: Barrier | None, closed: datetime | None, events: Iterable[tuple[AnyEvent, bytes]]
    ) -> None:
        """Take in what one partition took in between two ticks, in its order.

        Args:
            partition: Its number.
            start: The tick before; ``None`` where there was none.
            closed: The time of the tick behind, UTC; ``None`` where none has come yet.
            events: Each with its bytes.
        """
        begins, ends = _named(start), _NEVER if closed is None else _stamp(closed)
        for event, record in events:
            digest = hashlib.blake2b(record, digest_size=16).digest()
            found = self._db.execute(
                "INSERT INTO records (digest, known, earliest, data) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (digest) DO NOTHING RETURNING number",
                (digest, _stamp(event.known), _stamp(event.occurred.earliest), record),
            ).fetchone()
            if found is None:
                found = self._db.execute("SELECT number FROM records WHERE digest = ?", (digest,)).fetchone()
            self._places += 1
            self._db.execute("INSERT INTO places VALUES (?, ?, ?, ?, ?)", (partition, self._places, found[0], begins, ends))

    def choose(self, since: datetime | None, until: datetime | None) -> None:
        """Keep to what was taken in behind ``since`` and by ``until``; without ``until``, also to what waits for a tick."""
        self._range = {
            "since": "" if since is None else _stamp(since),
            "until": _NEVER if until is None else _stamp(until),
        }
        self._db.execute(_CHOOSE, self._range)

    def counts(self, judged: datetime | None) -> dict[str, int]:
        """How many events were chosen, copies of them beside, how many others wait for a tick, and how many do not.

        Args:
            judged: Up to when the log was judged as a whole, UTC; ``None`` where nothing was.
        """

        def one(query: str) -> int:
            told = {"judged": "" if judged is None else _stamp(judged)}
            return int(self._db.execute(query, told if ":judged" in query else {}).fetchone()[0])

        chosen = one("SELECT count(*) FROM chosen")
        return {
            "events": chosen,
            "copies": one("SELECT count(*) FROM places WHERE record IN (SELECT record FROM chosen)") - chosen,
            "waiting": (
                waiting := one(
                    "SELECT count(DISTINCT record) FROM places"
                    " WHERE closed > :judged AND record NOT IN (SELECT record FROM chosen)"
                )
            ),
            "left_out": one("SELECT count(*) FROM records") - chosen - waiting,
        }

    def earliest_without_tick(self) -> datetime | None:
        """The earliest moment at which a chosen event can have happened that no tick is before; ``None`` without such."""
        found = self._db.execute(
            "SELECT min(earliest) FROM records WHERE number IN (SELECT record FROM chosen WHERE start = '')"
        ).fetchone()[0]
        return None if found is None else datetime.fromisoformat(found)

    def by_known(self) -> Iterator[bytes]:
        """The chosen events in the order in which the log knew them: of a log without ticks."""
        query = "SELECT data FROM records WHERE number IN (SELECT record FROM chosen) ORDER BY known, number"
        return (row[0] for row in self._db.execute(query))

    def in_order(self) -> Iterator[Shelved]:
        """The chosen events, each once, in the order of the log."""
        rows = self._db.execute(_IN_ORDER, self._range)
        for start, group in groupby(rows, key=itemgetter(0)):
            barrier = _barrier(start)
            for record in _merged(group):
                yield Shelved(barrier, self._data(record))

    def of(self, partition: int) -> Iterator[Shelved]:
        """What one partition took in, in its order, copies and all."""
        rows = self._db.execute(
            "SELECT start, record FROM places WHERE partition = :partition AND closed > :since AND closed <= :until"
            " ORDER BY place",
            {**self._range, "partition": partition},
        )
        for start, record in rows:
            yield Shelved(_barrier(start), self._data(record))

    def _data(self, record: int) -> bytes:
        row = self._db.execute("SELECT data FROM records WHERE number = ?", (record,)).fetchone()
        return bytes(row[0])


def _merged(rows: Iterable[tuple[str, int, int, int]]) -> Iterator[int]:
    """Events between two ticks, so that each partition's keep their order; where two contradict each other, the lower's."""
    queues: defaultdict[int, deque[int]] = defaultdict(deque)
    where: defaultdict[int, list[int]] = defaultdict(list)
    for _, partition, _, record in rows:
        queues[partition].append(record)
        where[record].append(partition)
    if all(len(partitions) == 1 for partitions in where.values()):
        for queue in queues.values():
            yield from queue
        return
    done: set[int] = set()
    ready = list(queues)
    heapify(ready)
    while ready:
        partition = heappop(ready)
        queue = queues[partition]
        while queue:
            record = queue[0]
            if record in done:
                queue.popleft()
                continue
            if any(_head(queues[other], done) != record for other in where[record]):
                break
            queue.popleft()
            done.add(record)
            yield record
            for other in where[record]:
                if other != partition:
                    heappush(ready, other)
        if not ready:
            # Partitions that wait for each other were told in different orders: somebody's must give way.
            stuck = min((number for number, left in queues.items() if _head(left, done) is not None), default=None)
            if stuck is not None:
                record = queues[stuck].popleft()
                done.add(record)
                yield record
                for other in where[record]:
                    heappush(ready, other)


def _head(queue: deque[int], done: set[int]) -> int | None:
    while queue and queue[0] in done:
        queue.popleft()
    return queue[0] if queue else None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _named(barrier: Barrier | None) -> str:
    return "" if barrier is None else f"{_stamp(barrier[0])} {barrier[1]}"


def _barrier(text: str) -> Barrier | None:
    if not text:
        return None
    time, _, name = text.partition(" ")
    return datetime.fromisoformat(time), name
