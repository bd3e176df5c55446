"""The file of who may send what to the gateway, as its commands share it, and the options that name it."""

from collections.abc import Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from deploy.exits import bad_input, bad_use
from deploy.places import state_log

if TYPE_CHECKING:
    from producers.gateway.tokens import Kept

T = TypeVar("T")
BIND = "127.0.0.1:8090"
"""Where the gateway listens unless told."""
TokensFile = Annotated[
    Path | None,
    typer.Option(
        "--tokens", metavar="FILE", help="Tokens and checks. Without it: $XDG_STATE_HOME/steadyline/gateway-tokens.json."
    ),
]
LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger", metavar="FILE", help="What was taken in. Without it: $XDG_STATE_HOME/steadyline/gateway-ledger.db."
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name.", show_default=False)]
CODES = "Exit codes: 0 done, 2 bad use or no such name, 3 the file of tokens or an agreement cannot be used."


def tokens_at(path: Path | None) -> Path:
    """The file of tokens: the one that was named, else the user's own."""
    return path or state_log().with_name("gateway-tokens.json")


def ledger_at(path: Path | None) -> Path:
    """The ledger: the one that was named, else the user's own."""
    return path or state_log().with_name("gateway-ledger.db")


def kept_or_leave(path: Path | None) -> "Kept":
    """What the file of tokens says; leaves with 3 where it cannot be used."""
    from producers.gateway.tokens import TokensError, read

    try:
        return read(tokens_at(path))
    except TokensError as error:
        bad_input(str(error))


def change_or_leave(path: Path | None, put: "Callable[[Kept], Kept]") -> None:
    """Change the file of tokens as one step; leaves with 3 where it cannot be used."""
    from producers.gateway.tokens import TokensError, change

    try:
        change(tokens_at(path), put)
    except TokensError as error:
        bad_input(str(error))


def names_in(text: str) -> tuple[str, ...]:
    """Names with commas between them, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def known_or_leave(option: str, text: str, known: Container[str]) -> tuple[str, ...]:
    """The names in an option's text; leaves with 2 where one is not known. ``*`` stands for all."""
    names = names_in(text)
    for name in names:
        if name != "*" and name not in known:
            bad_use(f"{option}: no agreement knows {name!r}")
    return names


def made_or_leave(fields: dict[str, object], kind: type[T]) -> T:
    """A token or a check of these fields; leaves with 2 where they make none."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        bad_use(str(error))
