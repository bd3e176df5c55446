"""``steadyline worker``."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.live.running import Ground, embedded, planned, until
from tests.live.test_worker import story

STEADYLINE = str(Path(sys.executable).parent / "steadyline")


def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([STEADYLINE, "worker", *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_runs_a_worker(kafka: str, run: str, tmp_path: Path) -> None:
    lines = story("steady")
    ground = Ground(kafka, run, 2)
    ground.send(planned(lines, run, 2))
    expected = embedded(lines, run)
    with (tmp_path / "log").open("wb") as out:
        process = subprocess.Popen(
            [STEADYLINE, "worker", "--bootstrap", kafka, "--run", run],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "STEADYLINE_DATADIR": str(tmp_path)},
        )
    try:
        until(lambda: ground.caught_up() or process.poll() is not None, (tmp_path / "log").read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
    assert ground.revisions() == expected


def test_a_second_one_on_a_machine_finds_a_port_of_its_own(kafka: str, run: str, tmp_path: Path) -> None:
    Ground(kafka, run, 2)
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", 9478)))
        said = tmp_path / "said"
        out = stack.enter_context(said.open("wb"))
        command = [STEADYLINE, "worker", "--bootstrap", kafka, "--run", run]
        environment = {**os.environ, "STEADYLINE_DATADIR": str(tmp_path)}
        process = stack.enter_context(subprocess.Popen(command, stderr=out, env=environment))
        stack.callback(process.kill)
        until(lambda: "health, readiness and metrics at" in said.read_text() or process.poll() is not None, said.read_text())
        told = said.read_text()
    assert "127.0.0.1:9478 is taken: health and metrics are at a free port" in told
    assert re.search(r"health, readiness and metrics at http://127\.0\.0\.1:(?!9478)\d+", told)


def test_it_can_only_check(kafka: str, run: str) -> None:
    Ground(kafka, run, 2)
    result = call("--bootstrap", kafka, "--run", run, "--check", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {
        "bootstrap": kafka,
        "run": run,
        "app": f"steadyline-run-{run}",
        "partitions": 2,
    }


def test_it_does_not_start_without_its_topics(kafka: str, run: str) -> None:
    result = call("--bootstrap", kafka, "--run", run)
    assert result.returncode == 2
    assert f"run.{run}.launches: missing" in result.stderr
    assert f"steadyline topics create --bootstrap {kafka} --run {run}" in result.stderr


def test_it_does_not_start_without_a_broker() -> None:
    result = call("--bootstrap", "127.0.0.1:1")
    assert result.returncode == 3
    assert "no Kafka broker answers at 127.0.0.1:1" in result.stderr


def test_settings_and_agreements_are_checked_first(tmp_path: Path) -> None:
    assert call("--bootstrap", "nowhere").returncode == 2
    (tmp_path / "wrong.toml").write_text("id = 3")
    assert call("--rules", str(tmp_path), "--bootstrap", "127.0.0.1:1").returncode == 3
