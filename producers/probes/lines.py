"""Plain connections, with TLS or without: somebody takes the call, and says the expected words."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from producers.probes import trust
from producers.probes.attempt import MOST, Attempt, Wrong, quoted
from producers.probes.model import Tcp, Tls, Trust
from producers.probes.network import Ways

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def opened(host: str, port: int, tls: Trust | None, ways: Ways, base: Path, attempt: Attempt) -> AsyncIterator[Streams]:
    """A TCP connection, cut off at the end; in TLS where ``tls`` says which certificate is the right one.

    Raises:
        Wrong: when there is no handshake, or it is the wrong certificate.
        NoCarrier, NotMade, OSError: see ``attempt``.
    """
    context = None if tls is None else trust.context(tls, base)
    sock = await ways.dial(host, port, attempt)
    try:
        reader, writer = await _over(sock, host if tls is None else tls.server_name or host, context, attempt)
    except BaseException:
        sock.close()
        raise
    try:
        if tls is not None:
            trust.check(tls, writer.get_extra_info("ssl_object"), attempt)
        attempt.doing = "waiting for an answer"
        yield reader, writer
    finally:
        # The other side may never say goodbye; nobody waits for it.
        writer.transport.abort()


async def _over(sock: socket.socket, name: str, context: ssl.SSLContext | None, attempt: Attempt) -> Streams:
    if context is None:
        return await asyncio.open_connection(sock=sock, limit=MOST)
    attempt.doing = "waiting for the TLS handshake"
    longer = attempt.timeout + 1
    try:
        return await asyncio.open_connection(
            sock=sock, limit=MOST, ssl=context, server_hostname=name, ssl_handshake_timeout=longer
        )
    except ssl.SSLError as error:
        raise trust.refused(error) from error


async def probe(target: Tcp, ways: Ways, base: Path, attempt: Attempt) -> None:
    """Call, and wait for the expected words where there are any.

    Raises:
        Wrong, NoCarrier, NotMade, OSError: see ``attempt``.
    """
    tls = target.tls if isinstance(target, Tls) else None
    async with opened(target.host, target.port, tls, ways, base, attempt) as (reader, writer):
        if target.send is not None:
            writer.write(target.send.encode())
            await writer.drain()
        if target.expect is not None:
            await _expected(reader, target.expect.encode(), attempt)


async def _expected(reader: asyncio.StreamReader, words: bytes, attempt: Attempt) -> None:
    got = bytearray()
    attempt.doing = "waiting for the expected words"
    while len(got) < MOST:
        piece = await reader.read(MOST - len(got))
        if not piece:
            raise Wrong(f"the connection ended without the expected words, after {quoted(bytes(got))}")
        start = max(0, len(got) - len(words))
        got += piece
        if got.find(words, start) >= 0:
            attempt.saw(f"got {quoted(bytes(got))}")
            return
    raise Wrong(f"the expected words are not in the first {MOST} bytes: {quoted(bytes(got))}")
