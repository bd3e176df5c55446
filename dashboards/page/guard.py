"""The headers that hold every answer of the page to the page itself."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from streams.web.guard import App, Message, Receive, Scope, Send
from streams.web.problems import JSON, ProblemError

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing but what the page itself serves, no script in a document, and no text that becomes markup."""


class Dressed:
    """Wraps the application; what stands before every request is wrapped around this."""

    def __init__(self, app: App, *, secure: bool = False) -> None:
        """Wrap ``app``.

        Args:
            app: What answers.
            secure: Whether the page is served over TLS.
        """
        self._app = app
        self._headers = [
            (b"content-security-policy", POLICY.encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        await self._app(scope, receive, sent)


def only_json(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Take nothing that a form of another site could send: else it signs a browser in here as somebody else.

    Raises:
        ProblemError: 415 where the body does not say that it is JSON.
    """
    if connection.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise ProblemError(415, f"expected {JSON}")
