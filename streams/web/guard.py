"""What stands before every request, whatever it asks for: its host, how many there are, and what every answer carries."""

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog

from streams.web.problems import PROBLEM, ProblemError, problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Told = Callable[[str, str, int, float], None]

AT_ONCE = 64
"""Requests that are served at the same time, unless told."""
BODY_SECONDS = 15.0
"""Within which all of a body must have come, unless told: whoever sends none would hold a place for nothing."""
_DRAINED = 8_388_608
_DRAIN_SECONDS = 2.0
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
_log = structlog.stdlib.get_logger(__name__)


class Guard:
    """Wraps the application.

    A page elsewhere that lets its own name point here must not be served: only numbers, ``localhost`` and the names that
    were set are answered.
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: Iterable[str] = (),
        at_once: int = AT_ONCE,
        body_seconds: float | None = BODY_SECONDS,
        told: Told | None = None,
    ) -> None:
        """Wrap ``app``.

        Args:
            app: What is guarded.
            hosts: Names by which the service may be asked.
            at_once: Requests that are served at the same time.
            body_seconds: Within which all of a body must have come; ``None`` where the application sees to that itself.
            told: Gets the method, the route, the status and the seconds of every request.
        """
        self._app = app
        self._hosts = {"localhost", *(host.strip().lower() for host in hosts)}
        self._at_once = at_once
        self._body_seconds = body_seconds
        self._told = told
        self.active = 0
        """Requests that are being served."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # There are no web sockets here, and closing one before it is accepted says so.
            await send({"type": "websocket.close", "code": 1000})
            return
        began = time.monotonic()
        # Whoever waits for a word before the body is sent has sent none that would be in the way.
        waits = any(name == b"expect" for name, _ in scope["headers"])
        exchange = _Exchange(receive, send, drains=not waits, patience=self._body_seconds)
        self.active += 1
        try:
            if not self._trusts(scope):
                detail = "expected to be asked by number, by localhost or by a name that is set"
                await _refuse(exchange, 421, detail)
            elif self.active > self._at_once:
                await _refuse(exchange, 503, f"{self._at_once} requests are being served already", retry=True)
            else:
                await self._app(scope, exchange.receive, exchange.send)
        finally:
            self.active -= 1
            self._tell(scope, exchange.status, time.monotonic() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        # The route, never the path: that of a ping holds its secret.
        route = str(scope.get("path_template") or "other")
        _log.debug("request", method=scope["method"], route=route, status=status, seconds=round(seconds, 4))
        if self._told is not None:
            self._told(scope["method"], route, status, seconds)

    def _trusts(self, scope: Scope) -> bool:
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1:
            return False
        host = named[0].decode("latin-1").lower()
        if host.startswith("["):
            host, closed, _ = host[1:].partition("]")
            if not closed:
                return False
        elif host.count(":") == 1:
            host = host.partition(":")[0]
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host in self._hosts
        return True


class _Exchange:
    """One request and its answer."""

    def __init__(self, receive: Receive, send: Send, *, drains: bool, patience: float | None) -> None:
        self._drains = drains
        self._until = None if patience is None else asyncio.get_running_loop().time() + patience
        self._receive = receive
        self._send = send
        self._read = False
        self.status = 0

    async def receive(self) -> Message:
        try:
            # Once the body is there, what may still come is that somebody hangs up, and that is waited for.
            async with asyncio.timeout_at(None if self._read else self._until):
                message = await self._receive()
        except TimeoutError:
            raise ProblemError(408, "expected the whole body sooner") from None
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._read = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            told = {bytes(name).lower() for name, _ in message["headers"]}
            headers = [*message["headers"], *(each for each in _HEADERS if each[0] not in told)]
            if not await self._drained():
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        await self._send(message)

    async def _drained(self) -> bool:
        """Whether all of the body was read. Some of it is read and dropped, so that the answer is not lost under it."""
        size = 0
        if self.status == HTTPStatus.REQUEST_TIMEOUT:
            return self._read
        with contextlib.suppress(TimeoutError, ProblemError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while self._drains and not self._read and size < _DRAINED:
                    size += len((await self.receive()).get("body", b""))
        return self._read


async def _refuse(exchange: _Exchange, status: int, detail: str, *, retry: bool = False) -> None:
    body = msgspec.json.encode(problem(status, detail))
    headers = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
    if retry:
        headers.append((b"retry-after", b"1"))
    await exchange.send({"type": "http.response.start", "status": status, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": body})
