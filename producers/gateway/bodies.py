"""The body of a request, read in bounded memory and in bounded time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from streams.events.decode import MAX_BYTES

Receive = Callable[[], Awaitable[Any]]


class SlowError(Exception):
    """The body does not come, or comes too slowly."""


class TooLargeError(Exception):
    """The body is larger than is read."""


class GoneError(Exception):
    """Whoever sent it is gone."""


class Body:
    """A body that is still coming in."""

    def __init__(self, receive: Receive, idle: float, whole: float) -> None:
        """Prepare; nothing is read yet.

        Args:
            receive: ASGI's.
            idle: Seconds that the next piece is waited for.
            whole: Seconds within which a body that is read as a whole must have come.
        """
        self._receive = receive
        self._idle = idle
        self._whole = whole
        self._over = False

    async def piece(self, patience: float | None = None) -> bytes | None:
        """The next piece; ``None`` at the end.

        Args:
            patience: Seconds to wait for it, where that is not ``idle``.

        Raises:
            SlowError: when it does not come in time. It may be asked for again.
            GoneError: when it never will.
        """
        if self._over:
            return None
        try:
            async with asyncio.timeout(self._idle if patience is None else patience):
                message = await self._receive()
        except TimeoutError:
            raise SlowError(f"nothing came for {self._idle:g} s") from None
        if message["type"] == "http.disconnect":
            self._over = True
            raise GoneError("whoever sent it is gone")
        self._over = not message.get("more_body", False)
        return message.get("body", b"") or (None if self._over else b"")

    async def all(self, most: int) -> bytes:
        """The whole body.

        Raises:
            SlowError: when it does not come in time.
            TooLargeError: when it is longer than ``most`` bytes.
            GoneError: when it breaks off.
        """
        end = time.monotonic() + self._whole
        pieces, size = [], 0
        while (piece := await self.piece(min(self._idle, max(0.0, end - time.monotonic())))) is not None:
            size += len(piece)
            if size > most:
                raise TooLargeError(f"expected at most {most} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    async def head(self, most: int, longest: int) -> bytes:
        """The first ``most`` bytes of a body of up to ``longest``; what comes after them is dropped.

        Raises:
            SlowError: when it does not come in time.
            TooLargeError: when it is longer than ``longest``.
            GoneError: when it breaks off.
        """
        return (await self.all(longest))[:most]


class Cutter:
    """Cuts pieces into lines; holds one line at most, and of one that is over-long only its beginning."""

    def __init__(self, longest: int = MAX_BYTES) -> None:
        self._longest = longest
        self._rest = bytearray()
        self._dropped = 0

    def cut(self, piece: bytes) -> list[tuple[bytes, int]]:
        """The lines that end in ``piece``: what is kept of each, and how many bytes were dropped."""
        *ended, rest = piece.split(b"\n")
        lines = []
        for end in ended:
            self._add(end)
            lines.append(self._take())
        self._add(rest)
        return lines

    def last(self) -> list[tuple[bytes, int]]:
        """The last line, where it did not end in a line end."""
        return [self._take()] if self._rest else []

    def _add(self, piece: bytes) -> None:
        room = self._longest + 1 - len(self._rest)
        self._rest += piece[:room]
        self._dropped += max(0, len(piece) - room)

    def _take(self) -> tuple[bytes, int]:
        line, dropped = bytes(self._rest), self._dropped
        self._rest.clear()
        self._dropped = 0
        return line.removesuffix(b"\r"), dropped
