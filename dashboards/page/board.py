"""The live floor as it is told to every browser: what changed, row by row, each change written once for all of them.

A message has an id of two parts: which run of the server, and its number. Whoever comes back with an id that is still held gets
what came since; anybody else the whole floor. So a lost connection is caught up with, and a restart of the server as well.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from dashboards.page.floor import SECTIONS, Floor
from dashboards.page.pulse import Pulse

HELD = 1_000
"""Messages that are held for those who lost their connection: some minutes of a busy floor."""
_encode = msgspec.json.Encoder().encode


class Board:
    """The last floor, and the changes that led to it. Belongs to one event loop."""

    def __init__(self, boot: str, held: int = HELD) -> None:
        """Start with nothing on it.

        Args:
            boot: Tells one run of the server from another.
            held: How many messages are held.
        """
        self.boot = boot
        self.number = 0
        self.pulse: bytes = b""
        self.closed = False
        self._sections: dict[str, dict[str, bytes]] = {name: {} for name in SECTIONS}
        self._more = self._silent = 0
        self._held: deque[tuple[int, bytes]] = deque(maxlen=held)
        self._turned = asyncio.Event()

    def post(self, floor: Floor, pulse: Pulse) -> bool:
        """Put up the floor as it is now; whether anything but the time changed."""
        changes: dict[str, dict[str, msgspec.Raw | None]] = {}
        for name in SECTIONS:
            before = self._sections[name]
            after = {key: _encode(row) for key, row in getattr(floor, name).items()}
            changed: dict[str, msgspec.Raw | None] = {
                key: msgspec.Raw(row) for key, row in after.items() if before.get(key) != row
            }
            changed.update({key: None for key in before if key not in after})
            if changed:
                changes[name] = changed
            self._sections[name] = after
        moved = bool(changes) or (floor.more, floor.silent) != (self._more, self._silent)
        self._more, self._silent = floor.more, floor.silent
        if moved:
            self.number += 1
            body = {"at": floor.at, "more": floor.more, "silent": floor.silent, "sections": changes}
            self._held.append((self.number, self._message("patch", _encode(body), self.number)))
        self.blind(pulse)
        return moved

    def blind(self, pulse: Pulse) -> None:
        """Say how the pipeline does, and leave the floor as it is."""
        self.pulse = self._message("pulse", _encode(pulse), None)
        turned, self._turned = self._turned, asyncio.Event()
        turned.set()

    def close(self) -> None:
        """End every stream: the server stops."""
        self.closed = True
        self._turned.set()

    def whole(self) -> bytes:
        """The whole floor as one message."""
        sections = {name: {key: msgspec.Raw(row) for key, row in rows.items()} for name, rows in self._sections.items()}
        body = {"more": self._more, "silent": self._silent, "sections": sections}
        return self._message("floor", _encode(body), self.number)

    def since(self, last: str | None) -> tuple[list[bytes], int]:
        """What somebody who last saw the message of this id has to be told, and the number they then stand at."""
        number = self._number(last)
        if number is None or number > self.number:
            return [self.whole()], self.number
        return self.after(number)

    def after(self, number: int) -> tuple[list[bytes], int]:
        """The messages after this number; the whole floor where they are no longer held."""
        if number == self.number:
            return [], number
        if not self._held or self._held[0][0] > number + 1:
            return [self.whole()], self.number
        return [message for each, message in self._held if each > number], self.number

    async def turn(self) -> None:
        """Wait until something is put up."""
        await self._turned.wait()

    def _number(self, last: str | None) -> int | None:
        boot, _, number = (last or "").partition(".")
        return int(number) if boot == self.boot and number.isascii() and number.isdigit() and len(number) < 19 else None

    def _message(self, kind: str, body: bytes, number: int | None) -> bytes:
        name = b"" if number is None else f"id: {self.boot}.{number}\n".encode()
        return b"event: %b\n%bdata: %b\n\n" % (kind.encode(), name, body)


def joined(messages: Sequence[bytes]) -> bytes:
    """Several messages as they go over the line."""
    return messages[0] if len(messages) == 1 else b"".join(messages)
