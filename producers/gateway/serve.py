"""Runs the gateway: uvicorn around the application, the intake beside it."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import structlog

from producers.appending import open_log
from producers.gateway.api import Parts, application
from producers.gateway.buckets import Buckets, Rates
from producers.gateway.events import Events
from producers.gateway.foresight import Foresight
from producers.gateway.intake import Intake
from producers.gateway.ledger import AGE, Ledger
from producers.gateway.limits import Limits
from producers.gateway.metrics import Metrics
from producers.gateway.pings import Pings
from producers.gateway.tokens import Keyring
from streams.daytime import utc
from streams.live.health import Bind
from streams.rulebook import RuleBook
from streams.web.guard import App, Guard
from streams.web.serving import Server, configured, is_loopback, listen, quiet_signals

BIND = "127.0.0.1:8090"
"""Where it listens unless told."""
PATIENCE = 5.0
"""Seconds that the log is given to take events in: whoever sends them can wait and ask again."""
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
                open_metrics=is_loopback(self.bind.host),
            )
        )
        self._guard = Guard(
            cast("App", app),
            hosts=settings.hosts,
            at_once=settings.limits.at_once,
            # A stream may go on for long: what is too slow is seen piece by piece.
            body_seconds=None,
            told=self.metrics.request,
        )
        self._server = Server(
            configured(
                self._guard,
                opening=settings.limits.opening_seconds,
                connections=settings.limits.connections,
                grace=_GRACE,
                certificate=settings.certificate,
                key=settings.key,
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
        with contextlib.closing(listen(self.bind)) as listening:
            self.bind = Bind(self.bind.host, int(listening.getsockname()[1]))
            self.intake.start()
            try:
                _log.info("the gateway listens", bind=str(self.bind), to=self.settings.to)
                if not is_loopback(self.bind.host) and self.settings.certificate is None:
                    _log.warning("tokens come in without TLS: let only a proxy with TLS reach this address")
                if ready is not None:
                    ready()
                with quiet_signals():
                    asyncio.run(self._server.serve([listening]))
            finally:
                self.intake.stop()
                _log.info("the gateway has stopped")

    def stop(self) -> None:
        """Ask it to stop; from any thread."""
        self._server.should_exit = True
