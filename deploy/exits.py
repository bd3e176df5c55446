"""The exit codes of every command, and how a command ends with one."""

from typing import NoReturn

import typer

from deploy.consoles import complain

FINE = 0
"""Nothing lapsed; nothing differs; all is well."""
LAPSED = 1
"""At least one lapse, open or resolved; for ``diff``: the two rule sets judge differently."""
BAD_USE = 2
"""The command was not given what it needs."""
BAD_INPUT = 3
"""Something that was read is not what it ought to be: a dead letter, an unreadable file, a faulty agreement."""
NOT_YET = 75
"""Kept on disk and not handed over yet (EX_TEMPFAIL of sysexits.h)."""
BROKEN = 70
"""A fault in the program itself (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""Stopped from the keyboard."""

EXPLAINED = "Exit codes: 0 nothing lapsed, 1 lapses, 2 bad use, 3 bad input (takes precedence over 1)."


def bad_use(message: str) -> NoReturn:
    """Say what was wrong with the command and leave with 2."""
    complain(message)
    raise typer.Exit(BAD_USE)


def bad_input(message: str) -> NoReturn:
    """Say what was wrong with the input and leave with 3."""
    complain(message)
    raise typer.Exit(BAD_INPUT)
