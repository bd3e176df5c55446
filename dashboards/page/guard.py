"""What stands before every request: by which name the page is asked, and the headers that every answer carries."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

from dashboards.page.problems import PROBLEM, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing but what the page itself serves, no script in a document, and no text that becomes markup."""


class Guard:
    """Wraps the application."""

    def __init__(self, app: App, *, hosts: Iterable[str] = (), secure: bool = False) -> None:
        """Wrap ``app``.

        Args:
            app: What is guarded.
            hosts: Names by which the page may be asked, beside numbers and ``localhost``: a page elsewhere that lets its own
                name point here is not served.
            secure: Whether the page is served over TLS.
        """
        self._app = app
        self._hosts = {"localhost", *(host.strip().lower() for host in hosts)}
        self._headers = [
            (b"content-security-policy", POLICY.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {bytes(name).lower() for name, _ in message["headers"]}
                extra = [(b"cache-control", b"no-store")] if b"cache-control" not in told else []
                message = {**message, "headers": [*message["headers"], *self._headers, *extra]}
            await send(message)

        if self._trusts(scope):
            await self._app(scope, receive, sent)
            return
        detail = "expected to be asked by number, by localhost or by a name that is set with --host-name"
        body = msgspec.json.encode(Problem(title="Misdirected Request", status=421, detail=detail))
        headers = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
        await sent({"type": "http.response.start", "status": 421, "headers": headers})
        await sent({"type": "http.response.body", "body": body})

    def _trusts(self, scope: Scope) -> bool:
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1:
            return False
        host = named[0].decode("latin-1").lower()
        host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host in self._hosts
        return True
