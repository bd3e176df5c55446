"""Runs the page: uvicorn around the application, and beside it one thread that follows the log."""

import asyncio
import contextlib
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import structlog
import uvicorn

from dashboards.page.api import Parts, application
from dashboards.page.board import Board
from dashboards.page.guard import App, Guard
from dashboards.page.ports import Desk, Member, People, Reports, Shelf
from dashboards.page.pulse import Pulse
from dashboards.page.sessions import Sessions
from dashboards.page.sources import Live
from streams.live.health import Bind

BIND = "127.0.0.1:8095"
"""Where it listens unless told."""
EVERY = 0.25
"""Seconds between two looks at the log."""
_BACKLOG = 1_024
_GRACE = 3
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a page is served.

    Attributes:
        bind: ``HOST:PORT`` to listen at.
        hosts: Names by which it may be asked.
        owner: Whom the one-time link signs in.
        opens: The recording that the page begins with.
        certificate: A file of certificates in PEM: TLS, with the ``key`` in a file of its own.
        every: Seconds between two looks at the log.
    """

    bind: str = BIND
    hosts: tuple[str, ...] = ()
    owner: Member
    opens: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    every: float = EVERY


class Page:
    """One watch page. ``serve`` runs it until it is asked to stop, or ``stop`` is called from another thread."""

    def __init__(
        self,
        settings: Settings,
        shelf: Shelf,
        *,
        live: Live | None = None,
        people: People | None = None,
        desk: Desk | None = None,
        reports: Reports | None = None,
        entered: Callable[[Member], None] | None = None,
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            settings: How it is served.
            shelf: The recordings.
            live: What is followed, where anything is.
            people: Who may sign in with a password.
            desk: Where things are done about lapses.
            reports: Where reports go.
            entered: Is told when a one-time link was used.

        Raises:
            ValueError: when it is told to listen nowhere.
        """
        self.settings = settings
        self.bind = Bind.read(settings.bind)
        self.sessions = Sessions(time.monotonic, secure=settings.certificate is not None)
        self.board = Board(secrets.token_hex(4))
        self._live = live
        app = application(
            Parts(
                shelf=shelf,
                sessions=self.sessions,
                people=people,
                desk=desk,
                reports=reports,
                live=live,
                board=self.board,
                opens=settings.opens,
                entered=entered or (lambda _: None),
            )
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                Guard(cast("App", app), hosts=settings.hosts, secure=self.sessions.secure),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=_GRACE,
                ssl_certfile=settings.certificate,
                ssl_keyfile=settings.key,
            )
        )

    def link(self) -> str:
        """An address that signs its reader in once, as the owner."""
        scheme = "https" if self.sessions.secure else "http"
        return f"{scheme}://{self.bind}/enter/{self.sessions.link(self.settings.owner)}"

    def serve(self, ready: Callable[[], None] | None = None) -> None:
        """Listen, and serve until told to stop.

        Args:
            ready: Is called once it listens; ``bind`` then has the true port.

        Raises:
            OSError: when nothing can listen there.
        """
        with contextlib.closing(self._listen()) as listening:
            self.bind = Bind(self.bind.host, int(listening.getsockname()[1]))
            if ready is not None:
                ready()
            with _quiet_signals():
                asyncio.run(self._run(listening))

    def stop(self) -> None:
        """Ask it to stop; from any thread."""
        self._server.should_exit = True

    async def _run(self, listening: socket.socket) -> None:
        following = asyncio.create_task(self._follow())
        try:
            await self._server.serve([listening])
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following

    async def _follow(self) -> None:
        """Look at the log again and again, and put up what is seen; end the streams once the server is to stop."""
        loop = asyncio.get_running_loop()
        # One thread: the log's connection belongs to whoever opened it.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="follow") as thread:
            try:
                while not self._server.should_exit:
                    if self._live is not None:
                        await self._look(loop, thread, self._live)
                    await asyncio.sleep(self.settings.every)
                self.board.close()
            finally:
                if self._live is not None:
                    thread.submit(self._live.close)

    async def _look(self, loop: asyncio.AbstractEventLoop, thread: ThreadPoolExecutor, live: Live) -> None:
        try:
            floor, pulse = await loop.run_in_executor(thread, live.read)
        except Exception as error:  # noqa: BLE001 - a blind page must say so, not stand still
            _log.error("the log cannot be followed", exc_info=error)
            self.board.blind(Pulse(wall=datetime.now(UTC), at=None, health="blind", says="a fault of the page's own"))
            return
        self.board.post(floor, pulse)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.bind.host else socket.AF_INET
        # With its protocol named: asyncio else leaves its connections waiting for company before they send (Nagle).
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(tuple(self.bind))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            raise OSError(error.errno, f"expected to listen at {self.bind}: {error.strerror}") from error
        listening.set_inheritable(False)
        return listening


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """Let the server raise again what it has heard, to no effect: it was asked to stop, and did."""
    try:
        before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: no signal comes here
        yield
        return
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
