"""The worker's page: what probes, scrapers and strangers get."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from streams.live.health import Bind, Health
from streams.live.metrics import registry
from streams.live.progress import Vitals

T = datetime(2026, 2, 26, tzinfo=UTC)
Get = Callable[..., Awaitable[tuple[int, Any, str]]]


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@asynccontextmanager
async def page(vitals: Vitals, clock: Clock, **settings: Any) -> AsyncIterator[tuple[Get, Health]]:
    health = Health(vitals, registry(vitals, monotonic=clock), bind="127.0.0.1:0", monotonic=clock, **settings)
    await health.start()
    async with aiohttp.ClientSession() as session:

        async def get(path: str, method: str = "GET", **headers: str) -> tuple[int, Any, str]:
            async with session.request(method, f"http://{health.bind}{path}", headers=headers) as response:
                assert "Server" not in response.headers
                if response.content_type == "application/json":
                    return response.status, await response.json(), response.content_type
                return response.status, await response.text(), response.content_type

        try:
            yield get, health
        finally:
            await health.stop()


def took(vitals: Vitals, at: float) -> None:
    vitals.took(
        0,
        counts=Counter(),
        unread=[],
        lapses=0,
        now=T.replace(second=int(at)),
        held=0,
        behind={},
        open_lapses=None,
        positions={},
        at=at,
    )


def test_ready_follows_the_ticks_and_alive_the_watchdog() -> None:
    async def main() -> None:
        clock = Clock()
        vitals = Vitals(0.0)
        async with page(vitals, clock) as (get, _):
            assert (await get("/healthz"))[:2] == (200, {"alive": True, "why": None})
            assert (await get("/readyz"))[0] == 503
            vitals.assigned([0], at=1)
            took(vitals, 2)
            clock.at = 4
            assert await get("/readyz") == (
                200,
                {
                    "ready": True,
                    "why": [],
                    "partitions": {"0": {"now": "2026-02-26T00:00:02Z", "tick_age_seconds": 2.0, "held": 0}},
                },
                "application/json",
            )
            clock.at = 40
            status, told, _ = await get("/readyz")
            assert (status, told["why"]) == (503, ["partition 0 has passed no tick for 38 s"])
            # The clock may be to blame: a restart of the worker would not help.
            assert (await get("/healthz"))[0] == 200
            vitals.judged("stuck")
            assert (await get("/healthz"))[:2] == (503, {"alive": False, "why": "stuck"})

    asyncio.run(main())


def test_metrics_are_what_prometheus_reads() -> None:
    async def main() -> None:
        async with page(Vitals(0.0), Clock()) as (get, _):
            status, text, kind = await get("/metrics")
            assert (status, kind) == (200, "text/plain")
            assert "steadyline_ready 0.0" in text
            _, text, kind = await get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
            assert kind == "application/openmetrics-text"
            assert text.endswith("# EOF\n")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/metrics/", "GET", 404),
        ("/../etc/passwd", "GET", 404),
        ("/healthz", "POST", 405),
        ("/healthz", "HEAD", 200),
    ],
)
def test_there_is_nothing_else(path: str, method: str, status: int) -> None:
    async def main() -> None:
        async with page(Vitals(0.0), Clock()) as (get, _):
            assert (await get(path, method))[0] == status

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9478", 200),
        ("LocalHost", 200),
        ("127.0.0.1", 200),
        ("[::1]:9478", 200),
        ("worker-1:9478", 200),
        ("evil.example", 421),
        ("evil.example:9478", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
    ],
)
def test_a_page_elsewhere_cannot_read_it_by_a_name_of_its_own(host: str, status: int) -> None:
    async def main() -> None:
        async with page(Vitals(0.0), Clock(), hosts=["Worker-1"]) as (get, _):
            assert (await get("/metrics", Host=host))[0] == status

    asyncio.run(main())


def test_a_port_that_is_taken_is_named() -> None:
    async def main() -> None:
        async with page(Vitals(0.0), Clock()) as (_, health):
            other = Health(Vitals(0.0), registry(Vitals(0.0)), bind=str(health.bind))
            with pytest.raises(OSError, match=f"expected to listen at {health.bind}"):
                await other.start()
            await other.stop()

    asyncio.run(main())


def test_it_comes_and_goes() -> None:
    async def main() -> None:
        vitals = Vitals(0.0)
        health = Health(vitals, registry(vitals), bind="127.0.0.1:0")
        await health.start()
        url = f"http://{health.bind}/healthz"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 200
        await health.stop()
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(url)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "expected"), [("127.0.0.1:80", Bind("127.0.0.1", 80)), ("[::1]:0", Bind("::1", 0)), (" h:1 ", Bind("h", 1))]
)
def test_an_address_is_read_and_written(text: str, expected: Bind) -> None:
    assert Bind.read(text) == expected
    assert Bind.read(str(expected)) == expected


@pytest.mark.parametrize("text", ["", "80", ":80", "host:", "host:x", "host:65536", "host:-1", "host:\u0661"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        Bind.read(text)
