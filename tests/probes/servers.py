"""Real servers on this machine for probes to try, and some that behave badly. Each is named for what it does."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def stream_server(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A TCP server, with TLS where a context is given; the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(handle, HOST, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(*pieces: bytes, stay: bool = False) -> Handler:
    """Says this and hangs up, or stays on the line in silence."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if stay:
            await silence(reader, writer)
        writer.close()
        await writer.wait_closed()

    return handle


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes whatever comes and says nothing."""
    while await reader.read(65_536):
        pass


def answers(content: bytes, until: bytes = b"\r\n\r\n") -> Handler:
    """Reads a request up to its end, and gives the same answer to any."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(until)
        writer.write(content)
        await writer.drain()
        writer.close()

    return handle


def floods(start: bytes) -> Handler:
    """Says something without end."""

    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    return handle


def drips(content: bytes, every: float = 0.01) -> Handler:
    """Says a byte at a time, slower than anybody waits for the whole."""

    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in content:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(every)

    return handle


@asynccontextmanager
async def mail_server(tls: ssl.SSLContext | None = None, *, at_once: bool = False, **options: object) -> AsyncIterator[int]:
    """aiosmtpd: with STARTTLS where a context is given, or TLS from the first byte."""

    class Deliveries:
        """Takes no mail: a probe sends none."""

    def factory() -> SMTP:
        return SMTP(Deliveries(), hostname="mail.test", tls_context=None if at_once else tls, **options)  # type: ignore[arg-type]

    server = await asyncio.get_running_loop().create_server(factory, HOST, 0, ssl=tls if at_once else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


Answerer = Callable[[bytes, int], list[bytes]]
"""Given a datagram and how many came before it: what to send back."""


class Datagrams(asyncio.DatagramProtocol):
    """A UDP responder, a test double of a SIP server: it is told what to say."""

    def __init__(self, answerer: Answerer) -> None:
        self.got: list[bytes] = []
        self._answerer = answerer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        assert self._transport is not None
        for answer in self._answerer(data, len(self.got)):
            self._transport.sendto(answer, address)
        self.got.append(data)


@asynccontextmanager
async def datagram_server(answerer: Answerer) -> AsyncIterator[tuple[int, Datagrams]]:
    """The responder's port, and what it got."""
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(answerer), local_addr=(HOST, 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1], protocol
    finally:
        transport.close()
        # The transport lets go of its socket in the loop's next turn.
        await asyncio.sleep(0)


def sip_response(request: bytes, status: str = "200 OK", body: bytes = b"", **changed: str) -> bytes:
    """What a SIP server says to this request: the headers that a response must repeat (RFC 3261, 8.2.6.2)."""
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    headers = {name: value for name, _, value in (line.partition(": ") for line in lines[1:])}
    headers = {name: headers[name] for name in ("Via", "From", "To", "Call-ID", "CSeq")}
    headers["To"] += ";tag=theirs"
    headers["Content-Length"] = str(len(body))
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    head = [f"SIP/2.0 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(head).encode() + body


@contextmanager
def closed_port(kind: int = socket.SOCK_STREAM) -> Iterator[int]:
    """A port at which nothing listens, and which nobody else gets meanwhile."""
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as sock:
        if kind == socket.SOCK_DGRAM:
            sock.bind((HOST, 0))
            # Connected elsewhere: what comes from others is reported as undeliverable.
            sock.connect((HOST, 9))
        else:
            sock.bind((HOST, 0))
        yield sock.getsockname()[1]
