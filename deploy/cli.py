"""The command ``steadyline``."""

import gc
import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer

from deploy.commands import (
    agreements,
    alerts,
    audit,
    dead_letters,
    diff,
    gateway,
    generate,
    grafana,
    influx,
    notices,
    probe,
    record,
    replay,
    report,
    schema,
    scorecard,
    spool,
    stack,
    stories,
    topics,
    verify,
    watch,
    worker,
)
from deploy.commands.options import examples
from deploy.consoles import complain
from deploy.exits import BAD_USE, BROKEN, EXPLAINED, INTERRUPTED
from streams.log.access import AccessError

app = typer.Typer(
    name="steadyline",
    help="Watches crisis channels and launch notices, and says with its evidence when somebody failed to do what an "
    f"agreement asks.\n\n{EXPLAINED}",
    epilog=examples("steadyline replay us-china-2022", "steadyline replay us-china-2022 --explain"),
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"steadyline {version('steadyline')}")
        raise typer.Exit


@app.callback()
def steadyline(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Watch the promises that keep rivals from stumbling into war."""


app.command(
    epilog=examples(
        "steadyline replay us-china-2022",
        "steadyline replay recording.jsonl.gz --explain --log kept.db",
        "zcat recording.jsonl.gz | steadyline replay - --json",
        "steadyline replay us-china-2022 --to kafka://127.0.0.1:9092 --run drill-1 --partitions 4",
        EXPLAINED,
    )
)(replay.replay)
app.command(
    epilog=examples("steadyline diff us-china-2022 --rules stricter.toml", "steadyline diff epochs --rules rules/ --json")
)(diff.diff)
app.add_typer(agreements.app, name="agreements")
app.add_typer(alerts.app, name="alerts")
app.add_typer(audit.app, name="audit")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(notices.app, name="notices")
app.add_typer(report.app, name="report")
app.add_typer(spool.app, name="spool")
app.add_typer(probe.app, name="probe")
app.add_typer(gateway.app, name="gateway")
app.add_typer(grafana.app, name="grafana")
app.add_typer(influx.app, name="influx")
app.add_typer(stack.app, name="stack")
app.add_typer(topics.app, name="topics")
app.command(epilog=scorecard.EXAMPLES)(scorecard.scorecard)
app.command(epilog=examples("steadyline stories", "steadyline stories --check"))(stories.stories)
app.command(epilog=examples("steadyline generate --events 1000000 --seed 1 -o million.jsonl"))(generate.generate)
app.command(epilog=record.EXAMPLES)(record.record)
app.command(epilog=verify.EXAMPLES)(verify.verify)
app.command(epilog=watch.EXAMPLES)(watch.watch)
app.command(epilog=worker.EXAMPLES)(worker.worker)
app.command(epilog=examples("steadyline schema", "steadyline schema channel.check"))(schema.schema)


def main() -> None:
    """Run the command, and leave with an exit code that means what ``exits`` says."""
    # Events that the watch holds on to are many and form no cycles: the collector looks for those less often.
    gc.set_threshold(200_000, 20, 50)
    try:
        code = app(standalone_mode=True)
    except BrokenPipeError:
        # The reader has seen enough (``| head``); what Python flushes at exit must find somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except AccessError as error:
        # Whichever command speaks to Kafka finds it when it first does.
        complain(str(error))
        code = BAD_USE
    except KeyboardInterrupt:
        complain("interrupted")
        code = INTERRUPTED
    except Exception:  # noqa: BLE001 - the edge of the program: a fault of ours must not look like "lapses"
        traceback.print_exc()
        complain("a fault in the program itself; please report it with the lines above")
        code = BROKEN
    sys.exit(code)
