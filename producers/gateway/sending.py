"""What one request brings: read, held against its token, written a parcel at a time, and accounted for."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from producers.appending import Unfit
from producers.gateway.foresight import Foresight
from producers.gateway.intake import Intake, Parcel, Waiting
from producers.gateway.permits import Regimes, denied
from producers.gateway.problems import Receipt, RefusedEvent, Unjudged
from producers.gateway.reading import Read, Unread, read, read_attributes
from producers.gateway.tokens import Token
from streams.events.decode import MAX_BYTES

PARCEL = 500
"""Events that are read at a stretch, and written together."""
MOST_REFUSED = 10_000
"""Refused events that an answer tells one by one."""
MOST_UNJUDGED = 100
"""Events that the watch will not judge, likewise."""


class Sending:
    """One request's events."""

    def __init__(
        self, intake: Intake, token: Token, regimes: Regimes, foresight: Foresight, clock: Callable[[], datetime]
    ) -> None:
        self._intake = intake
        self._foresight = foresight
        self._token = token
        self._regimes = regimes
        self._clock = clock
        self._place = f"gateway/{token.name}"
        self._next = 0
        self._accepted = 0
        self._duplicates = 0
        self._refused: list[RefusedEvent] = []
        self._refused_total = 0
        self._unjudged: list[Unjudged] = []
        self._unjudged_total = 0

    async def take(self, raws: Sequence[bytes | memoryview]) -> None:
        """Take in the next events; what comes of them is durable when this returns.

        Raises:
            BusyError: when too much waits already.
            AwayError: when the log does not take them in. Those before may be in it.
        """
        for first in range(0, len(raws), PARCEL):
            now = self._clock()
            some = [bytes(raw) for raw in raws[first : first + PARCEL]]
            await self._write([read(raw, now) for raw in some], some)

    async def take_attributes(self, attributes: dict[str, Any], raw: bytes) -> None:
        """The same for one event whose attributes came apart from its data."""
        await self._write([read_attributes(attributes, self._clock())], [raw])

    async def take_overlong(self, head: bytes, dropped: int) -> None:
        """An event that was too long to be held: only its beginning is kept."""
        await self.take_unreadable(head[:MAX_BYTES], f"expected at most {MAX_BYTES} bytes, got {len(head) + dropped}")

    async def take_unreadable(self, raw: bytes, reason: str) -> None:
        """Something of which it is known already that it is no event."""
        await self._write([Unread(None, None, reason)], [raw])

    def receipt(self) -> Receipt:
        """What came of all of it."""
        return Receipt(
            accepted=self._accepted,
            duplicates=self._duplicates,
            refused=tuple(sorted(self._refused, key=lambda one: one.index)),
            refused_total=self._refused_total,
            unjudged=self._unjudged,
            unjudged_total=self._unjudged_total,
        )

    async def _write(self, found: Sequence[Read | Unread], raws: Sequence[bytes]) -> None:
        ready: list[Waiting] = []
        unfit: list[Unfit] = []
        refused: list[RefusedEvent] = []
        for place, (one, raw) in enumerate(zip(found, raws, strict=True)):
            index = self._next + place
            if isinstance(one, Read):
                why = denied(one.event, self._token, self._regimes)
                if why is None:
                    ready.append(Waiting(index, one, raw))
                    continue
                field, reason = why
                refusal = RefusedEvent(index=index, id=one.event.id, field=field, reason=reason, status=403)
            else:
                refusal = RefusedEvent(index=index, id=one.id, field=one.field, reason=one.reason, status=422)
            refused.append(refusal)
            at = f" - at `{refusal.field}`" if refusal.field else ""
            unfit.append(Unfit(self._place, index + 1, raw, refusal.reason + at))
        outcome = await self._intake.put(Parcel(self._token.name, self._place, self._token, ready, unfit))
        self._foresee(ready, {one.index for one in outcome.turned})
        self._next += len(raws)
        self._accepted += outcome.accepted
        self._duplicates += outcome.duplicates
        refused += (
            RefusedEvent(index=one.index, id=one.id, field=one.field, reason=one.reason, status=one.status)
            for one in outcome.turned
        )
        self._refused_total += len(refused)
        self._refused += refused[: MOST_REFUSED - len(self._refused)]
        # Reading is work for this thread alone: others get their turn in between.
        await asyncio.sleep(0)

    def _foresee(self, taken: Sequence[Waiting], turned: Collection[int]) -> None:
        """Note which of the events that are in the log now the watch will not judge."""
        now = self._clock()
        for waiting in taken:
            event = waiting.read.event
            if waiting.index in turned or (why := self._foresight.unjudged(event, now)) is None:
                continue
            self._unjudged_total += 1
            if len(self._unjudged) < MOST_UNJUDGED:
                self._unjudged.append(Unjudged(index=waiting.index, id=event.id, reason=why))


def events_of(body: bytes) -> list[msgspec.Raw] | None:
    """The events of a batch, each as it was sent; ``None`` where it is no JSON array."""
    try:
        return _array(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
