"""``steadyline influx``: InfluxDB set up for the watch, and the writer that fills it."""

import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from deploy.commands.options import Json, Rules, examples
from deploy.consoles import emit, out, words
from deploy.exits import BAD_USE, bad_input, bad_use
from streams.agreements.load import AgreementError

if TYPE_CHECKING:
    from dashboards.influx.settings import WriterSettings
    from dashboards.influx.setup import Step

app = typer.Typer(
    help="Show what is judged in InfluxDB.",
    no_args_is_help=True,
    epilog=examples(
        "steadyline influx setup --url http://127.0.0.1:8086 --token-file admin.token --secrets secrets",
        "steadyline influx write --run taiwan-2022",
    ),
)


@app.command(
    epilog=examples(
        "steadyline influx setup --url http://127.0.0.1:8086 --token-file admin.token --secrets secrets",
        "steadyline influx setup --token-file admin.token --secrets secrets --check --json",
        "Exit codes: 0 all as it ought to be, 2 something is missing or differs (--check), 3 the database is away or refuses.",
    )
)
def setup(
    token_file: Annotated[
        Path,
        typer.Option(
            "--token-file",
            metavar="FILE",
            envvar="STEADYLINE_INFLUX_ADMIN_TOKEN_FILE",
            help="A file that holds an administrator's token.",
            show_default=False,
        ),
    ],
    secrets: Annotated[
        Path,
        typer.Option(
            "--secrets",
            metavar="DIR",
            help="Where the tokens that are made are kept, for their owner alone.",
            show_default=False,
        ),
    ],
    url: Annotated[
        str, typer.Option("--url", metavar="URL", envvar="STEADYLINE_INFLUX_URL", help="Where InfluxDB is.")
    ] = "http://127.0.0.1:8086",
    org: Annotated[
        str, typer.Option("--org", metavar="NAME", envvar="STEADYLINE_INFLUX_ORG", help="The organisation.")
    ] = "steadyline",
    check: Annotated[bool, typer.Option("--check", help="Change nothing; only say what is missing or differs.")] = False,
    as_json: Json = False,
) -> None:
    """Make the buckets, the sum by the hour, and a token each for who writes and who reads. Can be run again at any time."""
    from dashboards.influx.settings import token_of, url_of
    from dashboards.influx.setup import SetupError, set_up, tokens
    from streams.live.settings import SettingsError

    try:
        token = token_of(token_file, "--token-file")
        steps = set_up(url_of(url, "--url"), org, token, tokens(secrets), change=not check)
    except SettingsError as error:
        bad_use(str(error))
    except (SetupError, OSError) as error:
        bad_input(str(error))
    for step in steps:
        _tell(step, as_json=as_json)
    if any(step.done in ("missing", "differs") for step in steps):
        raise typer.Exit(BAD_USE)


def _tell(step: "Step", *, as_json: bool) -> None:
    if as_json:
        emit(msgspec.json.encode({"what": step.what, "name": step.name, "done": step.done, "told": step.told}))
        return
    told = f" ({step.told})" if step.told else ""
    out().print(words(f"{step.what} {step.name}: {step.done}{told}"), soft_wrap=True)


@app.command(
    epilog=examples(
        "STEADYLINE_INFLUX_TOKEN_FILE=secrets/influxdb-writer-token steadyline influx write --bootstrap 127.0.0.1:9092",
        "steadyline influx write --run taiwan-2022 --check --json",
        "Exit codes: 0 ended as it was asked to, 2 a setting cannot be used,"
        " 3 an agreement is faulty (--check: a topic is missing or the broker does not answer).",
    )
)
def write(
    bootstrap: Annotated[
        str | None,
        typer.Option("--bootstrap", metavar="HOST:PORT", help="A broker; several with commas. Else $STEADYLINE_KAFKA."),
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="Write one replay or drill, not the live log.")] = None,
    rules: Rules = None,
    check: Annotated[bool, typer.Option("--check", help="Only check that the writer could start.")] = False,
    as_json: Json = False,
) -> None:
    """Write what workers judge to InfluxDB, for as long as it runs. Its settings are the environment's (STEADYLINE_...).

    While InfluxDB is away nothing is dropped: the log keeps it, and it is written later. End it with SIGTERM or Ctrl-C.
    """
    import os

    from dashboards.influx import writer
    from dashboards.influx.settings import from_environment
    from streams.live import logs
    from streams.live.settings import SettingsError, agreements_of

    told = {
        "STEADYLINE_KAFKA": bootstrap,
        "STEADYLINE_RUN": run,
        "STEADYLINE_AGREEMENTS": None if rules is None else str(rules),
    }
    try:
        settings = from_environment({**os.environ, **{name: value for name, value in told.items() if value is not None}})
        token, agreements = settings.token(), agreements_of(settings.log)
    except SettingsError as error:
        bad_use(str(error))
    except (AgreementError, OSError) as error:
        bad_input(str(error))
    if check:
        _check(settings, as_json=as_json)
        return
    logs.configure(form=settings.log.log_format, level=settings.log.log_level, run=settings.log.run)
    try:
        writer.serve(settings, token, agreements, _listen)
    except OSError as error:
        bad_use(str(error))


def _check(settings: "WriterSettings", *, as_json: bool) -> None:
    """Say what the writer would read and write; leaves where a topic is not there."""
    from dashboards.influx.reading import Log, LogAway

    try:
        with Log(settings) as log:
            topics = sorted(log.topics)
    except LogAway as away:
        bad_input(str(away))
    if as_json:
        row = {"bootstrap": settings.log.bootstrap, "run": settings.run, "url": settings.url, "group": settings.group}
        emit(msgspec.json.encode({**row, "topics": topics}))
    else:
        told = f"fit to start: {', '.join(topics)} to {settings.url} as run {settings.run}, group {settings.group}"
        out().print(words(told), soft_wrap=True)


def _listen(stop: Event) -> None:
    """Have the signals that ask a service to end set ``stop``; what is under way is finished first."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
