"""A real InfluxDB of the stack's own: built once, set up by itself, closed to whoever lacks its token."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deploy.commands import stack as command
from deploy.stack import Stack, golang
from deploy.stack.influx import Influx
from tests.broker import quiet
from tests.conftest import Database


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the stack ``trial``, whose servers are gone after the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield tmp_path / "steadyline" / "stack" / "trial"
    Stack([Influx()], "trial").down(quiet)


def test_it_is_set_up_once_and_keeps_its_data_and_token(influx: Database, home: Path) -> None:
    def up() -> dict[str, str]:
        result = CliRunner().invoke(command.app, ["up", "--name", "trial", "--only", "influxdb", "--json"])
        assert result.exit_code == 0, result.output
        (line,) = result.stdout.splitlines()
        told: dict[str, str] = json.loads(line)
        return told

    first = up()
    file = Path(first["token_file"])
    token = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in json.dumps(first)
    signed = {"Authorization": f"Token {token}"}
    made = httpx.get(f"{first['url']}/api/v2/buckets?name=steadyline", headers=signed).json()["buckets"][0]["id"]
    assert httpx.get(f"{first['url']}/api/v2/buckets").status_code == 401
    Stack([Influx()], "trial").down(quiet)
    second = up()
    assert Path(second["token_file"]).read_text().strip() == token
    assert httpx.get(f"{second['url']}/api/v2/buckets?name=steadyline", headers=signed).json()["buckets"][0]["id"] == made


def test_the_database_of_the_tests_answers(influx: Database) -> None:
    answer = httpx.get(f"{influx.url}/api/v2/orgs", headers={"Authorization": f"Token {influx.token}"})
    assert [org["name"] for org in answer.json()["orgs"]] == [influx.org]


def test_without_go_the_command_says_what_helps(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = CliRunner().invoke(command.app, ["up", "--name", "trial", "--only", "influxdb"])
    assert result.exit_code == 2
    assert "InfluxDB is built from its sources, once: no go on the PATH (https://go.dev/dl" in result.stderr
    # All of it at once: who installs one thing wants to know of the others.
    for name in golang.PROGRAMS:
        assert f"no {name} on the PATH" in result.stderr


@pytest.mark.parametrize(
    ("version", "reason"), [("go1.21.5", "expected Go 1.22 or newer, found go1.21.5"), ("", "does not tell its version")]
)
def test_an_old_go_is_told_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, reason: str) -> None:
    for name in golang.PROGRAMS:
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reason in (golang.missing() or "")


def test_a_server_that_the_stack_does_not_know_is_refused(home: Path) -> None:
    result = CliRunner().invoke(command.app, ["status", "--only", "postgres"])
    assert result.exit_code == 2
    assert "expected a server of the stack (kafka, influxdb), got 'postgres'" in result.stderr
