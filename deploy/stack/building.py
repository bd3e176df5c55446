"""Runs the programs that fetch, build and lay out a server."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.stack.service import StackError

_PASSWORD = re.compile(r"//[^/@\s]+@")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SHOWN = 1_500


def run(
    arguments: Sequence[str], folder: Path, within: float, failed: str, environment: Mapping[str, str] | None = None
) -> str:
    """Run a program to its end; what it prints on standard output.

    Args:
        arguments: The command.
        folder: Where.
        within: Seconds that it is given.
        failed: What to say where it fails: ``Maven did not fetch the jars``.
        environment: Variables over those of this program.

    Raises:
        StackError: when it fails or takes too long.
    """
    try:
        ran = subprocess.run(  # noqa: S603 - a fixed program, on files of ours
            list(arguments),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=within,
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(f"{failed} within {within:.0f} s") from error
    if ran.returncode != 0:
        # A mirror's address may hold a password.
        said = _PASSWORD.sub("//***@", _COLOUR.sub("", f"{ran.stdout}\n{ran.stderr}")).strip()
        raise StackError(f"{failed}:\n{said[-_SHOWN:]}")
    return ran.stdout
