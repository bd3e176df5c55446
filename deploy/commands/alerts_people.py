"""``steadyline alerts people``: who may see and who may act."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer
from rich.table import Table

from deploy.commands.options import Json, examples, moment
from deploy.consoles import emit, out, show_once, words
from deploy.exits import bad_input, bad_use
from deploy.places import state_log

if TYPE_CHECKING:
    from alerts.people import Account, Kept

app = typer.Typer(
    help="Say who may see what the alert desk knows, and who may act on it.",
    no_args_is_help=True,
    epilog=examples("steadyline alerts people add ann --name 'Ann Lee' --role officer", "steadyline alerts people list"),
)
PeopleFile = Annotated[
    Path | None,
    typer.Option("--people", metavar="FILE", help="The people. Without it: $XDG_STATE_HOME/steadyline/people.json."),
]
Who = Annotated[
    str, typer.Argument(metavar="ID", help="A short name; that of the policy where they are in it.", show_default=False)
]
_CODES = "Exit codes: 0 done, 2 bad use or nobody of that id, 3 the file of people cannot be used."


def people_at(path: Path | None) -> Path:
    """The file of people: the one that was named, else the user's own."""
    return path or state_log().with_name("people.json")


@app.command(
    epilog=examples(
        "steadyline alerts people add ann --name 'Ann Lee' --role officer",
        "steadyline alerts people add bob --name Bob --role viewer --password --no-token",
        "steadyline alerts people add ann",
        _CODES,
    )
)
def add(
    person: Who,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="As people call them.")] = None,
    role: Annotated[
        Literal["viewer", "officer", "admin"] | None,
        typer.Option("--role", help="viewer looks, officer acts too, admin says who may what.  [default: viewer]"),
    ] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a password, from standard input.")] = False,
    no_token: Annotated[bool, typer.Option("--no-token", help="Make no token.")] = False,
    expires: Annotated[
        datetime | None, typer.Option("--expires", metavar="TIME", parser=moment, help="The token ends then.")
    ] = None,
    people: PeopleFile = None,
    as_json: Json = False,
) -> None:
    """Add somebody, or give who is known another name, role, password or a further token.

    The token is printed this once, since only its hash is kept. A desk that runs knows them at once.
    """
    from alerts.people import Account, hashed, new_token

    now = datetime.now(UTC)
    if expires is not None and expires <= now:
        bad_use(f"expected a time to come for --expires, got {expires:%Y-%m-%dT%H:%MZ}")
    secret, made = (None, None) if no_token else new_token(now, expires)
    try:
        kept_password = hashed(_asked()) if password else None
    except ValueError as error:
        bad_use(str(error))
    added: list[Account] = []

    def put(kept: "Kept") -> "Kept":
        old = next((each for each in kept.people if each.id == person), None)
        fields = {
            "id": person,
            "name": name or (old.name if old else person),
            "role": role or (old.role if old else "viewer"),
            "created": old.created if old else now,
            "password": kept_password or (old.password if old else None),
            "tokens": (*(old.tokens if old else ()), *((made,) if made else ())),
        }
        try:
            added.append(msgspec.convert(fields, Account, from_attributes=True))
        except msgspec.ValidationError as error:
            bad_use(str(error))
        return msgspec.structs.replace(kept, people=(*(each for each in kept.people if each.id != person), added[0]))

    _changed(people_at(people), put)
    if as_json:
        emit(msgspec.json.encode({**_row(added[0]), "token": secret}))
    elif secret is None:
        out().print(words(f"{person} is {added[0].role}"))
    else:
        show_once(secret, f"the token of {person}, {added[0].role}")


@app.command("list", epilog=examples("steadyline alerts people list", "steadyline alerts people list --json", _CODES))
def list_people(people: PeopleFile = None, as_json: Json = False) -> None:
    """List the people. Their secrets are not known."""
    from alerts.people import PeopleError, read

    try:
        kept = read(people_at(people))
    except PeopleError as error:
        bad_input(str(error))
    if as_json:
        for account in kept.people:
            emit(msgspec.json.encode(_row(account)))
        return
    if not kept.people:
        out().print("nobody")
        return
    table = Table(box=None, header_style="bold")
    for column in ("id", "name", "role", "signs in by"):
        table.add_column(column, overflow="fold")
    for account in kept.people:
        ways = [f"{len(account.tokens)} tokens"] if account.tokens else []
        ways += ["password"] if account.password is not None else []
        table.add_row(*map(words, (account.id, account.name, account.role, ", ".join(ways) or "nothing")))
    out().print(table)


@app.command(epilog=examples("steadyline alerts people remove ann", "steadyline alerts people remove ann --tokens", _CODES))
def remove(
    person: Who,
    tokens: Annotated[bool, typer.Option("--tokens", help="Only their tokens, all of them.")] = False,
    people: PeopleFile = None,
    as_json: Json = False,
) -> None:
    """Remove somebody, or only their tokens: from now on they are not let in, by a desk that runs either."""

    def put(kept: "Kept") -> "Kept":
        if all(each.id != person for each in kept.people):
            bad_use(f"nobody has the id {person}")
        rest = [
            msgspec.structs.replace(each, tokens=()) if each.id == person else each
            for each in kept.people
            if tokens or each.id != person
        ]
        return msgspec.structs.replace(kept, people=tuple(rest))

    _changed(people_at(people), put)
    if as_json:
        emit(msgspec.json.encode({"id": person, "removed": "tokens" if tokens else "person"}))
    else:
        out().print(words(f"{'the tokens of ' if tokens else ''}{person} {'are' if tokens else 'is'} removed"))


def _asked() -> str:
    """A password: typed without being shown, or the first line of standard input."""
    if sys.stdin.isatty():
        return getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _changed(path: Path, put: "Callable[[Kept], Kept]") -> None:
    from alerts.people import PeopleError, change

    try:
        change(path, put)
    except PeopleError as error:
        bad_input(str(error))


def _row(account: "Account") -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "created": account.created,
        "tokens": len(account.tokens),
        "password": account.password is not None,
    }
