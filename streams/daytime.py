"""The time of day. It is read at the edge and handed on: the core, the desk and whatever else is pure never read it."""

from datetime import UTC, datetime


def utc() -> datetime:
    """The time of day, with its zone."""
    return datetime.now(UTC)
