"""``steadyline stack``: real servers on this machine, without containers."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
import typer

from deploy.commands.options import Json, examples
from deploy.consoles import emit, note, out, words
from deploy.exits import FINE, LAPSED, bad_input, bad_use
from deploy.stack import Report, Stack, StackError, services
from deploy.stack.service import MissingError

T = TypeVar("T")

app = typer.Typer(
    help="Start, ask and end a real Kafka and InfluxDB on this machine, without containers, for trials: on loopback only.",
    no_args_is_help=True,
    epilog=examples("steadyline stack up", "steadyline stack status --json", "steadyline stack down"),
)

Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Which stack; each has its own ports and data.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="SERVER", help="Only kafka, or only influxdb.", show_default=False),
]


@app.command(
    epilog=examples(
        "steadyline stack up",
        "steadyline stack up --only kafka --name trial --json",
        "Exit codes: 0 everything runs, 2 what a server needs is missing (Java and Maven, Go and Rust), 3 one did not start.",
    )
)
def up(name: Name = "main", only: Only = None, as_json: Json = False) -> None:
    """Start what does not run yet, wait until it answers, and say where. What is missing is fetched, once."""
    _show(_done(name, only, lambda stack: stack.up(note)), name, as_json=as_json)


@app.command(
    epilog=examples(
        "steadyline stack status",
        "steadyline stack status --name trial --json",
        "Exit codes: 0 everything runs and answers, 1 something does not.",
    )
)
def status(name: Name = "main", only: Only = None, as_json: Json = False) -> None:
    """Ask each server how it is."""
    reports = _done(name, only, lambda stack: stack.status())
    _show(reports, name, as_json=as_json)
    raise typer.Exit(FINE if all(report.state == "running" for report in reports) else LAPSED)


@app.command(
    epilog=examples(
        "steadyline stack down",
        "steadyline stack down --wipe",
        "Exit codes: 0 nothing of it runs any more, 3 a server does not end.",
    )
)
def down(
    name: Name = "main",
    only: Only = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove its data and logs too.")] = False,
    as_json: Json = False,
) -> None:
    """End what "up" started, and nothing else. The data stays, and so do the ports where nobody takes them."""
    _show(_done(name, only, lambda stack: stack.down(note, wipe=wipe)), name, as_json=as_json)


def _done(name: str, only: Sequence[str] | None, action: Callable[[Stack], T]) -> T:
    known = {service.name: service for service in services()}
    for wanted in only or ():
        if wanted not in known:
            bad_use(f"expected a server of the stack ({', '.join(known)}), got {wanted!r}")
    try:
        stack = Stack([service for service in known.values() if not only or service.name in only], name)
    except StackError as error:
        bad_use(str(error))
    try:
        return action(stack)
    except MissingError as error:
        bad_use(str(error))
    except StackError as error:
        bad_input(str(error))
    except OSError as error:
        _unwritable(error)


def _unwritable(error: OSError) -> NoReturn:
    bad_input(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _show(reports: Sequence[Report], name: str, *, as_json: bool) -> None:
    for report in reports:
        if as_json:
            row: dict[str, Any] = msgspec.to_builtins(report)
            facts = row.pop("facts")
            emit(msgspec.json.encode({"stack": name, **row, **facts}))
            continue
        line = f"{report.service} {report.version}: {report.state}"
        if report.pid is not None:
            line += f", process {report.pid}"
        line += "".join(f", {fact} {value}" for fact, value in report.facts.items())
        out().print(words(line), soft_wrap=True)
