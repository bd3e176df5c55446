"""``steadyline probe``: as a person and a machine meet it, against real servers."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from streams.events.decode import decode
from tests.probes.servers import closed_port

FILE = """
site = "geneva-1"
feed = "rok-mou-mnd"
allow = ["127.0.0.0/8"]

[[probes]]
id = "west"
channel = "inter-korean-military-west"
kind = "tcp"
host = "127.0.0.1"
port = {up}
every = "1 s"
timeout = "0.9 s"

[[probes]]
id = "east"
channel = "inter-korean-military-east"
kind = "tcp"
host = "127.0.0.1"
port = {down}
"""


@pytest.fixture
def listening() -> Iterator[int]:
    """A port that takes connections, and closes them."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def probes(tmp_path: Path, listening: int) -> Iterator[Path]:
    with closed_port() as down:
        path = tmp_path / "probes.toml"
        path.write_text(FILE.format(up=listening, down=down))
        yield path


def steadyline(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_once_tells_of_each_channel(probes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    result = steadyline("probe", "once", probes)
    assert result.exit_code == 1
    for word in ("west", "inter-korean-military-east", "up", "down", "answered", "ms", "Connection refused"):
        assert word in result.stdout
    assert steadyline("probe", "once", probes, "--only", "west").exit_code == 0
    assert steadyline("probe", "once", probes, "--only", "north").exit_code == 2
    rows = [json.loads(line) for line in steadyline("probe", "once", probes, "--json").stdout.splitlines()]
    assert [(row["probe"], row["transport"], row["liveness"]) for row in rows] == [
        ("west", "up", "answered"),
        ("east", "down", "unknown"),
    ]
    assert rows[0]["latency_ms"] > 0


def test_check_tells_the_next_slots_or_all_faults(probes: Path) -> None:
    rows = [json.loads(line) for line in steadyline("probe", "check", probes, "--json").stdout.splitlines()]
    assert [len(row["slots"]) for row in rows] == [5, 5]
    assert all(slot[11:16] in ("00:00", "07:00") for slot in rows[1]["slots"])
    assert "no [[self_check]]" in steadyline("probe", "check", probes).stderr
    probes.write_text(probes.read_text().replace('id = "east"', 'id = "west"').replace("1 s", "1 sec"))
    refused = steadyline("probe", "check", probes)
    assert refused.exit_code == 3
    assert "probes[1].id" in refused.stderr
    assert "probes[0].every" in refused.stderr
    assert steadyline("probe", "check", probes.with_name("gone.toml")).exit_code == 3


def test_run_tells_the_log_until_it_is_asked_to_end(probes: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        metrics = f"127.0.0.1:{free.getsockname()[1]}"
    command = [str(Path(sys.executable).with_name("steadyline"))]
    process = subprocess.Popen(
        [*command, "probe", "run", str(probes), "--to", "-", "--json", "--metrics", metrics],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            assert process.stdout is not None
            events = [decode(process.stdout.readline().strip()) for _ in range(2)]
            with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=20) as page:
                shown = page.read().decode()
            process.send_signal(signal.SIGTERM)
            rest, log = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, log
    assert len({event.id for event in events}) == 2
    # A second apart, and not drifting: each begins in its second.
    assert all(event.id.endswith(f"{event.time:%Y%m%dT%H%M%SZ}") for event in events)
    assert 'steadyline_probes_total{channel="inter-korean-military-west",outcome="answered",probe="west"}' in shown
    assert all(json.loads(line)["level"] == "info" for line in log.splitlines() if line.startswith(b"{"))
    for line in rest.splitlines():
        decode(line)


def test_run_into_the_embedded_log(probes: Path, tmp_path: Path) -> None:
    """By way of the spool, into a log file."""
    log = tmp_path / "log.db"
    process = subprocess.Popen(
        [Path(sys.executable).with_name("steadyline"), "probe", "run", probes, "--to", log, "--spool", tmp_path / "spool.db"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )

    def told() -> bool:
        """Whether a check has come as far as the log's own files."""
        return any(b"probe-geneva-1-west" in path.read_bytes() for path in tmp_path.glob("log.db*"))

    async def until_told() -> None:
        while not await asyncio.to_thread(told):
            assert process.poll() is None
            await asyncio.sleep(0.02)

    with process:
        try:
            asyncio.run(asyncio.wait_for(until_told(), 30))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
