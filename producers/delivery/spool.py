"""The spool: events on disk, in order, until the log or its gateway has them.

What ``append`` has taken survives a crash. Nothing leaves the spool but by ``settle``, which is told what was handed over and
what was refused for good; a crash between sending and settling sends the same events once more, under the same ids, and they
count once. The spool is bounded, and full is an error that the producer gets: it drops nothing.

Several processes of one user share a file. Their events are kept in the order of their appends, each target's for itself.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from streams.events import AnyEvent
from streams.events.decode import MAX_BYTES, encode
from streams.log.database import Layout, opened, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

VERSION = 1
"""The layout of the tables; a file with a higher one was written by a newer program."""
MOST_EVENTS = 100_000
"""Events that are kept at most, dead letters among them."""
MOST_BYTES = 134_217_728
"""Bytes of events that are kept at most; the file is somewhat larger."""
MOST_REASON = 1_000
"""Characters of a reason that are kept."""

_TABLES = """
CREATE TABLE waiting (
    position INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: what was settled cannot name something newer
    target TEXT NOT NULL,
    feed TEXT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    kept_at TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (target, source, id)
);
CREATE INDEX waiting_in_order ON waiting (target, position);
CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    feed TEXT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    kept_at TEXT NOT NULL,
    data BLOB NOT NULL,
    refused_at TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE held (events INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO held VALUES (0, 0);
CREATE TRIGGER one_more AFTER INSERT ON waiting
BEGIN UPDATE held SET events = events + 1, bytes = bytes + length(new.data); END;
CREATE TRIGGER one_less AFTER DELETE ON waiting
BEGIN UPDATE held SET events = events - 1, bytes = bytes - length(old.data); END;
CREATE TRIGGER one_more_letter AFTER INSERT ON dead_letters
BEGIN UPDATE held SET events = events + 1, bytes = bytes + length(new.data); END;
CREATE TRIGGER one_less_letter AFTER DELETE ON dead_letters
BEGIN UPDATE held SET events = events - 1, bytes = bytes - length(old.data); END;
"""
_INTO_WAITING = "INSERT INTO waiting (target, feed, source, id, kind, kept_at, data) VALUES (?, ?, ?, ?, ?, ?, ?)"


class SpoolError(Exception):
    """The spool cannot be used, or did not take an event in. The message says which file and why."""


LAYOUT = Layout("spool", 0x53545350, VERSION, _TABLES, SpoolError, private=True)


class SpoolFullError(SpoolError):
    """The spool has no room. Nothing of the call was kept: the producer still has its events, and is to try again later."""


class Limits(NamedTuple):
    """How much a spool keeps, dead letters among it."""

    events: int = MOST_EVENTS
    bytes: int = MOST_BYTES


class Kept(NamedTuple):
    """An event that waits.

    Attributes:
        position: Its place in the order; higher is later.
        target: Where it is to go.
        feed: The feed whose evidence it is, or whose heartbeat.
        kept_at: When it was put into the spool, RFC 3339.
        data: One line of CloudEvents JSON.
    """

    position: int
    target: str
    feed: str | None
    source: str
    id: str
    kind: str
    kept_at: str
    data: bytes


class DeadLetter(NamedTuple):
    """An event that its target refused for good, under its number, with the reason."""

    number: int
    target: str
    feed: str | None
    source: str
    id: str
    kind: str
    kept_at: str
    data: bytes
    refused_at: str
    reason: str


class Queue(NamedTuple):
    """What waits for one target, and since when (the oldest, RFC 3339); ``None`` where nothing does."""

    target: str
    waiting: int
    bytes: int
    oldest: str | None
    dead_letters: int


class Spool:
    """An open spool file. Its methods may be called from any thread.

    Raises:
        SpoolError: when the file cannot be opened, is something else, or was written by a newer program.
    """

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.path = path
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._db = opened(path, LAYOUT, one_thread=False)
        self._db.execute("PRAGMA journal_size_limit = 16777216")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None") -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was appended is on disk already."""
        with self._lock:
            self._db.close()

    # The producer's side

    def append(self, events: Iterable[AnyEvent], target: str, kept_at: datetime, feed: str | None = None) -> int:
        """Keep events in this order, all or none, on disk when this returns; return how many were new.

        Args:
            events: What is to be sent; one that waits already, by source and id, is passed over.
            target: Where it is to go, as ``producers.delivery.target`` writes it.
            kept_at: The time, with its zone.
            feed: The feed whose evidence they are; its heartbeats wait for them.

        Raises:
            SpoolFullError: when there is no room: nothing of the call is kept.
            SpoolError: when one is too long, another one waits under its source and id, or the file cannot be written.
        """
        rows = [_row(event, target, feed, kept_at) for event in events]
        new = 0
        with self._transaction():
            held_events, held_bytes = self._db.execute("SELECT events, bytes FROM held").fetchone()
            for row in rows:
                if self._waits(row):
                    continue
                held_events, held_bytes = held_events + 1, held_bytes + len(row[-1])
                if held_events > self.limits.events or held_bytes > self.limits.bytes:
                    raise SpoolFullError(
                        f"{self.path}: the spool is full ({self.limits.events:,} events or {self.limits.bytes:,} bytes):"
                        " nothing of this was kept; send what waits, or clear its dead letters"
                    )
                self._db.execute(_INTO_WAITING, row)
                new += 1
        return new

    def _waits(self, row: "_Row") -> bool:
        target, _, source, name, _, _, data = row
        known = self._db.execute(
            "SELECT data FROM waiting WHERE target = ? AND source = ? AND id = ?", (target, source, name)
        ).fetchone()
        if known is not None and known[0] != data:
            raise SpoolError(f"{self.path}: another event waits under the id {name} of {source}: expected an id of its own")
        return known is not None

    # The sender's side

    def first(self, target: str, events: int, size: int) -> list[Kept]:
        """The oldest events that wait for a target, in order: at most so many, and so many bytes (but at least one)."""
        chosen: list[Kept] = []
        with self._reading():
            rows = self._db.execute(
                "SELECT position, target, feed, source, id, kind, kept_at, data FROM waiting"
                " WHERE target = ? ORDER BY position LIMIT ?",
                (target, events),
            )
            for kept in map(Kept._make, rows):
                size -= len(kept.data)
                if chosen and size < 0:
                    break
                chosen.append(kept)
            rows.close()
        return chosen

    def settle(self, sent: Iterable[int], refused: Mapping[int, str], at: datetime) -> None:
        """Forget what was handed over, and make dead letters of what was refused for good, all or nothing.

        Args:
            sent: The positions of what the target has.
            refused: The reason for each position that it will never take.
            at: The time, with its zone.

        Raises:
            SpoolError: when the file cannot be written. What was sent then waits on, and is sent once more.
        """
        with self._transaction():
            self._db.executemany("DELETE FROM waiting WHERE position = ?", [(position,) for position in sent])
            for position, reason in sorted(refused.items()):
                self._db.execute(
                    "INSERT INTO dead_letters (target, feed, source, id, kind, kept_at, data, refused_at, reason)"
                    " SELECT target, feed, source, id, kind, kept_at, data, ?, ? FROM waiting WHERE position = ?",
                    (at.isoformat(), reason[:MOST_REASON], position),
                )
                self._db.execute("DELETE FROM waiting WHERE position = ?", (position,))

    def incomplete(self, target: str) -> frozenset[str]:
        """The feeds of which an event was refused for good: what they say to be complete would not be."""
        with self._reading():
            rows = self._db.execute(
                "SELECT DISTINCT feed FROM dead_letters WHERE target = ? AND feed IS NOT NULL", (target,)
            ).fetchall()
        return frozenset(feed for (feed,) in rows)

    # The person's side

    def queues(self) -> list[Queue]:
        """What waits for each target, and how many dead letters each has, by target."""
        with self._reading():
            rows = self._db.execute(
                "SELECT target, sum(waits), sum(size), min(since), sum(letter) FROM ("
                " SELECT target, 1 AS waits, length(data) AS size, kept_at AS since, 0 AS letter FROM waiting"
                " UNION ALL SELECT target, 0, 0, NULL, 1 FROM dead_letters"
                ") GROUP BY target ORDER BY target"
            ).fetchall()
        return [Queue._make(row) for row in rows]

    def waiting(self, target: str) -> int:
        """How many events wait for a target."""
        with self._reading():
            row = self._db.execute("SELECT count(*) FROM waiting WHERE target = ?", (target,)).fetchone()
        return int(row[0])

    def waits(self, target: str, source: str, name: str) -> bool:
        """Whether this event still waits."""
        with self._reading():
            row = self._db.execute(
                "SELECT 1 FROM waiting WHERE target = ? AND source = ? AND id = ?", (target, source, name)
            ).fetchone()
        return row is not None

    def dead_letters(self) -> list[DeadLetter]:
        """All events that were refused for good, in the order they were."""
        with self._reading():
            rows = self._db.execute(
                "SELECT number, target, feed, source, id, kind, kept_at, data, refused_at, reason"
                " FROM dead_letters ORDER BY number"
            ).fetchall()
        return [DeadLetter._make(row) for row in rows]

    def retry(self, numbers: Sequence[int]) -> None:
        """Put dead letters back behind everything that waits, in the order of their numbers, all or none.

        Raises:
            LookupError: when one of them is not there.
            SpoolError: when an event waits under the same source and id, or the file cannot be written.
        """
        with self._transaction():
            for number in sorted(set(numbers)):
                row = self._db.execute(
                    "SELECT target, feed, source, id, kind, kept_at, data FROM dead_letters WHERE number = ?", (number,)
                ).fetchone()
                if row is None:
                    raise LookupError(f"no dead letter of the spool has the number {number}")
                if not self._waits(row):
                    self._db.execute(_INTO_WAITING, row)
                self._db.execute("DELETE FROM dead_letters WHERE number = ?", (number,))

    def drop(self, numbers: Sequence[int]) -> None:
        """Delete dead letters, all or none: somebody has looked at them.

        Raises:
            LookupError: when one of them is not there.
            SpoolError: when the file cannot be written.
        """
        with self._transaction():
            for number in sorted(set(numbers)):
                if self._db.execute("DELETE FROM dead_letters WHERE number = ?", (number,)).rowcount == 0:
                    raise LookupError(f"no dead letter of the spool has the number {number}")

    @contextmanager
    def _reading(self) -> "Iterator[None]":
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise SpoolError(f"{self.path}: cannot read: {error}") from error

    @contextmanager
    def _transaction(self) -> "Iterator[None]":
        """All of it or nothing."""
        with self._lock, transaction(self._db, self.path, SpoolError):
            yield


_Row = tuple[str, str | None, str, str, str, str, bytes]


def _row(event: AnyEvent, target: str, feed: str | None, kept_at: datetime) -> _Row:
    data = encode(event)
    if len(data) > MAX_BYTES:
        raise SpoolError(f"the event {event.id} is too long: expected at most {MAX_BYTES:,} bytes, got {len(data):,}")
    return target, feed, event.source, event.id, str(event.__struct_config__.tag), kept_at.isoformat(), data
