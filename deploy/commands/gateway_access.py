"""``steadyline gateway token`` and ``check``: who may send what to the gateway, and what is told by being called."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.table import Table

from deploy.commands.options import Json, Rules, examples, moment
from deploy.consoles import emit, note, out, words
from deploy.exits import bad_input, bad_use
from deploy.places import state_log
from deploy.replaying.session import rules_or_leave
from streams.events.schemas import event_type, event_types, short_name
from streams.rulebook import RuleBook

if TYPE_CHECKING:
    from producers.gateway.tokens import Check, Kept, Token

BIND = "127.0.0.1:8090"
"""Where the gateway listens unless told."""
tokens = typer.Typer(
    help="Say who may send what.",
    no_args_is_help=True,
    epilog=examples("steadyline gateway token list", "steadyline gateway token revoke japan"),
)
checks = typer.Typer(
    help="Addresses that tell, by being called, that a channel or a feed works.",
    no_args_is_help=True,
    epilog=examples("steadyline gateway check add west --channel inter-korean-military-west", "steadyline gateway check list"),
)

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
_CODES = "Exit codes: 0 done, 2 bad use or no such name, 3 the file of tokens or an agreement cannot be used."


@tokens.command(
    "add",
    epilog=examples(
        "steadyline gateway token add japan --types launch.notice,retraction --parties PRC,US --source urn:example:japan",
        "steadyline gateway token add duty --types channel.check,feed.heartbeat --channels '*' --feeds '*' --source urn:duty",
        _CODES,
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
    secret, now = new_token(), datetime.now(UTC)
    if expires is not None and expires <= now:
        bad_use(f"expected a time to come for --expires, got {expires:%Y-%m-%dT%H:%MZ}")
    asked = {
        "name": name,
        "digest": digest_of(secret),
        "types": _types(types),
        "sources": _sources(source),
        "parties": _names(parties),
        "channels": _known("--channels", channels, book.channels),
        "feeds": _known("--feeds", feeds, book.feeds),
        "retracts_any": retract_any,
        "events_per_second": events,
        "created": now,
        "expires": expires,
    }
    token: Token = _made(asked, Token)
    _need(token)

    def put(kept: "Kept") -> "Kept":
        for other in kept.tokens:
            if other.name == name and other.state(now) == "valid":
                bad_use(f"there is a token called {name} already: revoke it first, or give this one another name")
        rest = tuple(other for other in kept.tokens if other.name != name)
        return msgspec.structs.replace(kept, tokens=(*rest, token))

    _changed(tokens_at(tokens_file), put)
    if as_json:
        emit(msgspec.json.encode({**_row(token, now), "token": secret}))
        return
    out().print(words(secret), soft_wrap=True)
    note(f"the token of {name}; it is kept nowhere, and cannot be shown again")


@tokens.command("list", epilog=examples("steadyline gateway token list", "steadyline gateway token list --json", _CODES))
def list_tokens(tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """List the tokens: what each may send, and whether it is valid. The tokens themselves are not known."""
    kept, now = _kept(tokens_at(tokens_file)), datetime.now(UTC)
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


@tokens.command("revoke", epilog=examples("steadyline gateway token revoke japan", _CODES))
def revoke(name: Name, tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """Revoke a token: from now on it is worth nothing, also to a gateway that runs."""
    now = datetime.now(UTC)
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

    _changed(tokens_at(tokens_file), put)
    if as_json:
        emit(msgspec.json.encode(_row(revoked[0], now)))
    else:
        out().print(words(f"{name} is revoked"))


@checks.command(
    "add",
    epilog=examples(
        "steadyline gateway check add west --channel inter-korean-military-west",
        "steadyline gateway check add notams --feed notam --url https://gateway.example.org",
        _CODES,
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
    _known("--channel", channel or "", book.channels)
    _known("--feed", feed or "", book.feeds)
    address = new_address()
    check: Check = _made(
        {"name": name, "digest": digest_of(address), "channel": channel, "feed": feed, "created": datetime.now(UTC)}, Check
    )

    def put(kept: "Kept") -> "Kept":
        if any(other.name == name for other in kept.checks):
            bad_use(f"there is a check called {name} already: remove it first, or give this one another name")
        return msgspec.structs.replace(kept, checks=(*kept.checks, check))

    _changed(tokens_at(tokens_file), put)
    told = f"{url.rstrip('/')}/ping/{address}"
    if as_json:
        emit(msgspec.json.encode({**_check_row(check), "url": told}))
        return
    out().print(words(told), soft_wrap=True)
    note(f"the address of {name}; it is kept nowhere, and cannot be shown again")


@checks.command("list", epilog=examples("steadyline gateway check list", "steadyline gateway check list --json", _CODES))
def list_checks(tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """List the checks. Their addresses are not known."""
    kept = _kept(tokens_at(tokens_file))
    for check in kept.checks:
        if as_json:
            emit(msgspec.json.encode(_check_row(check)))
        else:
            about = f"channel {check.channel}" if check.channel is not None else f"feed {check.feed}"
            out().print(words(f"{check.name}: {about}"), soft_wrap=True)
    if not kept.checks and not as_json:
        out().print("no checks")


@checks.command("remove", epilog=examples("steadyline gateway check remove west", _CODES))
def remove_check(name: Name, tokens_file: TokensFile = None, as_json: Json = False) -> None:
    """Remove a check: its address is none any more."""

    def put(kept: "Kept") -> "Kept":
        rest = tuple(check for check in kept.checks if check.name != name)
        if len(rest) == len(kept.checks):
            bad_use(f"no check is called {name}")
        return msgspec.structs.replace(kept, checks=rest)

    _changed(tokens_at(tokens_file), put)
    if as_json:
        emit(msgspec.json.encode({"name": name, "removed": True}))
    else:
        out().print(words(f"{name} is removed"))


@checks.command("notes", epilog=examples("steadyline gateway check notes west", _CODES))
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


def tokens_at(path: Path | None) -> Path:
    """The file of tokens: the one that was named, else the user's own."""
    return path or state_log().with_name("gateway-tokens.json")


def ledger_at(path: Path | None) -> Path:
    """The ledger: the one that was named, else the user's own."""
    return path or state_log().with_name("gateway-ledger.db")


def _kept(path: Path) -> "Kept":
    from producers.gateway.tokens import TokensError, read

    try:
        return read(path)
    except TokensError as error:
        bad_input(str(error))


def _changed(path: Path, put: "Callable[[Kept], Kept]") -> None:
    from producers.gateway.tokens import TokensError, change

    try:
        change(path, put)
    except TokensError as error:
        bad_input(str(error))


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _known(option: str, text: str, known: Any) -> tuple[str, ...]:  # noqa: ANN401 - any mapping by name
    names = _names(text)
    for name in names:
        if name != "*" and name not in known:
            bad_use(f"{option}: no agreement knows {name!r}")
    return names


def _types(text: str) -> tuple[str, ...]:
    from streams.events import Tick

    found = []
    for name in _names(text):
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


def _made(fields: dict[str, Any], kind: Any) -> Any:  # noqa: ANN401 - a token or a check
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        bad_use(str(error))


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


def _check_row(check: "Check") -> dict[str, object]:
    return {"name": check.name, "channel": check.channel, "feed": check.feed, "created": check.created}
