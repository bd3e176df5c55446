"""``steadyline grafana``: dashboards and alert rules as code, and their way into Grafana."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from deploy.commands.options import Json, examples
from deploy.consoles import emit, out, words
from deploy.exits import BAD_INPUT, FINE, bad_input

app = typer.Typer(
    help="Dashboards and alert rules for Grafana, as code: check them, write them to files.",
    no_args_is_help=True,
    epilog=examples("steadyline grafana check", "steadyline grafana render deploy/grafana"),
)


@app.command(
    epilog=examples(
        "steadyline grafana check",
        "steadyline grafana check --json",
        "Exit codes: 0 all is sound, 3 something is not.",
    )
)
def check(as_json: Json = False) -> None:
    """Say every fault of what would go to Grafana: ids, links, queries, routes. Needs no Grafana."""
    # The official types take long to import, and most commands do without them.
    from dashboards.grafana.checking import faults_of_dashboards
    from dashboards.grafana.render import dashboards

    boards = dashboards()
    faults = faults_of_dashboards(boards)
    for fault in faults:
        if as_json:
            emit(msgspec.json.encode({"where": fault.where, "fault": fault.what}))
        else:
            out().print(words(str(fault)), soft_wrap=True)
    if not faults:
        counts = {"dashboards": len(boards), "panels": sum(_panels(board) for board in boards.values())}
        if as_json:
            emit(msgspec.json.encode({"faults": 0, **counts}))
        else:
            out().print(words(f"sound: {', '.join(f'{count} {what}' for what, count in counts.items())}"))
    raise typer.Exit(BAD_INPUT if faults else FINE)


@app.command(
    epilog=examples(
        "steadyline grafana render deploy/grafana",
        "steadyline grafana render /etc/steadyline/grafana --json",
        "Exit codes: 0 written, 3 the folder cannot be written.",
    )
)
def render(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the files go; those of ours that are there are replaced.")
    ],
    as_json: Json = False,
) -> None:
    """Write all of it as files from which Grafana provisions itself. The same is meant, the same bytes are written."""
    from dashboards.grafana.files import files

    made = files()
    try:
        for name, text in made.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        bad_input(f"{error.filename}: {error.strerror}")
    for name in made:
        if as_json:
            emit(msgspec.json.encode({"file": name}))
        else:
            out().print(words(name), soft_wrap=True)


def _panels(board: dict[str, object]) -> int:
    panels = board.get("panels")
    return len(panels) if isinstance(panels, list) else 0
