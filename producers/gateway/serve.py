"""Runs the gateway: uvicorn around the application, the intake beside it."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from producers.appending import open_log
from producers.gateway.api import Parts, application
from producers.gateway.buckets import Buckets, Rates
from producers.gateway.events import Events
from producers.gateway.foresight import Foresight
from producers.gateway.guard import App, Guard
from producers.gateway.intake import Intake
from producers.gateway.ledger import AGE, Ledger
from producers.gateway.limits import Limits
from producers.gateway.metrics import Metrics
from producers.gateway.pings import Pings
from producers.gateway.tokens import Keyring, utc
from streams.live.health import Bind
from streams.rulebook import RuleBook

BIND = "127.0.0.1:8090"
"""Where it listens unless told."""
PATIENCE = 5.0
"""Seconds that the log is given to take events in: whoever sends them can wait and ask again."""
_HEADER_BYTES = 32_768
_BACKLOG = 256
_GRACE = 20
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a gateway runs.

    Attributes:
        to: The log: ``kafka://HOST:PORT`` or the path of a SQLite log.
        run: The replay or drill whose topics on Kafka are meant.
        tokens: The file of tokens and checks.
        ledger: The file of the ledger.
        bind: ``HOST:PORT`` to listen at.
        hosts: Names by which it may be asked.
        remember: How long the id of an event is remembered.
        patience: Seconds that a broker is given.
        certificate: A file of certificates in PEM: TLS, with the ``key`` in a file of its own.
    """

    to: str
    run: str | None = None
    tokens: Path
    ledger: Path
    bind: str = BIND
    hosts: tuple[str, ...] = ()
    remember: timedelta = AGE
    patience: float = PATIENCE
    certificate: Path | None = None
    key: Path | None = None
    rates: Rates = field(default_factory=Rates)
    limits: Limits = field(default_factory=Limits)


class Gateway:
    """One gateway. ``serve`` runs it until it is asked to stop, or ``stop`` is called from another thread."""

    def __init__(self, settings: Settings, book: RuleBook) -> None:
        """Prepare; nothing is open and nothing listens yet.

        Raises:
            TokensError: when the tokens cannot be used.
            ValueError: when it is told to listen nowhere.
        """
        self.settings = settings
        self.bind = Bind.read(settings.bind)
        keyring = Keyring(settings.tokens)
        self.intake = Intake(
            lambda: open_log(settings.to, book, run=settings.run, patience=settings.patience),
            lambda: Ledger(settings.ledger, settings.remember),
        )
        self.metrics = Metrics(self.intake, keyring, lambda: self._guard.active)
        buckets = Buckets(settings.rates)
        regimes = {agreement.id: agreement.parties for agreement in book.agreements}
        events = Events(self.intake, keyring, regimes, Foresight(book), buckets, settings.limits, self.metrics, utc)
        app = application(
            Parts(
                events=events,
                pings=Pings(),
                intake=self.intake,
                keyring=keyring,
                buckets=buckets,
                limits=settings.limits,
                metrics=self.metrics,
                clock=utc,
                monotonic=time.monotonic,
                open_metrics=_is_loopback(self.bind.host),
            )
        )
        self._guard = Guard(cast("App", app), hosts=settings.hosts, at_once=settings.limits.at_once, told=self.metrics.request)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._guard,
                http=_protocol(settings.limits.opening_seconds),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # Nobody is believed about where a request comes from; nothing here depends on it.
                proxy_headers=False,
                limit_concurrency=settings.limits.connections,
                h11_max_incomplete_event_size=_HEADER_BYTES,
                backlog=_BACKLOG,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=_GRACE,
                ssl_certfile=settings.certificate,
                ssl_keyfile=settings.key,
            )
        )

    def serve(self, ready: Callable[[], None] | None = None) -> None:
        """Open the log, listen, and serve until told to stop; then end what was begun, and let go of the log.

        Args:
            ready: Is called once it listens; ``bind`` then has the true port.

        Raises:
            AppendError: when the log cannot be opened.
            LedgerError: when the ledger cannot be.
            OSError: when nothing can listen there, or the certificate and its key are not what they ought to be.
        """
        # Before anybody is told that it listens.
        try:
            self._server.config.load()
        except OSError as error:
            raise OSError(f"expected a certificate and its key, both PEM, in {self.settings.certificate}: {error}") from error
        with contextlib.closing(self._listen()) as listening:
            self.bind = Bind(self.bind.host, int(listening.getsockname()[1]))
            self.intake.start()
            try:
                _log.info("the gateway listens", bind=str(self.bind), to=self.settings.to)
                if not _is_loopback(self.bind.host) and self.settings.certificate is None:
                    _log.warning("tokens come in without TLS: let only a proxy with TLS reach this address")
                if ready is not None:
                    ready()
                with _quiet_signals():
                    asyncio.run(self._server.serve([listening]))
            finally:
                self.intake.stop()
                _log.info("the gateway has stopped")

    def stop(self) -> None:
        """Ask it to stop; from any thread."""
        self._server.should_exit = True

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


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """Let the server raise again what it has heard, to no effect: it was asked to stop, and did."""
    try:
        before = {each: signal.signal(each, _heard) for each in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: no signal comes here
        yield
        return
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _heard(_: int, __: object) -> None:
    """Nothing is left to do."""


def _protocol(seconds: float) -> type[H11Protocol]:
    """Uvicorn's protocol, which waits for ever for the end of the headers, with an end to that."""

    class Opening(H11Protocol):
        _opening: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._await()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._await()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _await(self) -> None:
            if self._serving():
                self._forget()
            elif self._opening is None:
                self._opening = self.loop.call_later(seconds, self._late)

        def _forget(self) -> None:
            if self._opening is not None:
                self._opening.cancel()
                self._opening = None

        def _late(self) -> None:
            self._opening = None
            if not self._serving():
                self.transport.close()

        def _serving(self) -> bool:
            # Its type says that there always is a cycle; before the first request there is none.
            cycle: RequestResponseCycle | None = self.cycle
            return cycle is not None and not cycle.response_complete

    return Opening
