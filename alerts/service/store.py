"""The embedded desk's file: its journal, what people did, and its state, in one SQLite database.

Journal and trail are append-only. The state is written in the same transaction as the entries that it comes from: after a
crash it is that of the last entry, neither before nor behind it. The trail may be written by several processes, one record
at a time, each chained to the one that is last then.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from alerts.audit import Head, chained
from streams.actions import Action
from streams.log.database import Layout, opened, transaction

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS journal (position INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TRIGGER IF NOT EXISTS journal_is_not_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS journal_is_not_deleted BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE IF NOT EXISTS actions (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TRIGGER IF NOT EXISTS actions_are_not_changed BEFORE UPDATE ON actions
BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END;
CREATE TRIGGER IF NOT EXISTS actions_are_not_deleted BEFORE DELETE ON actions
BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END;
CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, digest TEXT NOT NULL);
INSERT OR IGNORE INTO head VALUES (1, 0, printf('%064d', 0));
CREATE TABLE IF NOT EXISTS cells (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (one INTEGER PRIMARY KEY CHECK (one = 1), actions INTEGER NOT NULL);
INSERT OR IGNORE INTO taken VALUES (1, 0);
"""


class StoreError(Exception):
    """The file is not a desk's, or cannot be used. The message says which file and why."""


LAYOUT = Layout("desk file", 0x53544444, VERSION, _TABLES, StoreError)


class Store:
    """An open file of a desk's.

    Raises:
        StoreError: when it cannot be opened, is something else, or was written by a newer program.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise StoreError(f"{path}: no such file of a desk's; one is made by steadyline alerts run")
        self._db = opened(path, LAYOUT, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written is on disk already."""
        self._db.close()

    def append(self, entries: Iterable[bytes], cells: Mapping[str, bytes | None], actions: int) -> None:
        """Append entries to the journal together with the state behind them; on disk when this returns.

        Args:
            entries: In their order.
            cells: What changed of the state.
            actions: Up to which record of the trail the journal has them now.

        Raises:
            StoreError: when it cannot be written; nothing is, then.
        """
        with transaction(self._db, self.path, StoreError):
            self._db.executemany("INSERT INTO journal (data) VALUES (?)", ((entry,) for entry in entries))
            gone = [(name,) for name, cell in cells.items() if cell is None]
            self._db.executemany("DELETE FROM cells WHERE name = ?", gone)
            kept = [(name, cell) for name, cell in cells.items() if cell is not None]
            self._db.executemany("INSERT INTO cells VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data", kept)
            self._db.execute("UPDATE taken SET actions = ?", (actions,))

    def cells(self) -> dict[str, bytes]:
        """The state."""
        return dict(self._db.execute("SELECT name, data FROM cells"))

    def journal(self) -> Iterator[bytes]:
        """All entries, in their order."""
        return (row[0] for row in self._db.execute("SELECT data FROM journal ORDER BY position"))

    def taken(self) -> int:
        """Up to which record of the trail the journal has them."""
        return int(self._db.execute("SELECT actions FROM taken").fetchone()[0])

    def act(self, action: Action) -> Head:
        """Append an action to the trail; the trail's head then.

        Raises:
            StoreError: when it cannot be written.
        """
        with transaction(self._db, self.path, StoreError):
            data, head = chained(self.head(), action)
            self._db.execute("INSERT INTO actions VALUES (?, ?)", (head.number, data))
            self._db.execute("UPDATE head SET number = ?, digest = ?", head)
        return head

    def head(self) -> Head:
        """The trail's head, as it is kept beside it."""
        return Head(*self._db.execute("SELECT number, digest FROM head").fetchone())

    def actions(self, after: int = 0) -> list[tuple[int, bytes]]:
        """The records of the trail behind that number, with their numbers."""
        return list(self._db.execute("SELECT number, data FROM actions WHERE number > ? ORDER BY number", (after,)))
