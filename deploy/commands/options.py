"""The options and arguments that several commands share, so that they read alike everywhere."""

import inspect
import ssl
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.exits import bad_use

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text.")]
Rules = Annotated[
    Path | None,
    typer.Option("--rules", metavar="FILE|DIR", help="Judge by these agreements over the built-in ones; the same id replaces."),
]
LogFile = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="The log (SQLite). Without it: $XDG_STATE_HOME/steadyline/steadyline.db."),
]
Certificate = Annotated[
    Path | None,
    typer.Option(
        "--certificate", metavar="FILE", envvar="STEADYLINE_CERTIFICATE_FILE", help="Serve TLS with these certificates (PEM)."
    ),
]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", envvar="STEADYLINE_KEY_FILE", help="The key of --certificate (PEM)."),
]
What = Annotated[
    str,
    typer.Argument(
        metavar="STORY|FILE|DIR|-",
        help="A story by its name, a JSON Lines file (plain or gzip), a directory of them, a log, or - for standard input.",
        show_default=False,
    ),
]


def moment(text: str) -> datetime:
    """A moment as it is given on the command line: RFC 3339 with its offset, or a day (its end, UTC).

    Raises:
        typer.BadParameter: when it is neither, or says no zone.
    """
    try:
        if len(text) == len("2024-01-01"):
            return datetime.combine(date.fromisoformat(text), time(23, 59, 59), UTC)
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise typer.BadParameter(f"expected 2024-09-10 or 2024-09-10T08:00Z (with its zone), got {text!r}")
    return given.astimezone(UTC)


Until = Annotated[
    datetime | None,
    typer.Option("--until", metavar="TIME", parser=moment, help="End there: 2024-09-10 (its end, UTC) or 2024-09-10T08:00Z."),
]


def tls_or_leave(certificate: Path | None, key: Path | None) -> None:
    """Leaves with 2 where only one of the two is given, or they are not a certificate and its key."""
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        bad_use("expected --certificate and --key together")
    for file in (certificate, key):
        if not file.is_file():
            bad_use(f"{file}: no such file")
    try:
        # Without a password at hand OpenSSL would ask for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        bad_use(f"expected a certificate and its key (PEM, without a password), got {certificate} and {key}: {error}")


def examples(*lines: str) -> str:
    """The end of a command's help: how it is called."""
    return "\n\n".join(("Examples:", *lines))


def joined(command: Callable[..., Any], common: Callable[..., None], then: Callable[..., None]) -> Callable[..., None]:
    """A command of what ``command`` asks and of what ``common`` asks: the former's result goes to ``then`` with the latter's.

    Args:
        command: Its own options and arguments, and its help.
        common: Options that several commands share.
        then: Gets the result, and the common options by name.
    """
    own, shared = inspect.signature(command), tuple(inspect.signature(common).parameters.values())

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401 - Typer has checked them against the signature
        told = {parameter.name: given.pop(parameter.name) for parameter in shared}
        then(command(**given), **told)

    typed: Any = run
    # This is what Typer reads; it would look through a mere wrapper.
    typed.__signature__ = own.replace(
        parameters=[parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own.parameters.values()]
        + list(shared),
        return_annotation=None,
    )
    typed.__annotations__ = {**command.__annotations__, **common.__annotations__, "return": None}
    del typed.__wrapped__
    return run
