"""Appends to the embedded log: each call one transaction, on disk when it returns (``synchronous = FULL``)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from producers.appending import AppendError, Arrival, Unfit
from streams.log.sqlite import Entry, Log, LogError, Refusal


class SqliteAppender:
    """One log file, open for writing, in the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where there is none.

        Raises:
            AppendError: when it cannot be opened, or is something else.
        """
        try:
            self._log = Log(path)
        except LogError as error:
            raise AppendError(str(error)) from error

    def append(self, arrivals: Sequence[Arrival]) -> None:
        """Append in order, all or none; an event that the log has is passed over.

        Raises:
            AppendError: when the file cannot be written.
        """
        entries = (Entry(event.source, event.id, str(event.__struct_config__.tag), data) for event, data in arrivals)
        try:
            self._log.append(entries, datetime.now(UTC))
        except LogError as error:
            raise AppendError(str(error)) from error

    def keep(self, unfit: Sequence[Unfit]) -> None:
        """File dead letters; the same one of the same place is filed once.

        Raises:
            AppendError: when the file cannot be written.
        """
        try:
            self._log.refuse(map(Refusal._make, unfit), datetime.now(UTC))
        except LogError as error:
            raise AppendError(str(error)) from error

    def check(self) -> None:
        """Begin a transaction that writes nothing.

        Raises:
            AppendError: when the file cannot be written.
        """
        self.append(())

    def close(self) -> None:
        """Close the file."""
        self._log.close()
