"""Opening the spool and its targets for a command, with what the command line and the environment say."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.exits import bad_input, bad_use
from deploy.places import state_log, state_spool
from deploy.session import rules_or_leave
from streams.rulebook import RuleBook

if TYPE_CHECKING:
    from producers.delivery.sender import Sender
    from producers.delivery.spool import Spool

PATIENCE_S = 5.0
"""Seconds that somebody at a terminal is kept waiting for a target that is away."""

To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="TARGET",
        envvar="STEADYLINE_TO",
        help="A gateway (https://HOST), or the log itself (kafka://HOST:PORT, a file). Without it: the embedded log.",
        show_default=False,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", help="The gateway's token. Else $STEADYLINE_TOKEN_FILE or $STEADYLINE_TOKEN."),
]
PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="Let http:// go over a network: whoever listens there reads the token.")
]
SpoolFile = Annotated[
    Path | None,
    typer.Option("--spool", metavar="FILE", help="The spool. Without it: $XDG_STATE_HOME/steadyline/spool/spool.db."),
]
Patience = Annotated[
    float, typer.Option("--patience", metavar="SECONDS", min=0, max=86_400, help="How long a target that is away is asked.")
]


def target_or_leave(to: str | None, *, plain: bool) -> str:
    """What ``--to`` means, as the spool writes it; leaves with 2 where it means nothing."""
    from producers.delivery.target import named

    try:
        return named(str(state_log()) if to is None else to, plain=plain)
    except ValueError as error:
        bad_use(str(error))


def spool_or_leave(path: Path | None) -> "Spool":
    """The user's spool, or the one that was named; leaves with 3 where it cannot be used."""
    from producers.delivery.spool import Spool, SpoolError

    try:
        return Spool(path or state_spool())
    except SpoolError as error:
        bad_input(str(error))


def sender(
    spool: "Spool", target: str, rules: Path | None, token_file: Path | None, *, plain: bool, answer_s: float | None = None
) -> "Sender":
    """What empties the spool into this target."""
    from producers.delivery.sender import Sender
    from producers.delivery.target import ANSWER_S, Access, open_target

    book: Callable[[], RuleBook] = lambda: RuleBook(rules_or_leave(rules))  # noqa: E731 - asked for on Kafka only
    access = Access(book, token_file, plain, answer_s or ANSWER_S)
    return Sender(spool, target, partial(open_target, target, access))
