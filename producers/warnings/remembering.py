"""What the warnings that were sent stood for, kept on disk: a cancellation that comes in weeks later finds the notice it ends.

A text that was told before gives the very events it gave then, so that a file of warnings can be sent again after whatever went
wrong: what had arrived counts once. Drills have a memory of their own.
"""

import os
import sqlite3
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from producers.warnings.notices import Known, Ledger
from producers.warnings.reading import Reading
from streams.events.envelope import Party
from streams.events.launches import LaunchNotice

if TYPE_CHECKING:
    from types import TracebackType

VERSION = 1
"""The layout of the tables; a file with a higher one was written by a newer program."""
MOST_TEXTS = 50_000
"""Texts that are remembered; the oldest are forgotten. All coordinators together announce some hundred launches a year."""
MOST_KNOWN = 100_000
"""Numbers of warnings that are remembered."""
_APPLICATION = 0x5354574D
_PATIENCE = 10.0
_LAYOUT = (
    "CREATE TABLE known (drill INTEGER NOT NULL, key TEXT NOT NULL, notice TEXT NOT NULL, revision INTEGER NOT NULL,"
    " party TEXT NOT NULL, PRIMARY KEY (drill, key))",
    "CREATE TABLE texts (drill INTEGER NOT NULL, source TEXT NOT NULL, digest BLOB NOT NULL, party TEXT NOT NULL,"
    " events BLOB NOT NULL, PRIMARY KEY (drill, source, digest, party))",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_read = msgspec.json.Decoder(list[LaunchNotice]).decode
_write = msgspec.json.Encoder(order="deterministic").encode


class RememberingError(Exception):
    """The file of what was told cannot be used. The message says which and why."""


class Remembered:
    """A ledger that outlives the program. One process has it at a time, and nothing of it is kept before ``keep`` is called."""

    def __init__(self, path: Path | None, *, exercise: bool = False) -> None:
        """Open it.

        Args:
            path: The file, made where it is missing; ``None`` for a memory that ends with this object.
            exercise: Whether drills are told.

        Raises:
            RememberingError: when the file cannot be opened, is something else, or another process holds on to it.
        """
        self.path = path
        self._drill = int(exercise)
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(path or ":memory:", timeout=_PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise RememberingError(f"{path}: cannot open what was told of warnings: {error}") from error
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._check()
            rows = self._db.execute("SELECT key, notice, revision, party FROM known WHERE drill = ?", (self._drill,))
            self._before = {key: Known(*known) for key, *known in rows}
        except (sqlite3.Error, RememberingError) as error:
            self._db.close()
            busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            what = "another process holds on to" if busy else "expected"
            raise RememberingError(f"{path}: {what} what was told of warnings: {error}") from error
        self._ledger = Ledger(dict(self._before))

    def _check(self) -> None:
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            for statement in _LAYOUT:
                self._db.execute(statement)
        application, version = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        if application != _APPLICATION:
            raise RememberingError("a database of something else")
        if version > VERSION:
            raise RememberingError(f"written by a newer Steadyline (layout {version}, this one knows {VERSION})")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None") -> None:
        self._db.close()

    def events(self, reading: Reading, *, party: Party | None, source: str, received: datetime) -> list[LaunchNotice]:
        """The events of one reading, as ``Ledger.events`` gives them; the same as before where the text was told before.

        A text that was told before of another launcher amends what it said.
        """
        digest = sha256(reading.text.encode("utf-8", "replace")).digest()
        told = self._db.execute(
            "SELECT party, events FROM texts WHERE drill = ? AND source = ? AND digest = ?", (self._drill, source, digest)
        ).fetchall()
        for of, events in told:
            if of == (party or ""):
                return _read(events)
        made = self._ledger.events(reading, party=party, source=source, received=received, again=bool(told))
        if self._drill:
            made = [_as_drill(event) for event in made]
        if made:
            self._db.execute(
                "INSERT INTO texts VALUES (?, ?, ?, ?, ?)", (self._drill, source, digest, party or "", _write(made))
            )
        return made

    def keep(self) -> None:
        """Have on disk what was told since it was opened. Call it before anything is handed over."""
        changed = [(self._drill, key, *known) for key, known in self._ledger.known.items() if self._before.get(key) != known]
        try:
            self._db.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?)", changed)
            for table, most in (("texts", MOST_TEXTS), ("known", MOST_KNOWN)):
                self._db.execute(
                    f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT -1 OFFSET ?)",  # noqa: S608
                    (most,),
                )
            self._db.execute("COMMIT")
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise RememberingError(f"{self.path}: cannot write what was told of warnings: {error}") from error
        self._before = dict(self._ledger.known)


def _as_drill(event: LaunchNotice) -> LaunchNotice:
    # Under the real one's id it would pass for that, or that for it.
    return msgspec.structs.replace(event, id=f"exercise-{event.id}", exercise=True)
