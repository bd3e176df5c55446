"""The worker's own page for probes and scrapers: ``/healthz``, ``/readyz`` and ``/metrics``, on loopback unless told."""

import ipaddress
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

BIND = "127.0.0.1:9478"
"""Where it listens unless told."""
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Told(Protocol):
    """How one partition number of a service is."""

    @property
    def now(self) -> datetime | None:
        """Up to when it was judged, UTC."""

    @property
    def held(self) -> int:
        """How many records wait for a tick."""

    def tick_age(self, at: float) -> float:
        """Seconds since its time moved, at ``at``."""


class Vital(Protocol):
    """What a service knows of itself."""

    def alive(self) -> str | None:
        """Why it must be ended and started anew; ``None`` where all is well."""

    def ready(self, at: float) -> Sequence[str]:
        """Why it does not do its work, at ``at`` by the clock it is told; none where it does."""

    def partitions(self) -> Mapping[int, Told]:
        """How each of its partition numbers is."""


class Bind(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> "Bind":
        """Read ``HOST:PORT``; port 0 is any free one.

        Raises:
            ValueError: when it is none.
        """
        host, _, port = text.strip().rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
            raise ValueError(f"expected HOST:PORT to listen at, such as {BIND}, got {text!r}")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Health:
    """The page of one worker. It runs in the worker's own loop: where that hangs, nothing answers, which says so too.

    ``/healthz``: 200 unless the watchdog found the worker stuck. A clock that stands still is not the worker's fault.
    ``/readyz``: 200 once each owned partition's state was read back and its ticks pass; else 503 and the reasons.
    ``/metrics``: for Prometheus.
    """

    def __init__(
        self,
        vitals: Vital,
        registry: CollectorRegistry,
        *,
        bind: str = BIND,
        hosts: Iterable[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            vitals: What to tell.
            registry: What to show to Prometheus.
            bind: ``HOST:PORT``.
            hosts: Names by which it may be asked, besides ``localhost`` and numbers: a web page elsewhere that lets its
                own name point here must not read it.
            monotonic: The clock by which the vitals are told, seconds.

        Raises:
            ValueError: when ``bind`` is no ``HOST:PORT``.
        """
        self.bind = Bind.read(bind)
        self._vitals = vitals
        self._registry = registry
        self._hosts = {"localhost", *(host.strip().lower() for host in hosts)}
        self._monotonic = monotonic
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; ``bind`` then has the true port.

        Raises:
            OSError: when nothing can listen there.
        """
        app = web.Application(middlewares=[self._guarded], client_max_size=1_024)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        app.on_response_prepare.append(_plain)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, keepalive_timeout=15.0, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.bind.host, self.bind.port).start()
        except OSError as error:
            await runner.cleanup()
            raise OSError(error.errno, f"expected to listen at {self.bind}: {error.strerror}") from error
        self._runner = runner
        self.bind = Bind(self.bind.host, int(runner.addresses[0][1]))

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self._trusts(request.host):
            return web.Response(status=421, text="expected to be asked by number, by localhost or by a name that is set\n")
        return await handler(request)

    def _trusts(self, host: str) -> bool:
        name = host.lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        elif name.count(":") == 1:
            name = name.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._hosts
        return True

    async def _healthz(self, _: web.Request) -> web.Response:
        why = self._vitals.alive()
        return _json({"alive": why is None, "why": why}, ok=why is None)

    async def _readyz(self, _: web.Request) -> web.Response:
        at = self._monotonic()
        reasons = self._vitals.ready(at)
        partitions = {
            str(number): {"now": partition.now, "tick_age_seconds": round(partition.tick_age(at), 1), "held": partition.held}
            for number, partition in self._vitals.partitions().items()
        }
        return _json({"ready": not reasons, "why": reasons, "partitions": partitions}, ok=not reasons)

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": kind})


def _json(document: object, *, ok: bool) -> web.Response:
    return web.Response(
        status=200 if ok else 503,
        body=msgspec.json.encode(document) + b"\n",
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _plain(_: web.Request, response: web.StreamResponse) -> None:
    """What serves it is nobody's business."""
    response.headers.pop("Server", None)
