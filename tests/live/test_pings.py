"""The dead man's switch, against a real server: pings come while ticks do."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from streams.live.pings import Pinger, address
from streams.live.progress import Vitals

T = datetime(2026, 2, 26, tzinfo=UTC)
TOKEN = "f00d-cafe"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is on this machine."""
    monkeypatch.setenv("no_proxy", "*")


class Worker:
    """A worker whose time goes as the test says."""

    def __init__(self, *partitions: int) -> None:
        self.at = 0.0
        self.vitals = Vitals(0.0)
        self.vitals.assigned(partitions, at=0.0)

    def tick(self, *partitions: int) -> None:
        """A second goes by, and the ticks of it pass in these partitions."""
        self.at += 1
        for partition in partitions:
            self.vitals.took(
                partition,
                counts=Counter(),
                unread=[],
                lapses=0,
                now=T + timedelta(seconds=self.at),
                held=0,
                behind={},
                open_lapses=None,
                positions={},
                at=self.at,
            )


class Outside:
    """The server that is pinged: it counts, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.answer: Callable[[], web.StreamResponse] = lambda: web.Response(text="OK")
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.got.append(request.path)
        return self.answer()


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    server = Outside()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/{TOKEN}"
    try:
        yield server
    finally:
        await runner.cleanup()


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.005)


def test_pings_come_stop_with_the_ticks_and_come_again() -> None:
    async def main() -> None:
        worker = Worker(0, 1)
        looks = 0

        def clock() -> float:
            nonlocal looks
            looks += 1
            return worker.at

        async with outside() as server:
            pinger = Pinger(server.url, worker.vitals, partitions=2, every=0.02, monotonic=clock)
            await pinger.start()
            await until(lambda: looks > 3)
            assert server.got == []
            for number in range(1, 4):
                worker.tick(0, 1)
                await until(lambda number=number: len(server.got) == number)  # type: ignore[misc]
            # One partition stands still, though the other moves: that is enough.
            for _ in range(3):
                worker.tick(0)
                seen = looks
                await until(lambda seen=seen: looks > seen + 3)  # type: ignore[misc]
            assert server.got == [f"/{TOKEN}"] * 3
            worker.tick(0, 1)
            await until(lambda: len(server.got) == 4)
            await pinger.stop()
            seen = looks
            worker.tick(0, 1)
            await asyncio.sleep(0)
            assert looks == seen

    asyncio.run(main())


def test_each_partition_has_its_own_check_where_the_address_says_so() -> None:
    async def main() -> None:
        worker = Worker(0, 3)
        async with outside() as server:
            pinger = Pinger(server.url + "-{partition}", worker.vitals, partitions=8, every=0.02, monotonic=lambda: worker.at)
            await pinger.start()
            worker.tick(0, 3)
            await until(lambda: sorted(server.got) == [f"/{TOKEN}-0", f"/{TOKEN}-3"])
            worker.tick(3)
            await until(lambda: server.got.count(f"/{TOKEN}-3") == 2)
            assert server.got.count(f"/{TOKEN}-0") == 1
            await pinger.stop()

    asyncio.run(main())


def worker_of(*partitions: int) -> Worker:
    worker = Worker(*partitions)
    worker.tick(*partitions)
    return worker


@pytest.mark.parametrize(
    ("url", "owned", "due"),
    [
        ("http://h/", (0, 1), [None]),
        ("http://h/", (0,), []),
        ("http://h/", (), []),
        ("http://h/{partition}", (0,), [0]),
        ("http://h/{partition}", (), []),
    ],
)
def test_one_address_speaks_for_all_partitions_or_not_at_all(url: str, owned: tuple[int, ...], due: list[int | None]) -> None:
    worker = worker_of(*owned)
    with capture_logs() as logs:
        pinger = Pinger(url, worker.vitals, partitions=2)
        assert pinger.due(1.0) == due
        assert pinger.due(1.0) == []
    # Why nothing comes is said once.
    assert [entry["event"][:7] for entry in logs] == (["no ping"] if url.endswith("/") and len(owned) == 1 else [])


def test_a_partition_that_went_and_came_back_is_pinged_once_it_moves() -> None:
    worker = worker_of(0)
    pinger = Pinger("http://h/{partition}", worker.vitals, partitions=2, every=60)
    assert pinger.due(1.0) == [0]
    worker.vitals.revoked([0], at=2)
    assert pinger.due(2.0) == []
    worker.vitals.assigned([0], at=3)
    assert pinger.due(100.0) == []
    worker.tick(0)
    assert pinger.due(100.0) == [0]


def test_what_a_state_brings_along_is_no_progress() -> None:
    vitals = Vitals(0.0)
    vitals.assigned([0], at=0)
    vitals.recovered(0, positions={}, now=T, at=5)
    assert Pinger("http://h/", vitals, partitions=1).due(6) == []


async def outcomes(pinger: Pinger, worker: Worker, count: int) -> list[dict[str, Any]]:
    """What is logged while so many ticks pass and are answered."""
    with capture_logs() as logs:
        await pinger.start()
        for _ in range(count):
            seen = len(pinger._sent)
            worker.tick(0)
            at = worker.at
            await until(lambda at=at: pinger._sent.get(None) == at and not pinger.pinging)  # type: ignore[misc]
            assert seen <= 1
        await pinger.stop()
    return [dict(entry) for entry in logs]


def redirect(to: str) -> Callable[[], web.StreamResponse]:
    return lambda: web.Response(status=302, headers={"Location": to})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: web.Response(text="OK"), "pings arrive"),
        (lambda: web.Response(status=404), "ping failed: status 404"),
        (redirect("http://other.invalid/f00d"), "ping failed: sent on to another host"),
        (redirect("file:///etc/passwd"), "ping failed: sent on to another host"),
        (redirect("/on/and/on"), "ping failed: sent on too often"),
        (redirect("http://[/"), "ping failed: "),
    ],
)
def test_what_comes_of_it_is_said_once_and_never_with_the_token(answer: Any, said: str) -> None:
    async def main() -> None:
        worker = Worker(0)
        async with outside() as server:
            server.answer = answer
            pinger = Pinger(server.url, worker.vitals, partitions=1, every=0.02, monotonic=lambda: worker.at)
            logs = await outcomes(pinger, worker, 3)
        assert [entry["event"][: len(said)] for entry in logs] == [said]
        assert logs[0]["host"] == "127.0.0.1"
        assert TOKEN not in repr(logs)

    asyncio.run(main())


def test_a_redirect_within_the_host_is_followed() -> None:
    async def main() -> None:
        worker = Worker(0)
        async with outside() as server:
            answers = iter([web.Response(status=307, headers={"Location": "/there"}), web.Response(text="OK")])
            server.answer = lambda: next(answers)
            pinger = Pinger(server.url, worker.vitals, partitions=1, every=0.02, monotonic=lambda: worker.at)
            logs = await outcomes(pinger, worker, 1)
            assert server.got == [f"/{TOKEN}", "/there"]
            assert [entry["event"] for entry in logs] == ["pings arrive"]

    asyncio.run(main())


def test_nobody_there_and_nobody_answering_end_nothing() -> None:
    async def main() -> None:
        worker = Worker(0)
        async with outside() as server:
            gone = server.url
        pinger = Pinger(gone, worker.vitals, partitions=1, every=0.02, monotonic=lambda: worker.at)
        logs = await outcomes(pinger, worker, 2)
        assert [entry["event"] for entry in logs] == [logs[0]["event"]]
        assert logs[0]["event"].startswith("ping failed: ")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/{TOKEN}"
            pinger = Pinger(url, worker.vitals, partitions=1, every=0.02, patience=0.05, monotonic=lambda: worker.at)
            logs += await outcomes(pinger, worker, 2)
        assert [entry["event"] for entry in logs[1:]] == ["ping failed: no answer in time"]
        assert TOKEN not in repr(logs)

    asyncio.run(main())


@pytest.mark.parametrize("url", ["", "f00d", "ftp://h/f00d", "file:///f00d", "http:///f00d", "http://[f00d", "javascript:f00d"])
def test_only_the_web_is_called_and_the_refusal_does_not_repeat_the_address(url: str) -> None:
    with pytest.raises(ValueError, match="expected an http or https URL to ping") as refusal:
        Pinger(url, Vitals(0.0), partitions=1)
    assert "f00d" not in str(refusal.value)


def test_the_address_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("https://h/f00d\n")
    assert address({}) is None
    assert address({"STEADYLINE_PING_URL": "https://h/x"}) == "https://h/x"
    assert address({"STEADYLINE_PING_URL_FILE": str(file)}) == "https://h/f00d"
    for wrong, said in (
        ({"STEADYLINE_PING_URL": "a", "STEADYLINE_PING_URL_FILE": "b"}, "got both"),
        ({"STEADYLINE_PING_URL_FILE": str(tmp_path / "none")}, "readable file"),
    ):
        with pytest.raises(ValueError, match=said):
            address(wrong)
