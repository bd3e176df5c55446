"""What the warnings that were sent stood for, kept on disk: a cancellation that comes in weeks later finds the notice it ends.

A text that was told before gives the very events it gave then, so that a file of warnings can be sent again after whatever went
wrong: what had arrived counts once. Drills have a memory of their own.
"""

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
from streams.log.database import Layout, opened

if TYPE_CHECKING:
    from types import TracebackType

VERSION = 1
MOST_TEXTS = 50_000
"""Texts that are remembered; the oldest are forgotten. All coordinators together announce some hundred launches a year."""
MOST_KNOWN = 100_000
"""Numbers of warnings that are remembered."""
_TABLES = """
CREATE TABLE known (
    drill INTEGER NOT NULL,
    key TEXT NOT NULL,
    notice TEXT NOT NULL,
    revision INTEGER NOT NULL,
    party TEXT NOT NULL,
    PRIMARY KEY (drill, key)
);
CREATE TABLE texts (
    drill INTEGER NOT NULL,
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    party TEXT NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (drill, source, digest, party)
);
"""
_read = msgspec.json.Decoder(list[LaunchNotice]).decode
_write = msgspec.json.Encoder(order="deterministic").encode


class RememberingError(Exception):
    """The file of what was told cannot be used. The message says which and why."""


LAYOUT = Layout("memory of warnings", 0x5354574D, VERSION, _TABLES, RememberingError)


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
        self._db = opened(path, LAYOUT)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            rows = self._db.execute("SELECT key, notice, revision, party FROM known WHERE drill = ?", (self._drill,))
            self._before = {key: Known(*known) for key, *known in rows}
        except sqlite3.Error as error:
            self._db.close()
            busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            what = "another process holds on to" if busy else "cannot read"
            raise RememberingError(f"{path}: {what} the memory of warnings: {error}") from error
        self._ledger = Ledger(dict(self._before))

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
            raise RememberingError(f"{self.path}: cannot write the memory of warnings: {error}") from error
        self._before = dict(self._ledger.known)


def _as_drill(event: LaunchNotice) -> LaunchNotice:
    # Under the real one's id it would pass for that, or that for it.
    return msgspec.structs.replace(event, id=f"exercise-{event.id}", exercise=True)
