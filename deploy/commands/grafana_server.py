"""``steadyline grafana diff|push|pull``: a Grafana held against what is wanted, brought to it, and kept in files."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from deploy.commands.grafana_contacts import Contacts, addressed, routing_or_leave
from deploy.commands.grafana_files import write_or_leave
from deploy.commands.options import Json, examples
from deploy.consoles import emit, note, out, words
from deploy.exits import FINE, LAPSED, bad_input, bad_use

if TYPE_CHECKING:
    from dashboards.grafana.alerting.contacts import Routing
    from dashboards.grafana.api import Remote
    from dashboards.grafana.sync import Difference
    from dashboards.grafana.wanted import Wanted

T = TypeVar("T")

Url = Annotated[
    str,
    typer.Option("--url", metavar="URL", envvar="STEADYLINE_GRAFANA", help="The Grafana: https://HOST.", show_default=False),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", envvar="STEADYLINE_GRAFANA_TOKEN_FILE", help="A service account's token (role Admin)."
    ),
]
PlainHttp = Annotated[bool, typer.Option("--plain-http", help="Let http:// go over a network: who listens reads the token.")]
TOKEN = "STEADYLINE_GRAFANA_TOKEN"  # noqa: S105 - the name of a variable

DIFF = examples(
    "steadyline grafana diff --url http://127.0.0.1:3000 --token-file token",
    "steadyline grafana diff --url https://grafana.example.org --token-file token --contacts contacts.toml --json",
    "Exit codes: 0 it is as it ought to be, 1 something differs, 3 Grafana refuses or does not answer.",
)
PUSH = examples(
    "steadyline grafana push --url http://127.0.0.1:3000 --token-file token",
    "steadyline grafana push --url https://grafana.example.org --token-file token --database http://influxdb:8086 "
    "--database-token-file secrets/grafana-influxdb-token",
    "steadyline grafana push --url https://grafana.example.org --token-file token --keep --json",
    "Exit codes: 0 it is as it ought to be now, 3 Grafana refuses, does not answer, or keeps something else.",
)
PULL = examples(
    "steadyline grafana pull kept --url http://127.0.0.1:3000 --token-file token",
    "Exit codes: 0 kept, 3 Grafana refuses or does not answer, or the folder cannot be written.",
)


def diff(
    url: Url, token_file: TokenFile = None, plain_http: PlainHttp = False, contacts: Contacts = None, as_json: Json = False
) -> None:
    """Say every way in which what is ours in Grafana differs from what it ought to be. Nothing is written."""
    from dashboards.grafana.server import found, wrong_source
    from dashboards.grafana.sync import compare
    from dashboards.grafana.wanted import wanted

    asked = _addresses(lambda: wanted(routing_or_leave(contacts), addressed))
    server = _server(url, token_file, plain=plain_http)
    there = _asked(lambda: found(server))
    differing, source = compare(asked, there), wrong_source(there)
    _tell(differing, as_json=as_json)
    if source is not None:
        note(source)
    raise typer.Exit(LAPSED if differing or source else FINE)


def push(
    url: Url,
    token_file: TokenFile = None,
    plain_http: PlainHttp = False,
    contacts: Contacts = None,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="InfluxDB as Grafana reaches it: its data source is made too."),
    ] = None,
    database_token: Annotated[
        Path | None, typer.Option("--database-token-file", metavar="FILE", help="The token with which Grafana reads it.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave what is ours and no longer wanted where it is.")] = False,
    as_json: Json = False,
) -> None:
    """Write what differs, read it back and compare. What is not ours stays as it is. The same again writes nothing."""
    from dashboards.grafana.server import found, wrong_source
    from dashboards.grafana.source import datasource
    from dashboards.grafana.sync import push as pushed
    from dashboards.grafana.wanted import wanted

    if (database is None) != (database_token is None):
        bad_use("expected --database and --database-token-file together")
    source = None if database is None or database_token is None else datasource(database, _token(database_token))
    routing = routing_or_leave(contacts)
    asked = _addresses(lambda: wanted(routing, addressed, source=source))
    _sound(asked, routing)
    server = _server(url, token_file, plain=plain_http)
    wrong = None if source is not None else _asked(lambda: wrong_source(found(server)))
    if wrong is not None:
        bad_input(wrong)
    _tell(_asked(lambda: pushed(server, asked, prune=not keep)), as_json=as_json)


def pull(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
    url: Url,
    token_file: TokenFile = None,
    plain_http: PlainHttp = False,
    as_json: Json = False,
) -> None:
    """Keep what is there of ours, and the whole tree of policies, in files. Addresses of contacts are left out."""
    from dashboards.grafana.render import rendered
    from dashboards.grafana.server import found
    from dashboards.grafana.sync import kept

    server = _server(url, token_file, plain=plain_http)
    made = kept(_asked(lambda: found(server)))
    write_or_leave(folder, {name: rendered(thing) for name, thing in made.items()}, as_json=as_json)


def _server(url: str, token_file: Path | None, *, plain: bool) -> "Remote":
    from dashboards.grafana.api import Remote

    token = os.environ.get(TOKEN, "").strip() if token_file is None else _token(token_file)
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        bad_use(f"expected a token in a file (--token-file) or in ${TOKEN}")
    try:
        remote = Remote(url, token)
        if Remote.is_plain(url) and not plain:
            bad_use(f"{url}: whoever listens on the way reads the token; https://, or --plain-http if that is meant")
        return remote
    except ValueError as error:
        bad_use(str(error))


def _token(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        bad_input(f"{file}: {getattr(error, 'strerror', None) or error}")


def _asked(question: Callable[[], T]) -> T:
    from dashboards.grafana.api import ApiError
    from dashboards.grafana.sync import NotTakenError

    try:
        return question()
    except (ApiError, NotTakenError) as error:
        bad_input(str(error))


def _addresses(made: Callable[[], T]) -> T:
    try:
        return made()
    except OSError as error:
        bad_input(f"{error.filename}: {error.strerror}")
    except ValueError as error:
        bad_input(str(error))


def _sound(asked: "Wanted", routing: "Routing") -> None:
    """Nothing goes out with a fault; above all, no exercise to a real address, whatever the files with the addresses say."""
    from dashboards.grafana.checking import faults_of_dashboards
    from dashboards.grafana.checking_alerts import faults_of_alerts

    faults = [*faults_of_dashboards(asked.dashboards), *faults_of_alerts(asked, routing)]
    if faults:
        bad_input("; ".join(map(str, faults)))


def _tell(differing: "Sequence[Difference]", *, as_json: bool) -> None:
    for one in differing:
        if as_json:
            emit(msgspec.json.encode({"kind": one.kind, "name": one.name, "what": one.what, "places": one.places}))
        else:
            out().print(words(str(one)), soft_wrap=True)
    if not differing:
        note("all as it ought to be")
