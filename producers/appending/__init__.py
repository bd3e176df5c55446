"""Appends events to the log, on Kafka or in SQLite, so that they are there when the call returns."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from streams.events import AnyEvent
from streams.rulebook import RuleBook

KAFKA = "kafka://"
PATIENCE = 20.0
"""Seconds that a broker is given to take events in."""


class AppendError(Exception):
    """The log did not take the events in. Those of the call may be in it or not: append them again, the same id counts once."""


TAKEN = "an event with this id and source and other content was taken in before"
"""Why an event is refused whose id another one has."""


class Arrival(NamedTuple):
    """An event as it arrived: decoded, and the bytes that go into the log."""

    event: AnyEvent
    data: bytes


class Unfit(NamedTuple):
    """What arrived and is no event, or may not be said: a dead letter to be.

    Attributes:
        place: Where it came from, in words.
        line: Which of that place's, from 1.
        data: Its bytes.
        reason: What is wrong with it.
    """

    place: str
    line: int
    data: bytes
    reason: str


class Appender(Protocol):
    """One log, open for writing."""

    def append(self, arrivals: Sequence[Arrival]) -> Sequence[int]:
        """Append in order; returns once all of it is durable.

        Returns:
            By their index, those that are not in the log since it has another event of that id and source, as far as it can
            tell.

        Raises:
            AppendError: when the log does not take it in.
        """

    def close(self) -> None:
        """Let go of the log."""


class Keeper(Appender, Protocol):
    """A log that also keeps dead letters, and can be asked how it is."""

    def keep(self, unfit: Sequence[Unfit]) -> None:
        """File dead letters; returns once all of them are durable.

        Raises:
            AppendError: when the log does not take them in.
        """

    def check(self) -> None:
        """Ask the log whether it would take something in.

        Raises:
            AppendError: when it would not.
        """


def open_log(target: str, book: RuleBook, *, run: str | None = None, patience: float = PATIENCE) -> Keeper:
    """Open the log for writing.

    Use it from one thread at a time, which for SQLite must be the one that opened it.

    Args:
        target: ``kafka://HOST:PORT`` (several with commas), or the path of a SQLite log, which is made where there is none.
        book: The rules, which decide where on Kafka an event belongs.
        run: The replay or drill whose topics on Kafka are meant.
        patience: Seconds that a broker is given to take events in.

    Raises:
        AppendError: when the log cannot be opened, or its topics are not what they ought to be.
        ValueError: when ``target`` names no log, or a run is asked for in SQLite.
    """
    # Each client takes longer to import than the other needs for its work.
    if target.startswith(KAFKA):
        from producers.appending.kafka import KafkaAppender
        from streams.routes import Homes

        return KafkaAppender(target.removeprefix(KAFKA), Homes.of(book), run=run, patience=patience)
    if "://" in target:
        raise ValueError(f"expected kafka://HOST:PORT or the path of a log, got {target!r}")
    if run is not None:
        raise ValueError("a run has topics of its own on Kafka; a SQLite log is named by its file alone")
    from producers.appending.sqlite import SqliteAppender

    return SqliteAppender(Path(target))
