"""How a service listens: its socket, what its server believes and bears, signals that are left to whoever runs it."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from streams.live.health import Bind
from streams.web.guard import Guard

HEADER_BYTES = 32_768
"""The longest headers, in bytes."""
BACKLOG = 256
"""Connections that wait to be taken."""


def listen(bind: Bind) -> socket.socket:
    """A socket that listens.

    Raises:
        OSError: when nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    # With its protocol named: asyncio else leaves its connections waiting for company before they send (Nagle).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(tuple(bind))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"expected to listen at {bind}: {error.strerror}") from error
    listening.set_inheritable(False)
    return listening


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        # A name that begins like a number is a name, and leads wherever its owner wants.
        return False


@contextlib.contextmanager
def quiet_signals() -> Iterator[None]:
    """Let the server raise again what it has heard, to no effect: it was asked to stop, and did."""
    try:
        before = {each: signal.signal(each, _heard) for each in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: no signal comes here
        yield
        return
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def configured(
    guard: Guard, *, opening: float, connections: int, grace: int, certificate: Path | None = None, key: Path | None = None
) -> uvicorn.Config:
    """How uvicorn serves any of ours.

    Args:
        guard: What is served, behind its guard.
        opening: Seconds within which the headers of a request must have come.
        connections: How many may be open.
        grace: Seconds in which what was begun is ended.
        certificate: A file of certificates in PEM: TLS.
        key: The file of its key.
    """
    return uvicorn.Config(
        guard,
        http=protocol(opening),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody is believed about where a request comes from.
        proxy_headers=False,
        limit_concurrency=connections,
        h11_max_incomplete_event_size=HEADER_BYTES,
        backlog=BACKLOG,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=grace,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


class Server(uvicorn.Server):
    """Uvicorn's, which lets go of every connection at its end, also of one that came or went on while it stopped."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end what was begun as far as the grace allows, and break off the rest."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # They are gone at the next turn of the loop, which may be the last.
        await asyncio.sleep(0)


def _heard(_: int, __: object) -> None:
    """Nothing is left to do."""


def protocol(seconds: float) -> type[H11Protocol]:
    """Uvicorn's protocol, which waits for ever for the end of the headers, with an end to that."""

    class Opening(H11Protocol):
        _opening: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._await()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._await()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _await(self) -> None:
            if self._serving():
                self._forget()
            elif self._opening is None:
                self._opening = self.loop.call_later(seconds, self._late)

        def _forget(self) -> None:
            if self._opening is not None:
                self._opening.cancel()
                self._opening = None

        def _late(self) -> None:
            self._opening = None
            if not self._serving():
                self.transport.close()

        def _serving(self) -> bool:
            # Its type says that there always is a cycle; before the first request there is none.
            cycle: RequestResponseCycle | None = self.cycle
            return cycle is not None and not cycle.response_complete

    return Opening
