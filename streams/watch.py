"""The watch: events and time in, lapses out. Pure: no clock, no I/O, no randomness."""

from collections.abc import Sequence
from datetime import datetime

from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.lapses import Lapse


class Watch:
    """Judges one partition of the log under the given agreements."""

    def __init__(self, agreements: Sequence[Agreement], *, run: str | None = None) -> None:
        self.now: datetime | None = None
        """The time of the last tick, UTC: the only clock there is."""

    def receive(self, event: AnyEvent) -> list[Lapse]:
        """Take in one event of the log and return what it changes, in order. A Tick advances the time."""
        raise NotImplementedError

    def advance(self, now: datetime) -> list[Lapse]:
        """Let the time be ``now`` and return what falls due by then, in order. Time never goes back."""
        raise NotImplementedError

    def lapses(self) -> list[Lapse]:
        """The last revision of every lapse that is still on the books, by onset, then id."""
        raise NotImplementedError
