"""``steadyline topics``: the topics of the log on Kafka, created and held against the catalogue."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from deploy.commands.options import Json, examples
from deploy.consoles import complain, emit, out, words
from deploy.exits import BAD_USE, FINE, bad_input, bad_use
from streams.log.access import MECHANISM, AccessError, Secret, password_in
from streams.log.roles import ROLES, Role, grants
from streams.topics import MOST_PARTITIONS, PARTITIONS, Topic, catalogue

if TYPE_CHECKING:
    from streams.log.admin import Admin, Difference

T = TypeVar("T")

app = typer.Typer(
    help="Create and check the topics of the log on Kafka.",
    no_args_is_help=True,
    epilog=examples(
        "steadyline topics create --bootstrap 127.0.0.1:9092", "steadyline topics check --bootstrap 127.0.0.1:9092 --json"
    ),
)

Bootstrap = Annotated[
    str,
    typer.Option(
        "--bootstrap", metavar="HOST:PORT", envvar="STEADYLINE_KAFKA", help="A broker; several with commas.", show_default=False
    ),
]
Partitions = Annotated[
    int, typer.Option("--partitions", metavar="N", min=1, max=MOST_PARTITIONS, help="Partitions of each input topic.")
]
Run = Annotated[str | None, typer.Option("--run", metavar="ID", help="The topics of one replay or drill, not the live ones.")]
_CODES = "Exit codes: 0 all as it ought to be, 2 a topic is missing or differs, 3 the broker does not answer or refuses."


@app.command(
    epilog=examples(
        "steadyline topics create --bootstrap 127.0.0.1:9092",
        "steadyline topics create --bootstrap 127.0.0.1:9092 --run taiwan-2022 --partitions 4",
        _CODES,
    )
)
def create(bootstrap: Bootstrap, partitions: Partitions = PARTITIONS, run: Run = None, as_json: Json = False) -> None:
    """Create the topics that are missing, and check those that are there. Nothing that exists is changed."""
    topics = _topics(partitions, run)
    created, differences = _asked(bootstrap, lambda admin: (admin.create(topics), admin.check(topics)))
    _tell(topics, created, differences, as_json=as_json)


@app.command(
    epilog=examples(
        "steadyline topics check --bootstrap 127.0.0.1:9092",
        "steadyline topics check --bootstrap 127.0.0.1:9092 --run taiwan-2022 --partitions 4 --json",
        _CODES,
    )
)
def check(bootstrap: Bootstrap, partitions: Partitions = PARTITIONS, run: Run = None, as_json: Json = False) -> None:
    """Say every way in which topics differ from what they ought to be: partitions, retention, clean-up."""
    topics = _topics(partitions, run)
    _tell(topics, [], _asked(bootstrap, lambda admin: admin.check(topics)), as_json=as_json)


@app.command(
    epilog=examples(
        "steadyline topics allow worker User:steadyline-worker --dry-run",
        "steadyline topics allow page User:steadyline-page --bootstrap kafka.example.org:9093 --json",
        "Exit codes: 0 allowed, 2 bad use, 3 the broker does not answer, has no authorizer or refuses.",
    )
)
def allow(
    role: Annotated[
        Role, typer.Argument(metavar="ROLE", help=f"What they are there for: {', '.join(ROLES)}.", show_default=False)
    ],
    principal: Annotated[
        str, typer.Argument(metavar="PRINCIPAL", help="As the broker calls them: User:NAME.", show_default=False)
    ],
    bootstrap: Annotated[
        str | None,
        typer.Option("--bootstrap", metavar="HOST:PORT", envvar="STEADYLINE_KAFKA", help="A broker; several with commas."),
    ] = None,
    run: Run = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be allowed.")] = False,
    as_json: Json = False,
) -> None:
    """Let somebody do on a broker with ACLs what a part of Steadyline needs, and nothing else. Nothing is taken away."""
    if not principal.startswith("User:") or len(principal) == len("User:"):
        bad_use(f"expected a principal such as User:worker, got {principal!r}")
    if bootstrap is None and not dry_run:
        bad_use("expected --bootstrap HOST:PORT or --dry-run")
    try:
        wanted = grants(role, run)
    except ValueError as error:
        bad_use(str(error))
    if not dry_run:
        _asked(str(bootstrap), lambda admin: admin.allow(principal, wanted))
    for one in wanted:
        if as_json:
            emit(msgspec.json.encode({"principal": principal, **one._asdict(), "allowed": not dry_run}))
        else:
            out().print(words(f"{principal} may {one.deed} {one.kind} {one.name}"), soft_wrap=True)


@app.command(
    epilog=examples(
        "steadyline topics admit worker=/etc/steadyline/secrets/kafka-worker --bootstrap kafka.example.org:9094",
        "Exit codes: 0 all are let in, 2 bad use, 3 the broker does not answer, has no authorizer or refuses.",
    )
)
def admit(
    users: Annotated[
        list[str],
        typer.Argument(metavar="ROLE=FILE...", help="A role, which its user is named by, and the file of its password."),
    ],
    bootstrap: Bootstrap,
    as_json: Json = False,
) -> None:
    """Make a user for each role, who gets in with a password (SCRAM-SHA-512) and may do what that role needs.

    Done again it comes to the same, or to another password. It is asked by somebody who may change users and ACLs.
    """
    wanted = [_user(text) for text in users]
    for role, password in wanted:

        def let_in(admin: "Admin", role: Role = role, password: Secret = password) -> None:
            # First what it may do: whoever gets in is able to work.
            admin.allow(f"User:{role}", grants(role))
            admin.admit(role, password)

        _asked(bootstrap, let_in)
        if as_json:
            emit(msgspec.json.encode({"user": role, "mechanism": MECHANISM}))
        else:
            out().print(words(f"{role}: gets in by its password, may do what its role needs"), soft_wrap=True)


def _user(text: str) -> tuple[Role, Secret]:
    name, _, file = text.partition("=")
    role = next((role for role in ROLES if role == name), None)
    if role is None or not file:
        bad_use(f"expected one of {', '.join(ROLES)} and the file of its password, such as worker=FILE, got {text!r}")
    try:
        return role, password_in(Path(file))
    except AccessError as error:
        bad_use(f"{role}: {error}")


def _topics(partitions: int, run: str | None) -> tuple[Topic, ...]:
    try:
        return catalogue(partitions, run)
    except ValueError as error:
        bad_use(str(error))


def _asked(bootstrap: str, question: "Callable[[Admin], T]") -> T:
    # The client takes longer to import than all other commands together take to run.
    from streams.log.admin import Admin, BrokerError

    try:
        with Admin(bootstrap) as admin:
            return question(admin)
    except BrokerError as error:
        bad_input(str(error))


def _tell(topics: Sequence[Topic], created: Sequence[str], differences: "Sequence[Difference]", *, as_json: bool) -> None:
    for topic in topics:
        found = [difference for difference in differences if difference.topic == topic.name]
        if as_json:
            row = {
                "topic": topic.name,
                "ok": not found,
                "created": topic.name in created,
                "differences": [{"setting": one.setting, "expected": one.expected, "found": one.found} for one in found],
            }
            emit(msgspec.json.encode(row))
        elif found:
            for difference in found:
                out().print(words(str(difference)), soft_wrap=True)
        else:
            state = "created" if topic.name in created else "as it ought to be"
            count = "1 partition" if topic.partitions == 1 else f"{topic.partitions} partitions"
            out().print(words(f"{topic.name}: {state}, {count}"), soft_wrap=True)
    if any(difference.setting == "partitions" and difference.found is not None for difference in differences):
        # Fewer are impossible, and more would send the same key elsewhere than before.
        complain("the partitions of a topic that has records stay as they are: name their count with --partitions")
    raise typer.Exit(BAD_USE if differences else FINE)
