"""A page over HTTP: its status and words in it. The connection goes to the address that was checked, not to the name."""

import contextlib
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpcore
import httpx

from producers.probes import trust
from producers.probes.attempt import MOST, Attempt, NotMade, Wrong, quoted, shown
from producers.probes.model import Http, accepted
from producers.probes.network import Place, Ways, each

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_AGENT = "steadyline-probe"


async def probe(target: Http, ways: Ways, base: Path, attempt: Attempt) -> None:
    """Get the page.

    Raises:
        Wrong, NoCarrier, NotMade, OSError: see ``attempt``.
    """
    url = httpx.URL(target.url)
    context = trust.context(target.tls, base)
    for hops_left in range(target.redirects, -1, -1):
        response, body = await _got(target, url, ways, context, attempt)
        to = response.headers.get("location")
        if response.status_code in _REDIRECTS and to is not None and hops_left:
            url = _next(url, to)
            attempt.saw(f"redirected to {shown(str(url.copy_with(query=None, fragment=None)))}")
            continue
        _judge(target, response.status_code, response.reason_phrase, body, attempt)
        return


def _next(url: httpx.URL, to: str) -> httpx.URL:
    try:
        found = url.join(to)
    except httpx.InvalidURL as error:
        raise Wrong(f"redirected to what is no address: {shown(to)}") from error
    reachable = found.port is None or 0 < found.port < 65_536
    if found.scheme not in _PORTS or not found.host or found.userinfo or not reachable:
        raise Wrong(f"redirected to what is no http or https address: {shown(to)}")
    if url.scheme == "https" and found.scheme == "http":
        raise Wrong("redirected from https to http")
    return found


async def _got(
    target: Http, url: httpx.URL, ways: Ways, context: ssl.SSLContext, attempt: Attempt
) -> tuple[httpx.Response, bytes]:
    port = url.port or _PORTS[url.scheme]
    places = await ways.places(url.host, port)
    attempt.transport = "down"
    return await each(places, attempt, lambda place, share: _asked(target, url, place, share, context, attempt))


async def _asked(
    target: Http, url: httpx.URL, place: Place, share: float, context: ssl.SSLContext, attempt: Attempt
) -> tuple[httpx.Response, bytes]:
    asked = target.tls
    name = url.host if asked is None or asked.server_name is None else asked.server_name

    connections: list[httpcore.AsyncNetworkStream] = []

    async def trace(event: str, about: Mapping[str, Any]) -> None:
        # The one way to tell a connection that is refused from a handshake that fails: both are ConnectError.
        if event == "connection.connect_tcp.complete":
            attempt.connected(str(place))
            connections.append(about["return_value"])

    # Neither proxies nor credentials of the environment: the probe goes where it says it goes.
    async with httpx.AsyncClient(
        verify=context,
        trust_env=False,
        timeout=httpx.Timeout(None, connect=share),  # the time for the whole is kept around it
        follow_redirects=False,
    ) as client:
        request = client.build_request(
            target.method,
            url.copy_with(host=place.address, port=place.port, fragment=None),
            headers={
                "Host": url.netloc.decode("ascii"),
                "User-Agent": _AGENT,
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
            extensions={"sni_hostname": name, "trace": trace},
        )
        try:
            response = await client.send(request, stream=True)
            try:
                if url.scheme == "https":
                    stream = response.extensions["network_stream"]
                    trust.check(asked, stream.get_extra_info("ssl_object"), attempt)
                body = b"" if target.method == "HEAD" else await _start(response)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise _read(error, attempt) from error
        finally:
            for connection in connections:
                # The client forgets one whose handshake is given up.
                with contextlib.suppress(Exception):
                    await connection.aclose()
    return response, body


async def _start(response: httpx.Response) -> bytes:
    got = bytearray()
    async for piece in response.aiter_raw(MOST):
        got += piece[: MOST - len(got)]
        if len(got) >= MOST:
            break
    return bytes(got)


def _judge(target: Http, status: int, reason: str, body: bytes, attempt: Attempt) -> None:
    line = f"HTTP {status} {shown(reason, 40)}".rstrip()
    if not accepted(status, target.status):
        raise Wrong(f"{line}, expected {', '.join(map(str, target.status))}")
    if target.body is not None and target.body.encode() not in body:
        raise Wrong(f"{line}, but the expected words are not in its first {MOST} bytes: {quoted(body)}")
    attempt.saw(line)


def _read(error: httpx.HTTPError, attempt: Attempt) -> Exception:
    """What an error of the client's says of the channel: it hides the system's own errors behind its own."""
    if isinstance(error, httpx.ConnectTimeout):
        return TimeoutError()
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return trust.refused(cause)
        if isinstance(cause, OSError) and cause.errno is not None:
            return cause
        cause = cause.__cause__ or cause.__context__
    if attempt.transport == "up":
        return Wrong(f"no answer in HTTP: {shown(str(error) or type(error).__name__)}")
    return OSError(shown(str(error))) if isinstance(error, httpx.TransportError) else NotMade(shown(str(error)))
