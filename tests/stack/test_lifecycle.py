"""``steadyline stack``: up, status and down of a real broker."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from deploy.commands import stack as command
from deploy.stack import Stack, services
from deploy.stack.kafka import Kafka
from deploy.stack.ports import choose
from deploy.stack.processes import Process, alive, until
from deploy.stack.state import Known, State, read, write
from tests.broker import quiet

SETTINGS = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""A node that was killed may come back only once it is given up for lost, after nine seconds by Kafka's own choice."""

Call = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the stack ``trial``, whose servers are gone after the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(command, "services", lambda: (Kafka(SETTINGS),))
    folder = tmp_path / "steadyline" / "stack" / "trial"
    yield folder
    Stack(services(), "trial").down(quiet)


@pytest.fixture
def call() -> Call:
    """Runs ``steadyline stack`` with these arguments."""
    return lambda *arguments: CliRunner().invoke(command.app, list(arguments))


def told(result: Result, code: int = 0) -> Any:
    """The one line of JSON."""
    assert result.exit_code == code, result.output
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def process(folder: Path) -> Process:
    """The process that the stack remembers."""
    known = read(folder / "stack.json").services["kafka"].process
    assert known is not None
    return known


def test_a_broker_comes_up_once_survives_a_crash_and_goes_down(real: None, home: Path, call: Call) -> None:
    assert told(call("status", "--name", "trial", "--json"), 1)["state"] == "stopped"
    assert told(call("down", "--name", "trial", "--json"))["state"] == "stopped"

    first = told(call("up", "--name", "trial", "--json"))
    assert (first["state"], first["brokers"], first["topics"]) == ("running", 1, 0)
    assert first["bootstrap"] == f"127.0.0.1:{first['ports']['client']}"
    again = told(call("up", "--name", "trial", "--json"))
    assert again == first, "starting what runs changes nothing"
    assert told(call("status", "--name", "trial", "--json")) == first
    assert "kafka 4.1.0: running, process" in call("status", "--name", "trial").stdout

    broker = process(home)
    os.kill(broker.pid, signal.SIGKILL)
    assert until(lambda: not alive(broker), 10)
    assert told(call("status", "--name", "trial", "--json"), 1)["state"] == "crashed"
    after = told(call("up", "--name", "trial", "--json"))
    assert after["pid"] != first["pid"]
    assert after["cluster"] == first["cluster"], "the data is still there"
    assert after["ports"] == first["ports"], "and clients find it where it was"

    broker = process(home)
    assert told(call("down", "--name", "trial", "--json"))["state"] == "stopped"
    assert not alive(broker)
    assert told(call("down", "--name", "trial", "--wipe", "--json"))["state"] == "stopped"
    assert not (home / "kafka").exists()


def test_down_leaves_alone_who_has_the_number_of_a_broker_that_is_gone(home: Path, call: Call) -> None:
    home.mkdir(parents=True)
    stale = Known("4.1.0", {"client": 1, "controller": 2}, Process(os.getpid(), "another life"))
    write(home / "stack.json", State(services={"kafka": stale}))
    assert told(call("status", "--name", "trial", "--json"), 1)["state"] == "crashed"
    assert told(call("down", "--name", "trial", "--json"))["state"] == "stopped"
    assert read(home / "stack.json").services["kafka"].process is None


def test_a_broker_that_cannot_start_is_told_with_its_last_words(real: None, home: Path, call: Call) -> None:
    data = home / "kafka" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\nnode.id=1\ncluster.id=somebody-elses-entirely\ndirectory.id=rubbish\n")
    result = call("up", "--name", "trial")
    assert result.exit_code == 3
    assert "kafka ended while it started" in result.stderr
    assert "The end of" in result.stderr
    assert read(home / "stack.json").services["kafka"].process is None


def test_without_java_the_command_says_what_helps(home: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    result = call("up", "--name", "trial")
    assert result.exit_code == 2
    assert "Kafka needs Java 17 or newer" in result.stderr


@pytest.mark.parametrize("name", ["", "../elsewhere", "Capital", "x" * 33])
def test_a_name_that_could_lead_elsewhere_is_refused(call: Call, name: str) -> None:
    result = call("status", "--name", name)
    assert result.exit_code == 2
    assert "expected a name of small letters" in result.stderr


def test_a_state_that_is_none_is_told(home: Path, call: Call) -> None:
    home.mkdir(parents=True)
    (home / "stack.json").write_text("{")
    result = call("status", "--name", "trial")
    assert result.exit_code == 3
    assert "is no state of a stack" in result.stderr
    (home / "stack.json").unlink()


def test_the_state_is_readable_by_others(tmp_path: Path) -> None:
    known = Known("4.1.0", {"client": 9092}, Process(7, "boot/12"))
    write(tmp_path / "stack.json", State(services={"kafka": known}))
    assert msgspec.json.decode((tmp_path / "stack.json").read_bytes()) == {
        "format": 1,
        "services": {"kafka": {"version": "4.1.0", "ports": {"client": 9092}, "process": {"pid": 7, "born": "boot/12"}}},
    }


def test_ports_are_free_different_and_the_same_again() -> None:
    names = ("client", "controller", "metrics")
    first = choose(names, {})
    assert len(set(first.values())) == len(names)
    with socket.create_server(("127.0.0.1", first["client"])):
        taken = choose(names, first)
    assert taken["client"] != first["client"]
    assert {name: taken[name] for name in names[1:]} == {name: first[name] for name in names[1:]}
    assert choose(names, first) == first
