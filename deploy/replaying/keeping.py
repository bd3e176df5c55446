"""What a run leaves behind: the events in the log it was told to keep, and its dead letters in that log or the user's own."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.consoles import complain
from deploy.places import state_log
from streams.log.sqlite import Entry, Log, LogError, Refusal

_TOLD = 10
"""Dead letters told one by one; the rest are only counted."""


class Keeper:
    """Files events and dead letters, and opens a log only when there is something to file.

    Args:
        log: The log to keep events in; without it events are not kept, and dead letters go to the user's own log.
        now: Reads the time, with its zone.

    Raises:
        LogError: when ``log`` cannot be opened.
    """

    def __init__(self, log: Path | None, now: Callable[[], datetime]) -> None:
        self._now = now
        self._log = None if log is None else Log(log)
        self._named = log is not None
        self._told = 0
        self._lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._log is not None:
            self._log.close()

    @property
    def place(self) -> Path | None:
        """The log in use; ``None`` where nothing was filed."""
        return None if self._log is None else self._log.path

    def keep(self, entries: Sequence[Entry]) -> None:
        """Append events to the log."""
        if self._log is not None:
            self._log.append(entries, self._now())

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """File lines that are no events, and name the first few of them."""
        for refusal in refusals[: max(0, _TOLD - self._told)]:
            complain(f"{refusal.place}:{refusal.line}: {refusal.reason}")
        self._told += len(refusals)
        log = self._opened()
        if log is not None:
            log.refuse(refusals, self._now())

    def _opened(self) -> Log | None:
        """The log for dead letters. A user's own log that cannot be written loses them with a warning, and stops no run."""
        if self._log is None and not self._lost:
            try:
                self._log = Log(state_log())
            except LogError as error:
                self._lost = True
                complain(f"dead letters are counted but not kept: {error}")
        return self._log

    def closing_words(self) -> str | None:
        """How many dead letters there are, and where to look at them."""
        if not self._told:
            return None
        count = f"{self._told} dead letter{'' if self._told == 1 else 's'}"
        if self._log is None:
            return f"{count}, not kept"
        return f"{count}: see `steadyline dead-letters list{f' --log {self._log.path}' if self._named else ''}`"
