"""Appends events to the log, on Kafka or in SQLite, so that they are there when the call returns."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from streams.events import AnyEvent


class AppendError(Exception):
    """The log did not take the events in. Those of the call may be in it or not: append them again, the same id counts once."""


class Arrival(NamedTuple):
    """An event as it arrived: decoded, and the bytes that go into the log."""

    event: AnyEvent
    data: bytes


class Appender(Protocol):
    """One log, open for writing."""

    def append(self, arrivals: Sequence[Arrival]) -> None:
        """Append in order; returns once all of it is durable.

        Raises:
            AppendError: when the log does not take it in.
        """

    def close(self) -> None:
        """Let go of the log."""
