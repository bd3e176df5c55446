"""Appends to the embedded log: each call one transaction, on disk when it returns (``synchronous = FULL``)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from producers.appending import AppendError, Arrival, Unfit
from streams.events import AnyEvent
from streams.events.decode import Refused, decode
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

    def append(self, arrivals: Sequence[Arrival]) -> Sequence[int]:
        """Append in order, all or none; an event that the log has is passed over.

        Returns:
            Those that were passed over though they say something else than what the log has, by their index.

        Raises:
            AppendError: when the file cannot be written.
        """
        entries = (Entry(event.source, event.id, str(event.__struct_config__.tag), data) for event, data in arrivals)
        try:
            if self._log.append(entries, datetime.now(UTC)) == len(arrivals):
                return ()
            return [index for index, (event, data) in enumerate(arrivals) if not self._has(event, data)]
        except LogError as error:
            raise AppendError(str(error)) from error

    def _has(self, event: AnyEvent, data: bytes) -> bool:
        """Whether the log has this event, and not another of its id; when it was taken in says nothing."""
        known = self._log.get(event.source, event.id)
        if known is None or known == data:
            return known is not None
        try:
            return replace(decode(known), ingested=None) == replace(event, ingested=None)
        except Refused:
            return False

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
