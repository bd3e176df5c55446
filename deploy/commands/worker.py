"""``steadyline worker``: one worker of the live watch on Kafka."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import msgspec
import typer

from deploy.commands.options import Json, Rules, examples
from deploy.consoles import emit, note, out, words
from deploy.exits import FINE, bad_input, bad_use
from deploy.stack.ports import HOST, is_free
from streams.agreements.load import AgreementError
from streams.topics import INPUTS, catalogue

_HEALTH = "STEADYLINE_HEALTH_BIND"

if TYPE_CHECKING:
    from streams.live.settings import WorkerSettings

EXAMPLES = examples(
    "steadyline worker --bootstrap 127.0.0.1:9092",
    "steadyline worker --bootstrap 127.0.0.1:9092 --run taiwan-2022",
    "steadyline worker --bootstrap 127.0.0.1:9092 --check --json",
    "Exit codes: 0 ended as it was asked to, 1 a fault while it ran, 2 a topic is missing or differs,"
    " 3 the broker does not answer or an agreement is faulty.",
)


def worker(
    bootstrap: Annotated[
        str | None,
        typer.Option("--bootstrap", metavar="HOST:PORT", help="A broker; several with commas. Else $STEADYLINE_KAFKA."),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="Judge the topics of one replay or drill, not the live ones.")
    ] = None,
    rules: Rules = None,
    plain: Annotated[bool, typer.Option("--plain", help="Take the records one by one: slower, the same results.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check that the worker could start.")] = False,
    loglevel: Annotated[
        Literal["debug", "info", "warning", "error"] | None,
        typer.Option("--loglevel", "-l", help="From where on the worker's own entries are logged, to standard error."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge the log on Kafka for as long as it runs; several workers share the partitions.

    Its other settings are the environment's (STEADYLINE_...). End it with SIGTERM or Ctrl-C.
    """
    settings = _settings(bootstrap, run, rules, loglevel, plain=plain)
    partitions = _checked(settings)
    if check:
        if as_json:
            row = {"bootstrap": settings.bootstrap, "run": settings.run, "app": settings.app_id, "partitions": partitions}
            emit(msgspec.json.encode(row))
        else:
            topics = ", ".join(settings.topic(name) for name in INPUTS)
            out().print(words(f"fit to start: {topics}, {partitions} partitions each, group {settings.app_id}"), soft_wrap=True)
        return
    if settings.health is not None and _HEALTH not in os.environ and not is_free(int(settings.health.rpartition(":")[2])):
        # Another worker's, most likely: as many as there are partitions may run here.
        os.environ[_HEALTH] = f"{HOST}:0"
        note(f"{settings.health} is taken: health and metrics are at a free port, which the log tells; {_HEALTH} chooses one")
    _run("warn" if settings.log_level == "warning" else settings.log_level)


def _settings(
    bootstrap: str | None, run: str | None, rules: Path | None, loglevel: str | None, *, plain: bool
) -> "WorkerSettings":
    from streams.live.settings import SettingsError, agreements_of, from_environment

    told = {
        "STEADYLINE_KAFKA": bootstrap,
        "STEADYLINE_RUN": run,
        "STEADYLINE_AGREEMENTS": None if rules is None else str(rules),
        "STEADYLINE_PLAIN_AGENT": "yes" if plain else None,
        "STEADYLINE_LOG_LEVEL": loglevel,
    }
    # What the command line says goes before the environment, and is checked by the same rules.
    os.environ.update({name: value for name, value in told.items() if value is not None})
    try:
        settings = from_environment(os.environ)
        agreements_of(settings)
    except SettingsError as error:
        bad_use(str(error))
    except (AgreementError, OSError) as error:
        bad_input(str(error))
    return settings


def _checked(settings: "WorkerSettings") -> int:
    """How many partitions the input topics have; leaves where the worker could not read them."""
    # The client takes longer to import than all other commands together take to run.
    from deploy.kafka.differing import leave_where_topics_differ
    from streams.log.admin import Admin, BrokerError

    try:
        with Admin(settings.bootstrap) as admin:
            usual = catalogue(run=settings.run)
            # However many partitions the first input topic has, the others must have.
            found = [each.found for each in admin.check(usual) if each.topic == usual[0].name and each.setting == "partitions"]
            partitions = int(found[0] or 0) if found else usual[0].partitions
            differences = admin.check(catalogue(partitions or usual[0].partitions, settings.run))
    except BrokerError as error:
        bad_input(str(error))
    leave_where_topics_differ(differences, settings.bootstrap, settings.run)
    return partitions


def _run(loglevel: str) -> NoReturn:
    import faust

    # The same app as ``faust -A streams.app`` has: it reads the environment, which by now holds what the command line said.
    from streams.app import app

    app.finalize()
    faust.Worker(app, loglevel=loglevel).execute_from_commandline()
    raise typer.Exit(FINE)
