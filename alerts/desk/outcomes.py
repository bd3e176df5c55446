"""Sendings whose outcome is awaited."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from alerts.sendings import Outcome, Sending

_MOST = 10_000
"""So many sendings are awaited; the oldest of more are given up."""


class Awaited(msgspec.Struct, frozen=True):
    """A sending that was handed over.

    Attributes:
        order: Which it was, of all; counted anew where none is awaited.
        at: When it was decided; ``clears`` where it said that something is over.
        tried: The receivers of which the outcome is known.
    """

    order: int
    page: str
    number: int
    receiver: str
    drill: bool
    run: str | None
    at: datetime
    clears: bool
    tried: tuple[str, ...] = ()


class Awaiting:
    """The sendings by their keys, in the order in which they were handed over."""

    def __init__(self) -> None:
        self.known: dict[str, Awaited] = {}
        self._touched: dict[str, None] = {}

    def sent(self, sending: Sending) -> None:
        """Await what becomes of a sending."""
        order = self.known[next(reversed(self.known))].order + 1 if self.known else 0
        self.known[sending.key] = Awaited(
            order=order,
            page=sending.page,
            number=sending.number,
            receiver=sending.receiver,
            drill=sending.exercise,
            run=sending.run,
            at=sending.at,
            clears=sending.clears,
        )
        self._touched[sending.key] = None
        while len(self.known) > _MOST:
            self._drop(next(iter(self.known)))

    def learn(self, outcome: Outcome) -> Awaited | None:
        """The sending of an outcome; ``None`` where it is not awaited, or known already.

        That a receiver has not taken it yet counts once, whether it will be tried again or not.
        """
        awaited = self.known.get(outcome.key)
        if awaited is None or (outcome.receiver in awaited.tried and not outcome.delivered):
            return None
        if outcome.delivered:
            self._drop(outcome.key)
        else:
            self.known[outcome.key] = msgspec.structs.replace(awaited, tried=(*awaited.tried, outcome.receiver))
            self._touched[outcome.key] = None
        return awaited

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since the last call, as cells."""
        for key in self._touched:
            awaited = self.known.get(key)
            yield key, None if awaited is None else msgspec.msgpack.encode(awaited)
        self._touched.clear()

    def recall(self, cells: Mapping[str, bytes]) -> None:
        """Put the cells back."""
        found = ((key, msgspec.msgpack.decode(cell, type=Awaited)) for key, cell in cells.items())
        self.known = dict(sorted(found, key=lambda entry: entry[1].order))

    def _drop(self, key: str) -> None:
        del self.known[key]
        self._touched[key] = None
