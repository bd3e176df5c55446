"""The embedded log: an append-only SQLite file of events, and the dead letters beside them.

Records keep the bytes they came in and the order they came in. The same event (source and id) is kept once, however often
it is appended. A dead letter is a line that is no event, with its place and the reason; mended and retried, it stays on
file as ``mended``.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

from streams.events.decode import MAX_BYTES
from streams.log.database import Layout, opened, transaction
from streams.log.recording import Batch, Lines, named

VERSION = 1
"""The layout of the tables; a file with a higher one was written by a newer program."""
_BATCH = 4_096

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
    position INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    appended_at TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (source, id)
);
CREATE TRIGGER IF NOT EXISTS records_are_not_changed BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS records_are_not_deleted BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TABLE IF NOT EXISTS dead_letters (
    number INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    line INTEGER NOT NULL,
    data BLOB NOT NULL,
    digest BLOB NOT NULL,
    reason TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'mended')),
    UNIQUE (place, line, digest)
);
"""

_APPEND = "INSERT INTO records (source, id, kind, appended_at, data) VALUES (?, ?, ?, ?, ?) ON CONFLICT (source, id) DO NOTHING"

DeadLetterState = Literal["waiting", "mended"]


class LogError(Exception):
    """The file is not a log, or cannot be used as one. The message says which file and why."""


LAYOUT = Layout("log", 0x53544459, VERSION, _TABLES, LogError)


class Entry(NamedTuple):
    """What is appended: an event's source, id and type, and the bytes it came in."""

    source: str
    id: str
    kind: str
    data: bytes


class Record(NamedTuple):
    """One record of the log. ``appended_at`` is the caller's time, RFC 3339."""

    position: int
    source: str
    id: str
    kind: str
    appended_at: str
    data: bytes


class Refusal(NamedTuple):
    """A line that is no event: its file and line (or topic and offset), its bytes, and why."""

    place: str
    line: int
    data: bytes
    reason: str


class DeadLetter(NamedTuple):
    """A refusal on file, under its number."""

    number: int
    place: str
    line: int
    data: bytes
    reason: str
    first_seen: str
    state: DeadLetterState


class Log:
    """An open log file.

    Raises:
        LogError: when the file cannot be opened, is something else, or was written by a newer program.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise LogError(f"{path}: no such log")
        self._db = opened(path, LAYOUT, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was appended is on disk already."""
        self._db.close()

    # Records

    def append(self, entries: Iterable[Entry], appended_at: datetime) -> int:
        """Append events in one transaction, on disk when this returns, and return how many were new.

        Args:
            entries: The events, in order; one whose source and id the log has is passed over.
            appended_at: The time of the append, with its zone.

        Raises:
            LogError: when the log cannot be written.
        """
        at = appended_at.isoformat()
        return self._insert(
            _APPEND,
            ((source, name, kind, at, data) for source, name, kind, data in entries),
        )

    def read(self, after: int = 0) -> Iterator[Record]:
        """The records behind position ``after``, in the order they were appended."""
        rows = self._db.execute(
            "SELECT position, source, id, kind, appended_at, data FROM records WHERE position > ? ORDER BY position", (after,)
        )
        return map(Record._make, rows)

    def find(self, ids: Iterable[str]) -> Iterator[Record]:
        """The records of events with these ids, in the order they were appended; all claims where sources share an id."""
        wanted = json.dumps(list(ids))
        rows = self._db.execute(
            "SELECT position, source, id, kind, appended_at, data FROM records"
            " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY position",
            (wanted,),
        )
        return map(Record._make, rows)

    def get(self, source: str, name: str) -> bytes | None:
        """The bytes of one event; ``None`` where the log does not have it.

        Raises:
            LogError: when the log cannot be read.
        """
        try:
            row = self._db.execute("SELECT data FROM records WHERE source = ? AND id = ?", (source, name)).fetchone()
        except sqlite3.Error as error:
            raise LogError(f"{self.path}: cannot read: {error}") from error
        return None if row is None else bytes(row[0])

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM records").fetchone()[0])

    # Dead letters

    def refuse(self, refusals: Iterable[Refusal], first_seen: datetime) -> int:
        """File lines that are no events, and return how many were new; the same line of the same place is filed once.

        Raises:
            LogError: when the log cannot be written.
        """
        at = first_seen.isoformat()
        return self._insert(
            "INSERT INTO dead_letters (place, line, data, digest, reason, first_seen) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (place, line, digest) DO NOTHING",
            (
                (place, line, data[:MAX_BYTES], hashlib.sha256(data).digest(), reason, at)
                for place, line, data, reason in refusals
            ),
        )

    def dead_letters(self, state: DeadLetterState | None = None) -> Iterator[DeadLetter]:
        """The dead letters in the order they came, all or those in one state."""
        rows = self._db.execute(
            "SELECT number, place, line, data, reason, first_seen, state FROM dead_letters"
            " WHERE ? IS NULL OR state = ? ORDER BY number",
            (state, state),
        )
        return map(DeadLetter._make, rows)

    def dead_letter(self, number: int) -> DeadLetter:
        """The dead letter of this number.

        Raises:
            LookupError: when there is none.
        """
        row = self._db.execute(
            "SELECT number, place, line, data, reason, first_seen, state FROM dead_letters WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            raise LookupError(f"no dead letter has the number {number}")
        return DeadLetter._make(row)

    def mend(self, number: int, entry: Entry, appended_at: datetime) -> None:
        """Append what the dead letter says once mended, and mark it so, both or neither.

        Raises:
            LogError: when the log cannot be written.
        """
        with transaction(self._db, self.path, LogError):
            self._db.execute(
                _APPEND,
                (entry.source, entry.id, entry.kind, appended_at.isoformat(), entry.data),
            )
            self._db.execute("UPDATE dead_letters SET state = 'mended' WHERE number = ?", (number,))

    def _insert(self, statement: str, rows: Iterable[tuple[object, ...]]) -> int:
        before = self._db.total_changes
        with transaction(self._db, self.path, LogError):
            self._db.executemany(statement, rows)
        return self._db.total_changes - before


def is_log(path: Path) -> bool:
    """Whether the file at ``path`` is a SQLite database, and so no recording."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\x00"
    except OSError:
        return False


class LogSource:
    """The events of a log, to be replayed like a recording; a position is a line number."""

    size: int | None = None

    def __init__(self, path: Path) -> None:
        self.path = path

    def batches(self) -> Iterator[Batch]:
        """All records in order.

        Raises:
            LogError: when the file is no log.
        """
        with Log(self.path, create=False) as log:
            records = log.read()
            first = 1
            while lines := [record.data for record in islice(records, _BATCH)]:
                yield Lines(named(self.path), first, lines, 0)
                first += len(lines)
