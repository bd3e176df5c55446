"""SQLite files of our own: opened, laid out once, told from the files of others, and written all or nothing.

Each file says in its header whose it is (``application_id``) and in which layout (``user_version``), so that no program of an
older version, and no other one's database, is taken for what it is not.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

PATIENCE = 10.0
"""Seconds that another process may hold on to a file."""


class Layout(NamedTuple):
    """What stands in one kind of file.

    Attributes:
        what: What it is, in words for people: ``log``.
        application: The number by which such a file is known.
        version: The layout of its tables; a file with a higher one was written by a newer program.
        tables: The statements that lay it out, in one transaction.
        fault: What is raised where a file cannot be used; its message names the file.
        durable: What is written is on disk once the write returns, and not only with the system.
        private: Its owner alone may read it, whatever was allowed before.
    """

    what: str
    application: int
    version: int
    tables: str
    fault: type[Exception]
    durable: bool = True
    private: bool = False


def opened(path: Path | None, layout: Layout, *, create: bool = True, one_thread: bool = True) -> sqlite3.Connection:
    """Open a file of this kind, in autocommit: transactions are begun and ended by ``transaction``.

    Args:
        path: The file; ``None`` for a database in memory, which ends with its connection.
        layout: What it is.
        create: Make it where there is none: what people report is for its owner alone, and what SQLite puts beside it has the
            same mode.
        one_thread: Only the thread that opens it uses it.

    Raises:
        Exception: ``layout.fault``, when the file cannot be opened, is something else, or was written by a newer program.
    """
    try:
        if create and path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            if layout.private:
                path.chmod(0o600)
        db = sqlite3.connect(path or ":memory:", timeout=PATIENCE, isolation_level=None, check_same_thread=one_thread)
    except (OSError, sqlite3.Error) as error:
        raise layout.fault(f"{path}: cannot open the {layout.what}: {error}") from error
    try:
        _check(db, path, layout)
    except sqlite3.Error as error:
        db.close()
        other = "not a database" in str(error)
        said = f"not a Steadyline {layout.what}" if other else f"cannot open the {layout.what}: {error}"
        raise layout.fault(f"{path}: {said}") from error
    except layout.fault:
        db.close()
        raise
    return db


@contextmanager
def transaction(db: sqlite3.Connection, path: Path, fault: type[Exception]) -> Iterator[None]:
    """All that is written within, or nothing where an error ends it.

    Raises:
        Exception: ``fault``, when the file cannot be written.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself where the disk is full.
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise fault(f"{path}: cannot write: {error}") from error


def _check(db: sqlite3.Connection, path: Path | None, layout: Layout) -> None:
    if _is_empty(db) and _number(db, "application_id") == 0:
        _lay_out(db, layout)
    application, version = _number(db, "application_id"), _number(db, "user_version")
    if application != layout.application:
        raise layout.fault(f"{path}: not a Steadyline {layout.what}, but a database of something else")
    if version > layout.version:
        raise layout.fault(
            f"{path}: written by a newer Steadyline (layout {version}, this one knows {layout.version}): update to read it"
        )
    db.execute(f"PRAGMA synchronous = {'FULL' if layout.durable else 'NORMAL'}")


def _lay_out(db: sqlite3.Connection, layout: Layout) -> None:
    """Lay out a new file, whoever else does so at the same time."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            # WAL must be chosen outside a transaction, and stays with the file. For this SQLite waits for nobody.
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
    try:
        db.executescript(
            f"BEGIN IMMEDIATE;\n{layout.tables}\n"
            f"PRAGMA application_id = {layout.application};\nPRAGMA user_version = {layout.version};\nCOMMIT;"
        )
    except sqlite3.OperationalError:
        if db.in_transaction:
            db.execute("ROLLBACK")
        # Another process was first.
        if _is_empty(db):
            raise


def _is_empty(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])
