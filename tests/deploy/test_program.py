"""The program as the shell sees it: exit codes, pipes, colours."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.records import DECLINED, QUIET

Recording = Callable[..., Path]
START = "import sys; from deploy.cli import main; sys.argv[0] = 'steadyline'; "


def program(*arguments: object, stdin: str = "", before: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run ``steadyline`` in a process of its own; ``before`` is Python that runs first."""
    return subprocess.run(
        [sys.executable, "-c", f"{START}{before}main()", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize(("lines", "code"), [(QUIET, 0), (DECLINED, 1), ([*DECLINED, "{"], 3)])
def test_the_shell_gets_the_exit_code(lines: list[str], code: int) -> None:
    result = program("replay", "-", stdin="\n".join(lines))
    assert result.returncode == code
    assert (result.stderr == "") == (code != 3)


def test_bad_use_is_2() -> None:
    assert program("replay").returncode == 2
    assert program("replay", "unheard-of").returncode == 2


def test_a_fault_of_the_program_does_not_look_like_a_lapse() -> None:
    result = program("stories", before="import deploy.commands.stories as s; s.builtin_stories = lambda: 1 / 0; ")
    assert result.returncode == 70
    assert "ZeroDivisionError" in result.stderr
    assert "fault in the program" in result.stderr


def test_an_interrupt_is_130() -> None:
    before = "import deploy.commands.stories as s\ndef stop(): raise KeyboardInterrupt\ns.builtin_stories = stop\n"
    result = program("stories", before=before)
    assert result.returncode == 130
    assert "Traceback" not in result.stderr


def test_a_reader_that_has_seen_enough_is_no_fault(tmp_path: Path) -> None:
    command = f'{sys.executable} -c "{START}main()" generate --events 20000 | head -n 1'
    result = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


def test_output_that_is_no_terminal_has_no_colours_and_no_progress() -> None:
    result = program("replay", "us-china-2022")
    assert "\x1b" not in result.stdout + result.stderr
    assert result.stderr == ""


def on_a_terminal(*arguments: object, **environment: str) -> str:
    """What the program prints where all its streams are a terminal."""
    import pty

    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", f"{START}main()", *map(str, arguments)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=inherited | {"TERM": "xterm-256color", "COLUMNS": "120"} | environment,
    ) as process:
        os.close(follower)
        output = b""
        while True:
            try:
                piece = os.read(leader, 65_536)
            except OSError:
                break
            if not piece:
                break
            output += piece
        process.wait()
    os.close(leader)
    return output.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of this kind is a Unix thing")
def test_a_terminal_gets_colours_unless_it_asks_for_none() -> None:
    assert "\x1b[1;31m" in on_a_terminal("replay", "us-china-2022", "--no-progress")
    plain = on_a_terminal("replay", "us-china-2022", "--no-progress", NO_COLOR="1")
    assert "\x1b[1;31m" not in plain
    assert "\x1b[31m" not in plain
