"""Asks a SIP server for its OPTIONS, over UDP with the retransmissions of RFC 3261 or over a stream."""

import asyncio
import secrets
import socket
from pathlib import Path
from typing import NamedTuple, NoReturn

from producers.probes import lines, sip
from producers.probes.attempt import Attempt, NoCarrier, Wrong, ours, quoted, reason_of, shown
from producers.probes.model import Sip, Trust, accepted
from producers.probes.network import Place, Ways

_PORT, _TLS_PORT = 5_060, 5_061
_DATAGRAM = 65_536
_STRAYS = 200
"""Datagrams that are no response to ours which are looked at before the attempt is given up."""


class Timers(NamedTuple):
    """T1 and T2 of RFC 3261 (section 17.1.2.2), seconds: the first wait before the request is sent again, and the longest."""

    t1: float = 0.5
    t2: float = 4.0


async def probe(target: Sip, ways: Ways, base: Path, attempt: Attempt, timers: Timers = Timers()) -> None:  # noqa: B008 - immutable
    """Ask, and wait for a final response.

    Raises:
        Wrong, NoCarrier, NotMade, OSError: see ``attempt``.
    """
    port = target.port or (_TLS_PORT if target.transport == "tls" else _PORT)
    if target.transport == "udp":
        response = await _over_udp(target, port, ways, attempt, timers)
    else:
        response = await _over_stream(target, port, ways, base, attempt)
    line = f"SIP {response.status} {shown(response.reason, 60)}".rstrip()
    if not accepted(response.status, target.status):
        raise Wrong(f"{line}, expected {', '.join(map(str, target.status))}")
    attempt.saw(line)


def _request(target: Sip, port: int, local: tuple[str, int]) -> sip.Request:
    return sip.options(target.host, port, target.user, target.transport, local, secrets.token_hex(16))


async def _over_stream(target: Sip, port: int, ways: Ways, base: Path, attempt: Attempt) -> sip.Response:
    tls = (target.tls or Trust()) if target.transport == "tls" else None
    async with lines.opened(target.host, port, tls, ways, base, attempt) as (reader, writer):
        request = _request(target, port, writer.get_extra_info("sockname")[:2])
        writer.write(request.content)
        await writer.drain()
        attempt.doing = "waiting for a final SIP response"
        for _ in range(_STRAYS):
            response = await _next(reader)
            if response.answers(request):
                if response.final:
                    return response
                attempt.doing = f"waiting for a final SIP response after {response.status}"
    raise Wrong("SIP responses to other requests than ours")


async def _next(reader: asyncio.StreamReader) -> sip.Response:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        while not head.strip(b"\r\n"):
            # Empty lines before a message keep connections alive (section 7.5).
            head = await reader.readuntil(b"\r\n\r\n")
        response = sip.parsed(head.lstrip(b"\r\n"))
        await reader.readexactly(sip.body_length(response))
    except sip.NotSip as error:
        raise Wrong(f"no answer in SIP: {error}, got {quoted(head)}") from error
    except asyncio.IncompleteReadError as error:
        raise Wrong(f"the connection ended after {quoted(error.partial)}") from error
    except asyncio.LimitOverrunError as error:
        raise Wrong(f"no answer in SIP within {sip.LONGEST_BODY} bytes") from error
    return response


async def _over_udp(target: Sip, port: int, ways: Ways, attempt: Attempt, timers: Timers) -> sip.Response:
    places = await ways.places(target.host, port)
    for number, place in enumerate(places):
        attempt.knocking(str(place))
        attempt.transport = "unknown"
        try:
            # Silence says nothing of an address: each gets its share of the time.
            async with asyncio.timeout(attempt.left / (len(places) - number)):
                return await _asked(target, place, attempt, timers)
        except TimeoutError:
            if number == len(places) - 1:
                raise
        except NoCarrier:
            if number == len(places) - 1:
                raise
    raise NoCarrier("no address to try")


async def _asked(target: Sip, place: Place, attempt: Attempt, timers: Timers) -> sip.Response:
    with socket.socket(place.family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            # Connected, so that the system hands over only what comes from there, and tells of a port that is closed.
            sock.connect((place.address, place.port))
            request = _request(target, place.port, sock.getsockname()[:2])
            # Whichever of the two is told first that nobody is there.
            tasks = [
                asyncio.ensure_future(_received(sock, request, attempt)),
                asyncio.ensure_future(_sent(sock, request, timers, attempt)),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                first = next(task for task in tasks if task.done())
                return first.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except OSError as error:
            if ours(error):
                raise
            # ICMP: the port is closed, or there is no route. Nothing carries a call there.
            raise NoCarrier(f"nothing takes datagrams at {place}: {reason_of(error)}") from error


async def _received(sock: socket.socket, request: sip.Request, attempt: Attempt) -> sip.Response:
    loop = asyncio.get_running_loop()
    for _ in range(_STRAYS):
        response = _response(await loop.sock_recv(sock, _DATAGRAM), attempt)
        if response is None or not response.answers(request):
            continue
        attempt.transport = "up"
        if response.final:
            return response
        attempt.doing = f"waiting for a final SIP response after {response.status}"
    raise Wrong("datagrams without a SIP response to ours")


async def _sent(sock: socket.socket, request: sip.Request, timers: Timers, attempt: Attempt) -> NoReturn:
    """Send, and again and again until somebody stops it: after T1, twice that, ..., T2."""
    loop = asyncio.get_running_loop()
    wait = timers.t1
    attempt.doing = "waiting for a SIP response; silence over UDP does not tell a lost packet from a deaf server"
    while True:
        await loop.sock_sendall(sock, request.content)
        await asyncio.sleep(wait)
        # A provisional response says that the request is there: from then on at the slowest pace.
        wait = timers.t2 if attempt.transport == "up" else min(wait * 2, timers.t2)


def _response(datagram: bytes, attempt: Attempt) -> sip.Response | None:
    try:
        return sip.parsed(datagram[: sip.LONGEST_HEAD].lstrip(b"\r\n"))
    except sip.NotSip:
        # Something is there, and talks something else.
        attempt.transport = "up"
        attempt.doing = f"waiting for a SIP response; got {quoted(datagram, 60)}"
        return None
