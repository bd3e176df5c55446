"""``steadyline grafana``: dashboards and alert rules as code, and their way into Grafana."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from deploy.commands import grafana_server
from deploy.commands.grafana_contacts import Contacts, routing_or_leave
from deploy.commands.grafana_files import write_or_leave
from deploy.commands.options import Json, examples
from deploy.consoles import emit, out, words
from deploy.exits import BAD_INPUT, FINE

app = typer.Typer(
    help="Dashboards and alert rules for Grafana, as code: check them, write them to files, bring a Grafana to them.",
    no_args_is_help=True,
    epilog=examples("steadyline grafana check", "steadyline grafana push --url http://127.0.0.1:3000 --token-file token"),
)


@app.command(
    epilog=examples(
        "steadyline grafana check",
        "steadyline grafana check --contacts contacts.toml --json",
        "Exit codes: 0 all is sound, 3 something is not.",
    )
)
def check(contacts: Contacts = None, as_json: Json = False) -> None:
    """Say every fault of what would go to Grafana: ids, links, queries, routes. Needs no Grafana."""
    # The official types take long to import, and most commands do without them.
    from dashboards.grafana.checking import faults_of_dashboards
    from dashboards.grafana.checking_alerts import faults_of_alerts
    from dashboards.grafana.wanted import wanted

    routing = routing_or_leave(contacts)
    all_of_it = wanted(routing)
    faults = [*faults_of_dashboards(all_of_it.dashboards), *faults_of_alerts(all_of_it, routing)]
    for fault in faults:
        if as_json:
            emit(msgspec.json.encode({"where": fault.where, "fault": fault.what}))
        else:
            out().print(words(str(fault)), soft_wrap=True)
    if not faults:
        panels = sum(len(board["panels"]) for board in all_of_it.dashboards.values())
        counts = {
            "dashboards": len(all_of_it.dashboards),
            "panels": panels,
            "rules": len(all_of_it.rules()),
            "contacts": len(all_of_it.contacts),
        }
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
    contacts: Contacts = None,
    as_json: Json = False,
) -> None:
    """Write all of it as files from which Grafana provisions itself. The same is meant, the same bytes are written."""
    from dashboards.grafana.files import files

    write_or_leave(folder, files(routing_or_leave(contacts)), as_json=as_json)


app.command(epilog=grafana_server.DIFF)(grafana_server.diff)
app.command(epilog=grafana_server.PUSH)(grafana_server.push)
app.command(epilog=grafana_server.PULL)(grafana_server.pull)
