"""``steadyline gateway``: tokens and checks as a person makes them, and a gateway that runs as one starts it."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from tests.gateway.running import CHANNEL, MINE, ONE, STREAM, incident

ADD = ("token", "add", "me", "--types", "incident.report,contact", "--parties", "PRC,US", "--source", MINE)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own state, empty."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "steadyline"


def gateway(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["gateway", *arguments])


def test_a_token_is_shown_once_and_only_its_hash_is_kept(state: Path) -> None:
    secret = gateway(*ADD).stdout.strip()
    assert secret.startswith("sl_")
    assert len(secret) == 46
    told = gateway("token", "list").stdout
    assert "incident.report, contact" in told
    assert secret not in told + (state / "gateway-tokens.json").read_text()
    assert gateway(*ADD).exit_code == 2
    assert gateway("token", "revoke", "me").exit_code == 0
    assert json.loads(gateway("token", "list", "--json").stdout)["state"] == "revoked"
    assert gateway("token", "revoke", "me").exit_code == 2
    again = json.loads(gateway(*ADD, "--json").stdout)
    assert (again["state"], again["token"] != secret) == ("valid", True)


def test_a_check_is_made_listed_and_removed() -> None:
    assert gateway("check", "add", "west", "--channel", CHANNEL).stdout.startswith("http://127.0.0.1:8090/ping/")
    assert gateway("check", "add", "west", "--channel", CHANNEL).exit_code == 2
    assert json.loads(gateway("check", "list", "--json").stdout)["channel"] == CHANNEL
    assert gateway("check", "remove", "west").exit_code == 0
    assert gateway("check", "list").stdout == "no checks\n"


WRONG = [
    ((*ADD[:4], "tick", *ADD[5:]), "the clock alone"),
    ((*ADD[:4], "nonsense", *ADD[5:]), "no event type"),
    ((*ADD[:4], "channel.check", *ADD[5:]), "say about which channels"),
    ((*ADD[:4], "feed.heartbeat", *ADD[5:]), "say about which feeds"),
    ((*ADD, "--channels", "no-such"), "no agreement knows 'no-such'"),
    ((*ADD, "--expires", "2001-01-01"), "a time to come"),
    ((*ADD[:-1], "*"), "expected a source"),
    ((*ADD[:-1], "urn:steadyline:*"), "the gateway's own checks"),
    (("token", "add", "a b", *ADD[3:]), "$.name"),
    (("check", "add", "c"), "--channel or --feed"),
    (("check", "add", "c", "--feed", "no-such"), "no agreement knows"),
    (("run", "--to", "http://x", "--bind", "127.0.0.1:0"), "expected kafka://"),
    (("run", "--to", "x.db", "--bind", "nonsense"), "HOST:PORT"),
    (("run", "--to", "x.db", "--key", "x"), "together"),
]


@pytest.mark.parametrize(("arguments", "why"), WRONG, ids=range(len(WRONG)))
def test_what_cannot_be_meant_is_refused_in_words(arguments: tuple[str, ...], why: str) -> None:
    result = gateway(*arguments)
    assert result.exit_code == 2
    assert why in " ".join(result.stderr.split())


def test_a_gateway_as_a_person_starts_it(tmp_path: Path, state: Path) -> None:
    secret = gateway(*ADD).stdout.strip()
    ping = gateway("check", "add", "west", "--channel", CHANNEL).stdout.strip()
    code = "import sys; from deploy.cli import main; sys.argv[0] = 'steadyline'; main()"
    command = [sys.executable, "-c", code, "gateway", "run", "--to", str(tmp_path / "log.db"), "--bind", "127.0.0.1:0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": ONE}
        with httpx.Client(base_url=url, timeout=20) as client:
            body = msgspec.json.encode(incident("by-hand", time=datetime.now(UTC).isoformat()))
            assert client.post("/v1/events", content=body, headers=headers).status_code == 202
            assert client.post(httpx.URL(ping).path + "/log", content=b"a note").status_code == 200
            assert gateway("token", "revoke", "me").exit_code == 0
            assert client.post("/v1/events", content=body, headers=headers | {"Content-Type": STREAM}).status_code == 401
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0, told
    assert secret.encode() not in told
    assert all(json.loads(line)["level"] == "info" for line in told.splitlines())
    assert "a note" in gateway("check", "notes", "west").stdout
    shown = CliRunner().invoke(app, ["replay", str(tmp_path / "log.db"), "--json"])
    assert shown.exit_code in (0, 1), shown.stderr
