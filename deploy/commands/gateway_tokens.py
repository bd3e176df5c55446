"""``steadyline gateway token``: who may send what to the gateway."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.table import Table

from deploy.commands.gateway_access import (
    CODES,
    Name,
    TokensFile,
    change_or_leave,
    kept_or_leave,
    known_or_leave,
    made_or_leave,
    names_in,
)
from deploy.commands.options import Json, Rules, examples, moment
from deploy.consoles import emit, out, show_once, words
from deploy.exits import bad_use
from deploy.replaying.session import rules_or_leave
from streams.daytime import utc
from streams.events.schemas import event_type, event_types, short_name
from streams.rulebook import RuleBook

if TYPE_CHECKING:
    from producers.gateway.tokens import Kept, Token

tokens = typer.Typer(
    help="Say who may send what.",
    no_args_is_help=True,
    epilog=examples("steadyline gateway token list", "steadyline gateway token revoke japan"),
)


@tokens.command(
    "add",
    epilog=examples(
        "steadyline gateway token add japan --types launch.notice,retraction --parties PRC,US --source urn:example:japan",
        "steadyline gateway token add duty --types channel.check,feed.heartbeat --channels '*' --feeds '*' --source urn:duty",
        CODES,
    ),
)
def add_token(
    name: Name,
    types: Annotated[str, typer.Option("--types", metavar="TYPE,...", help="Types of events it may send.", show_default=False)],
    source: Annotated[
        list[str],
        typer.Option(
            "--source",
            metavar="URI",
            help="A source of its own; one that ends in * stands for all that begin so.",
            show_default=False,
        ),
    ],
    parties: Annotated[str, typer.Option("--parties", metavar="PARTY,...", help="Parties it may speak about, or *.")] = "",
    channels: Annotated[str, typer.Option("--channels", metavar="ID,...", help="Channels it may report on, or *.")] = "",
    feeds: Annotated[str, typer.Option("--feeds", metavar="ID,...", help="Feeds whose sign of life it may give, or *.")] = "",
    retract_any: Annotated[bool, typer.Option("--retract-any", help="It may take back what others reported.")] = False,
    events: Annotated[
        float | None,
        typer.Option("--events-per-second", metavar="N", min=0.01, max=10_000_000, help="A rate of its own."),
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option("--expires", metavar="TIME", parser=moment, help="It ends then: 2027-01-01T00:00Z.")
    ] = None,
    tokens_file: TokensFile = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Make a token and print it: this once, since only its hash is kept. A running gateway knows it at once."""
    from producers.gateway.tokens import Token, digest_of, new_token

    book = RuleBook(rules_or_leave(rules))
    secret, now = new_token(), utc()
    if expires is not None and expires <= now:
        bad_use(f"expected a time to come for --expires, got {expires:%Y-%m-%dT%H:%MZ}")
    asked = {
        "name": name,
        "digest": digest_of(secret),
        "types": _types(types),
        "sources": _sources(source),
        "parties": names_in(parties),
        "channels": known_or_leave("--channels", channels, book.channels),
        "feeds": known_or_leave("--feeds", feeds, book.feeds),
        "retracts_any": retract_any,
        "events_per_second": events,
        "created": now,
        "expires": expires,
    }
    token = made_or_leave(asked, Token)
    _need(token)

    def put(kept: "Kept") -> "Kept":
        for other in kept.tokens:
            if other.name == name and other.state(now) == "valid":
                bad_use(f"there is a token called {name} already: revoke it first, or give this one another name")
        rest = tuple(other for other in kept.tokens if other.name != name)
        return msgspec.structs.replace(kept, tokens=(*rest, token))

    change_or_leave(tokens_file, put)
    if as_json:
        emit(msgspec.json.encode({**_row(token, now), "token": secret}))
    else:
        show_once(secret, f"the token of {name}")


@tokens.command("list", epilog=examples("steadyline gateway token list", "steadyline gateway token list --json", CODES))
def list_tokens(tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """List the tokens: what each may send, and whether it is valid. The tokens themselves are not known."""
    kept, now = kept_or_leave(tokens_file), utc()
    if as_json:
        for token in kept.tokens:
            emit(msgspec.json.encode(_row(token, now)))
        return
    if not kept.tokens:
        out().print("no tokens")
        return
    table = Table(box=None, header_style="bold")
    for column in ("name", "state", "types", "sources", "about"):
        table.add_column(column, overflow="fold")
    for token in kept.tokens:
        about = (*token.parties, *token.channels, *token.feeds)
        cells = (
            token.name,
            token.state(now),
            ", ".join(map(short_name, token.types)),
            ", ".join(token.sources),
            ", ".join(about),
        )
        table.add_row(*map(words, cells))
    out().print(table)


@tokens.command("revoke", epilog=examples("steadyline gateway token revoke japan", CODES))
def revoke(name: Name, tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """Revoke a token: from now on it is worth nothing, also to a gateway that runs."""
    now = utc()
    revoked: list[Token] = []

    def put(kept: "Kept") -> "Kept":
        def ended(token: "Token") -> "Token":
            if token.name != name or token.revoked is not None:
                return token
            revoked.append(msgspec.structs.replace(token, revoked=now))
            return revoked[-1]

        made = msgspec.structs.replace(kept, tokens=tuple(map(ended, kept.tokens)))
        if not revoked:
            bad_use(f"no token that is in use is called {name}")
        return made

    change_or_leave(tokens_file, put)
    if as_json:
        emit(msgspec.json.encode(_row(revoked[0], now)))
    else:
        out().print(words(f"{name} is revoked"))


def _types(text: str) -> tuple[str, ...]:
    from streams.events import Tick

    found = []
    for name in names_in(text):
        try:
            kind = event_type(name)
        except LookupError as error:
            bad_use(str(error.args[0]))
        if kind is Tick:
            bad_use("ticks come from the clock alone: no token may send them")
        found.append(next(tag for tag, each in event_types().items() if each is kind))
    if not found:
        bad_use(f"expected types of events, such as launch.notice, got {text!r}")
    return tuple(found)


def _sources(given: Sequence[str]) -> tuple[str, ...]:
    from producers.gateway.pings import SOURCE

    for source in given:
        bare = source.removesuffix("*")
        if not bare or "*" in bare:
            bad_use(f"expected a source, or how sources begin and then *, got {source!r}")
        if bare.startswith(SOURCE) or (source != bare and SOURCE.startswith(bare)):
            bad_use(f"{source!r}: that is how the gateway's own checks are called")
    return tuple(given)


_NEEDED = {
    "parties": ("launch.", "incident.", "contact", "regime.", "benchmark.", "channel.request", "channel.status", "dialogue."),
    "channels": ("channel.", "dialogue."),
    "feeds": ("feed.",),
}


def _need(token: "Token") -> None:
    """Leave where a token could not send what it is for."""
    for what, beginnings in _NEEDED.items():
        kinds = [name for name in map(short_name, token.types) if name.startswith(beginnings)]
        if kinds and not getattr(token, what):
            bad_use(f"{', '.join(kinds)}: say about which {what} (--{what} NAME,... or '*')")


def _row(token: "Token", now: datetime) -> dict[str, object]:
    return {
        "name": token.name,
        "state": token.state(now),
        "types": [short_name(kind) for kind in token.types],
        "sources": token.sources,
        "parties": token.parties,
        "channels": token.channels,
        "feeds": token.feeds,
        "retract_any": token.retracts_any,
        "created": token.created,
        "expires": token.expires,
        "revoked": token.revoked,
    }
