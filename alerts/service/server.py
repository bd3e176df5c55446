"""Serves the desk's API within the desk's own loop: where that hangs, nothing answers, which says so too."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import cast

import structlog

from alerts.api import application
from alerts.people import Doorkeeper
from alerts.service.deskside import Side
from alerts.service.metrics import registry
from streams.live.health import Bind
from streams.web.guard import App, Guard
from streams.web.serving import Server as WebServer
from streams.web.serving import configured, is_loopback, listen

BIND = "127.0.0.1:8091"
"""Where it listens unless told."""
_OPENING = 10.0
_CONNECTIONS = 256
_GRACE = 5
_log = structlog.stdlib.get_logger(__name__)


class _Server(WebServer):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Whoever runs the desk hears the signals."""
        yield


class Server:
    """The API of one process."""

    def __init__(
        self,
        side: Side,
        doors: Doorkeeper,
        *,
        bind: str = BIND,
        hosts: Iterable[str] = (),
        certificate: Path | None = None,
        key: Path | None = None,
        clock: Callable[[], datetime],
    ) -> None:
        """Prepare; nothing listens yet.

        Raises:
            ValueError: when it is told to listen nowhere.
        """
        self.bind = Bind.read(bind)
        loopback = is_loopback(self.bind.host)
        app = application(
            side, doors, registry(lambda: side.runner), clock=clock, monotonic=time.monotonic, open_metrics=loopback
        )
        self._server = _Server(
            configured(
                Guard(cast("App", app), hosts=hosts),
                opening=_OPENING,
                connections=_CONNECTIONS,
                grace=_GRACE,
                certificate=certificate,
                key=key,
            )
        )
        self._certificate = certificate
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http{'' if self._certificate is None else 's'}://{self.bind}"

    async def start(self) -> None:
        """Listen; ``bind`` then has the true port.

        Raises:
            OSError: when nothing can listen there, or the certificate and its key are not what they ought to be.
        """
        try:
            self._server.config.load()
        except OSError as error:
            raise OSError(f"expected a certificate and its key, both PEM, in {self._certificate}: {error}") from error
        listening = listen(self.bind)
        self.bind = Bind(self.bind.host, int(listening.getsockname()[1]))
        if not is_loopback(self.bind.host) and self._certificate is None:
            _log.warning("secrets come in without TLS: let only a proxy with TLS reach this address", bind=str(self.bind))
        self._serving = asyncio.create_task(self._server.serve([listening]))
        _log.info("the desk's API listens", bind=str(self.bind))

    async def stop(self) -> None:
        """Listen no more."""
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._serving = None
