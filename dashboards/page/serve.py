"""Runs the page: uvicorn around the application, and beside it one thread that follows the log."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog

from dashboards.page.api import Parts, application
from dashboards.page.board import Board
from dashboards.page.guard import Dressed
from dashboards.page.ports import Desk, Member, People, Reports, Shelf
from dashboards.page.pulse import Pulse
from dashboards.page.sessions import Sessions
from dashboards.page.sources import Live
from dashboards.page.survey import with_keepers
from streams.daytime import utc
from streams.live.health import Bind
from streams.web.guard import App, Guard
from streams.web.serving import Server, configured, listen, quiet_signals

BIND = "127.0.0.1:8095"
"""Where it listens unless told."""
EVERY = 0.25
"""Seconds between two looks at the log."""
_GRACE = 3
_AT_ONCE = 2_000
"""Requests that are served at the same time: every viewer's stream is one."""
_CONNECTIONS = 4_000
_KEEPERS = 1.0
"""Seconds between two looks at who has what."""
_OPENING = 10.0
"""Seconds that a browser is given to say what it wants."""
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
        sessions: The file in which sessions outlive a restart; without it they end with the server.
    """

    bind: str = BIND
    hosts: tuple[str, ...] = ()
    owner: Member
    opens: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    every: float = EVERY
    sessions: Path | None = None


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
        secure = settings.certificate is not None
        self.sessions = Sessions(utc, file=settings.sessions, secure=secure, port=self.bind.port)
        self.board = Board(secrets.token_hex(4))
        self._live = live
        self._desk = desk
        self._has: dict[tuple[bool, str], str] = {}
        self._asked = float("-inf")
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
        self._server = Server(
            configured(
                Guard(Dressed(cast("App", app), secure=secure), hosts=settings.hosts, at_once=_AT_ONCE),
                opening=_OPENING,
                connections=_CONNECTIONS,
                grace=_GRACE,
                certificate=settings.certificate,
                key=settings.key,
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
            PrivateFileError: when the file of sessions cannot be used.
        """
        with contextlib.closing(listen(self.bind)) as listening:
            self.bind = Bind(self.bind.host, int(listening.getsockname()[1]))
            self.sessions.port = self.bind.port
            self.sessions.recall()
            if ready is not None:
                ready()
            with quiet_signals():
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
            self.board.blind(Pulse(wall=utc(), at=None, health="blind", says="a fault of the page's own"))
            return
        if self._desk is not None and loop.time() - self._asked >= _KEEPERS:
            self._asked = loop.time()
            self._has = await loop.run_in_executor(thread, self._desk.has)
        self.board.post(with_keepers(floor, self._has), pulse)
