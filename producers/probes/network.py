"""From a host's name to a connection, by way of the allow list: what is checked is what is connected to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from producers.probes.attempt import Attempt, NoCarrier, NotMade, ours, reason_of, shown
from streams.allowing import AllowList, literal

T = TypeVar("T")

_MOST = 4
"""Addresses of one name that are tried."""
_LOOKUPS = 64


class Place(NamedTuple):
    """An address to connect to, checked."""

    family: int
    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


Lookup = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a name (and a port, for what it is worth), in the order in which they are to be tried."""


class Ways:
    """The ways out of this machine: name look-ups and connections within the allow list."""

    def __init__(self, allow: AllowList, lookup: Lookup | None = None) -> None:
        """Prepare.

        Args:
            allow: What may be tried.
            lookup: Another way to look up names than the system's.
        """
        self.allow = allow
        # Look-ups of the system block a thread each; one that hangs must not keep others waiting.
        self._threads = ThreadPoolExecutor(_LOOKUPS, "lookup") if lookup is None else None
        self._lookup = lookup or self._system

    def close(self) -> None:
        """Let go of the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def places(self, host: str, port: int) -> list[Place]:
        """Where a host may be reached.

        Raises:
            NoCarrier: when there is no such name.
            NotMade: when the host, or all that it resolves to, is not allowed.
        """
        if not self.allow.lists(host):
            raise NotMade(f"{shown(host)} is not on the allow list")
        try:
            addresses = [host.strip("[]")] if literal(host) is not None else await self._lookup(host, port)
        except OSError as error:
            if ours(error):
                raise NotMade(f"{shown(host)} cannot be looked up: {reason_of(error)}") from error
            raise NoCarrier(f"no address for {shown(host)}: {reason_of(error)}") from error
        found: list[Place] = []
        refusals = []
        for text in addresses:
            address = literal(text)
            if address is None:
                continue
            refusal = self.allow.refusal(address)
            if refusal is None:
                found.append(Place(socket.AF_INET6 if address.version == 6 else socket.AF_INET, str(address), port))
            else:
                refusals.append(refusal)
        if refusals and not found:
            raise NotMade(f"{shown(host)} is not tried: {refusals[0]}")
        if not found:
            raise NoCarrier(f"no address for {shown(host)}")
        return found[:_MOST]

    async def dial(self, host: str, port: int, attempt: Attempt) -> socket.socket:
        """A TCP connection to the first of a host's addresses that takes one.

        Raises:
            NoCarrier: when none does.
            NotMade: when it was not tried.
        """
        return await each(await self.places(host, port), attempt, lambda place, share: _connected(place, share, attempt))

    async def _system(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def each(places: list[Place], attempt: Attempt, connect: Callable[[Place, float], Awaitable[T]]) -> T:
    """What ``connect`` makes of the first place that it can connect to, in its share of the time that is left (seconds).

    Raises:
        NoCarrier: when there is no way to any of them.
        NotMade: when each failed by a fault of our own.
    """
    reasons: list[str] = []
    own = True
    for number, place in enumerate(places):
        attempt.knocking(str(place))
        try:
            return await connect(place, attempt.left / (len(places) - number))
        except OSError as error:
            if attempt.transport == "up":
                raise
            own = own and ours(error)
            late = isinstance(error, TimeoutError) and error.errno is None
            reasons.append(f"no connection to {place}: {'nothing came back in time' if late else reason_of(error)}")
    raise (NotMade if own else NoCarrier)("; ".join(reasons))


async def _connected(place: Place, share: float, attempt: Attempt) -> socket.socket:
    sock = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(share):
            await asyncio.get_running_loop().sock_connect(sock, (place.address, place.port))
    except BaseException:
        sock.close()
        raise
    attempt.connected(str(place))
    return sock
