"""What the gateway has taken in: the id, the source and a digest of each event, for so long (SQLite, beside the gateway).

It tells an event that is sent again from one that has another's id. It is no part of the log: where it is lost, or the
gateway dies between the log and the ledger, an event sent again is appended again, and whoever reads the log counts it once.
So it need not be on disk at once (``synchronous = NORMAL``).
"""

import hashlib
import sqlite3
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from streams.log.database import Layout, opened, transaction

AGE = timedelta(days=30)
"""How long an id is remembered, unless told."""
NOTES = 100
"""Texts of one check that are kept."""
VERSION = 1
_SLICES = 4_096
_SLICE_SECONDS = 20
"""From one slice of the ledger that is swept to the next: all of it within a day."""

_TABLES = """
CREATE TABLE taken (
    id BLOB NOT NULL,
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (id, source)
) WITHOUT ROWID;
CREATE TABLE heard (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE notes (number INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL, signal TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX notes_of ON notes (name, number);
"""

# Never swept: the watch holds a retraction against whatever comes under its id, however late. A ledger from before has none.
_TAKEN_BACK = """
CREATE TABLE IF NOT EXISTS taken_back (id BLOB NOT NULL, source TEXT NOT NULL, PRIMARY KEY (id, source)) WITHOUT ROWID
"""

Verdict = Literal["new", "duplicate", "conflict"]


class LedgerError(Exception):
    """The ledger cannot be used. The message names its file."""


LAYOUT = Layout("ledger", 0x53544C47, VERSION, _TABLES, LedgerError, durable=False)


class Ledger:
    """One open ledger, used in the thread that opened it."""

    def __init__(self, path: Path, age: timedelta = AGE) -> None:
        """Open the file, and make it where there is none.

        Args:
            path: The file.
            age: How long an id is remembered.

        Raises:
            LedgerError: when it cannot be opened, or is something else.
        """
        self.path = path
        self._age = age
        self._slice = 0
        self._swept: datetime | None = None
        self._db = opened(path, LAYOUT)
        try:
            self._db.execute(_TAKEN_BACK)
        except sqlite3.Error as error:
            self._db.close()
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def together(self) -> AbstractContextManager[None]:
        """All that is written within, or nothing where an error ends it.

        Raises:
            LedgerError: when the file cannot be written.
        """
        return transaction(self._db, self.path, LedgerError)

    def take(self, source: str, name: str, digest: bytes, now: datetime) -> Verdict:
        """Note an event, and tell whether it is known: with the same content, or with another."""
        key = _key(name)
        at = int(now.timestamp())
        done = self._db.execute(
            "INSERT INTO taken (id, source, digest, at) VALUES (?, ?, ?, ?) ON CONFLICT (id, source) DO NOTHING",
            (key, source, digest, at),
        )
        if done.rowcount:
            return "new"
        (known,) = self._db.execute("SELECT digest FROM taken WHERE id = ? AND source = ?", (key, source)).fetchone()
        return "duplicate" if known == digest else "conflict"

    def forget(self, source: str, name: str) -> None:
        """Take back that an event was noted."""
        self._db.execute("DELETE FROM taken WHERE id = ? AND source = ?", (_key(name), source))

    def sources(self, name: str, most: int) -> list[str]:
        """The sources that sent an event of this id, at most so many of them."""
        rows = self._db.execute("SELECT source FROM taken WHERE id = ? LIMIT ?", (_key(name), most))
        return [source for (source,) in rows]

    def take_back(self, source: str, name: str) -> None:
        """Note that a source took back what is called ``name``."""
        self._db.execute("INSERT OR IGNORE INTO taken_back (id, source) VALUES (?, ?)", (_key(name), source))

    def taken_back(self, name: str, most: int) -> list[str]:
        """The sources that took back what is called ``name``, at most so many of them."""
        rows = self._db.execute("SELECT source FROM taken_back WHERE id = ? LIMIT ?", (_key(name), most))
        return [source for (source,) in rows]

    def hear(self, name: str, now: datetime) -> None:
        """Note when a token or a check was last heard."""
        self._db.execute("INSERT OR REPLACE INTO heard (name, at) VALUES (?, ?)", (name, now.timestamp()))

    def heard(self) -> dict[str, float]:
        """When each was last heard, seconds since 1970 UTC.

        Raises:
            LedgerError: when the file cannot be read.
        """
        try:
            return dict(self._db.execute("SELECT name, at FROM heard").fetchall())
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def note(self, name: str, now: datetime, signal: str, text: str) -> None:
        """Keep what a check said; only its last texts are kept."""
        self._db.execute(
            "INSERT INTO notes (name, at, signal, text) VALUES (?, ?, ?, ?)", (name, now.isoformat(), signal, text)
        )
        self._db.execute(
            "DELETE FROM notes WHERE name = ? AND number <="
            " (SELECT number FROM notes WHERE name = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (name, name, NOTES),
        )

    def notes(self, name: str) -> list[tuple[str, str, str]]:
        """What a check said, the oldest first: when (RFC 3339), with which signal, and the text.

        Raises:
            LedgerError: when the file cannot be read.
        """
        try:
            return self._db.execute("SELECT at, signal, text FROM notes WHERE name = ? ORDER BY number", (name,)).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def sweep(self, now: datetime) -> None:
        """Forget what is too old, a slice at a time, so that it never takes long."""
        if self._swept is None:
            self._swept = now
        due = min(_SLICES, int((now - self._swept).total_seconds()) // _SLICE_SECONDS)
        if due > 0:
            self._swept = now
        for _ in range(due):
            first = self._slice.to_bytes(2, "big")
            self._slice = (self._slice + 0x10000 // _SLICES) % 0x10000
            last = self._slice.to_bytes(2, "big") if self._slice else b"\xff" * 17
            self._db.execute(
                "DELETE FROM taken WHERE id >= ? AND id < ? AND at < ?",
                (first, last, int((now - self._age).timestamp())),
            )

    def _failed(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(f"{self.path}: cannot use the ledger: {error}")


def _key(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
