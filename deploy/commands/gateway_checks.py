"""``steadyline gateway check``: what is told by being called."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from deploy.commands.gateway_access import (
    BIND,
    CODES,
    LedgerFile,
    Name,
    TokensFile,
    change_or_leave,
    kept_or_leave,
    known_or_leave,
    ledger_at,
    made_or_leave,
)
from deploy.commands.options import Json, Rules, examples
from deploy.consoles import emit, out, show_once, words
from deploy.exits import bad_input, bad_use
from deploy.replaying.session import rules_or_leave
from streams.daytime import utc
from streams.rulebook import RuleBook

if TYPE_CHECKING:
    from producers.gateway.tokens import Check, Kept

checks = typer.Typer(
    help="Addresses that tell, by being called, that a channel or a feed works.",
    no_args_is_help=True,
    epilog=examples("steadyline gateway check add west --channel inter-korean-military-west", "steadyline gateway check list"),
)


@checks.command(
    "add",
    epilog=examples(
        "steadyline gateway check add west --channel inter-korean-military-west",
        "steadyline gateway check add notams --feed notam --url https://gateway.example.org",
        CODES,
    ),
)
def add_check(
    name: Name,
    channel: Annotated[str | None, typer.Option("--channel", metavar="ID", help="The channel whose line it checks.")] = None,
    feed: Annotated[str | None, typer.Option("--feed", metavar="ID", help="The feed whose sign of life it is.")] = None,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Where the gateway is reached.")] = f"http://{BIND}",
    tokens_file: TokensFile = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Make an address to ping and print it: this once, since only its hash is kept.

    Calling it says success; /start, /fail, /log or an exit status behind it say those, as with healthchecks.io.
    """
    from producers.gateway.tokens import Check, digest_of, new_address

    if (channel is None) == (feed is None):
        bad_use("expected --channel or --feed, one of them")
    book = RuleBook(rules_or_leave(rules))
    known_or_leave("--channel", channel or "", book.channels)
    known_or_leave("--feed", feed or "", book.feeds)
    address = new_address()
    check = made_or_leave(
        {"name": name, "digest": digest_of(address), "channel": channel, "feed": feed, "created": utc()}, Check
    )

    def put(kept: "Kept") -> "Kept":
        if any(other.name == name for other in kept.checks):
            bad_use(f"there is a check called {name} already: remove it first, or give this one another name")
        return msgspec.structs.replace(kept, checks=(*kept.checks, check))

    change_or_leave(tokens_file, put)
    told = f"{url.rstrip('/')}/ping/{address}"
    if as_json:
        emit(msgspec.json.encode({**_row(check), "url": told}))
    else:
        show_once(told, f"the address of {name}")


@checks.command("list", epilog=examples("steadyline gateway check list", "steadyline gateway check list --json", CODES))
def list_checks(tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """List the checks. Their addresses are not known."""
    kept = kept_or_leave(tokens_file)
    for check in kept.checks:
        if as_json:
            emit(msgspec.json.encode(_row(check)))
        else:
            about = f"channel {check.channel}" if check.channel is not None else f"feed {check.feed}"
            out().print(words(f"{check.name}: {about}"), soft_wrap=True)
    if not kept.checks and not as_json:
        out().print("no checks")


@checks.command("remove", epilog=examples("steadyline gateway check remove west", CODES))
def remove_check(name: Name, tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """Remove a check: its address is none any more."""

    def put(kept: "Kept") -> "Kept":
        rest = tuple(check for check in kept.checks if check.name != name)
        if len(rest) == len(kept.checks):
            bad_use(f"no check is called {name}")
        return msgspec.structs.replace(kept, checks=rest)

    change_or_leave(tokens_file, put)
    if as_json:
        emit(msgspec.json.encode({"name": name, "removed": True}))
    else:
        out().print(words(f"{name} is removed"))


@checks.command("notes", epilog=examples("steadyline gateway check notes west", CODES))
def notes(name: Name, ledger: LedgerFile = None, as_json: Json = False) -> None:
    """Print the last texts that came with the pings of a check."""
    from producers.gateway.ledger import Ledger, LedgerError

    path = ledger_at(ledger)
    if not path.is_file():
        bad_use(f"{path}: no such ledger")
    try:
        opened = Ledger(path)
        try:
            found = opened.notes(name)
        finally:
            opened.close()
    except LedgerError as error:
        bad_input(str(error))
    for at, signal, text in found:
        if as_json:
            emit(msgspec.json.encode({"at": at, "signal": signal, "text": text}))
        else:
            out().print(words(f"{at[:19]}Z {signal}: {text}"), soft_wrap=True)
    if not found and not as_json:
        out().print("no notes")


def _row(check: "Check") -> dict[str, object]:
    return {"name": check.name, "channel": check.channel, "feed": check.feed, "created": check.created}
