"""A worker tells how it is: to probes, to Prometheus, to a dead man's switch, in its log."""

import http.server
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from producers.plan import Sending
from streams.live.clock import tick
from streams.topics import INPUTS
from tests.live.running import Ground, Worker, at, planned, until, worker
from tests.live.test_worker import story


def where(process: Worker) -> str:
    """The address of a worker's page."""
    until(lambda: "metrics at" in process.said(), f"a page\n{process.said()}")
    found = re.search(r"http://[0-9.]+:[0-9]+", process.said())
    assert found is not None
    return found[0]


def asked(url: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def switch() -> Iterator[tuple[str, list[str]]]:
    """A real server that is pinged: its address, and the paths it was asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


def test_a_worker_tells_how_it_is(kafka: str, run: str, switch: tuple[str, list[str]]) -> None:
    ground = Ground(kafka, run, 2)
    ground.send(planned(story("us-china-2022"), run, 2))
    address, paths = switch
    environment = {"STEADYLINE_PING_URL": address + "/secret-key/{partition}", "STEADYLINE_PING_SECONDS": "1"}
    with worker(ground, STEADYLINE_LOG_FORMAT="json", **environment) as process:
        page = where(process)
        until(lambda: asked(f"{page}/readyz")[0] == 200, "readiness")
        assert asked(f"{page}/healthz")[0] == 200
        until(lambda: len(set(paths)) == 2, "a ping for each partition number")
        before = len(paths)
        later = tick(at("2030-01-01T00:00:00Z"))
        ground.send(Sending(topic, partition, None, later, 0) for topic in INPUTS for partition in range(2))
        until(lambda: len(paths) > before, "more pings, as time moves on")
        until(lambda: 'events_total{type="org.steadyline.channel.status.v1"}' in asked(f"{page}/metrics")[1], "metrics")
        metrics = asked(f"{page}/metrics")[1]
        assert process.end() == 0, process.said()
        said = process.said()
    assert set(paths) == {"/secret-key/0", "/secret-key/1"}
    assert "secret-key" not in said
    assert 'steadyline_now_timestamp_seconds{partition="1"}' in metrics
    assert "steadyline_lag_seconds{" not in metrics, "a story's time has no lag against the time of day"
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {line["run"] for line in lines} == {run}
