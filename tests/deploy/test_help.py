"""Every command explains itself, with an example that works."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from deploy.cli import app
from tests.deploy.conftest import Steadyline


def commands() -> Iterator[tuple[str, ...]]:
    """Every command and every command of a command."""

    def walk(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))

    yield from walk(WHOLE, ())


WHOLE: Any = get_command(app)
COMMANDS = list(commands())
_SAID: dict[tuple[str, ...], str] = {}


def help_of(steadyline: Steadyline, path: tuple[str, ...]) -> str:
    """What ``--help`` of a command prints; asked once for all tests."""
    if path not in _SAID:
        result = steadyline(*path, "--help")
        assert result.exit_code == 0
        _SAID[path] = result.stdout
    return _SAID[path]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_has_an_example_of_the_command(steadyline: Steadyline, path: tuple[str, ...]) -> None:
    told = help_of(steadyline, path)
    assert f"steadyline {' '.join(path)}".strip() in told.split("Examples:")[1]
    short = steadyline(*path, "-h")
    assert (short.exit_code, short.stdout) == (0, told)


GROUPS = (
    *((), ("dead-letters",), ("stack",), ("topics",), ("report",), ("spool",), ("probe",), ("notices",)),
    *(
        ("alerts",),
        ("alerts", "people"),
        ("audit",),
        ("grafana",),
        ("influx",),
        ("gateway",),
        ("gateway", "token"),
        ("gateway", "check"),
    ),
)


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in GROUPS], ids=" ".join)
def test_every_command_speaks_json(steadyline: Steadyline, path: tuple[str, ...]) -> None:
    assert "--json" in help_of(steadyline, path)


def test_help_documents_the_exit_codes(steadyline: Steadyline) -> None:
    for arguments in (("--help",), ("replay", "--help")):
        words = " ".join(steadyline(*arguments).stdout.split())
        for code in ("0 nothing lapsed", "1 lapses", "2 bad use", "3 bad input"):
            assert code in words


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_examples_are_calls_that_the_command_understands(steadyline: Steadyline, path: tuple[str, ...]) -> None:
    told = help_of(steadyline, path).split("Examples:")[1]
    examples = [line.strip() for line in told.splitlines() if line.strip().startswith("steadyline ")]
    assert examples
    for example in examples:
        command = WHOLE
        for word in shlex.split(example)[1:]:
            if word.startswith("-") and word != "-":
                assert any(word in parameter.opts for parameter in command.params), f"{example}: {word}"
            elif hasattr(command, "commands"):
                assert word in command.commands, example
                command = command.commands[word]


def test_the_version_is_told(steadyline: Steadyline) -> None:
    result = steadyline("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("steadyline 0.")
