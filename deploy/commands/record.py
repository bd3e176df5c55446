"""``steadyline record``: the log as a recording that ``replay`` reads."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from deploy.commands.options import Json, Rules, Until, examples, moment
from deploy.consoles import complain, emit, err, out, words
from deploy.exits import FINE, LAPSED, bad_input, bad_use
from deploy.replaying.session import rules_or_leave
from deploy.showing.progress import bar
from streams.events.times import spoken
from streams.log.sqlite import LogError
from streams.topics import LAPSES, in_run

if TYPE_CHECKING:
    from deploy.kafka.record import Recorded

EXAMPLES = examples(
    "steadyline record --bootstrap 127.0.0.1:9092 live.jsonl.gz",
    "steadyline record --bootstrap 127.0.0.1:9092 --run drill-1 --until 2026-03-01T12:00Z drill-1.jsonl --json",
    "steadyline record --log kept.db kept.jsonl",
    "Exit codes: 0 recorded (also where something was kept aside), 1 recorded, but its replay differs from the log's own "
    "lapses, 2 bad use, 3 the broker does not answer, or the log or the file cannot be used.",
)


def record(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.jsonl[.gz]", help="Where to; packed by its name. It is replaced as a whole.", show_default=False
        ),
    ],
    bootstrap: Annotated[
        str | None,
        typer.Option("--bootstrap", metavar="HOST:PORT", envvar="STEADYLINE_KAFKA", help="A broker; several with commas."),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="The log of one replay or drill, not the live one.")
    ] = None,
    log: Annotated[Path | None, typer.Option("--log", metavar="FILE", help="Record this SQLite log instead.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", metavar="TIME", parser=moment, help="Leave out what the log took in by then (a day: its end)."),
    ] = None,
    until: Until = None,
    waiting: Annotated[
        bool,
        typer.Option("--waiting", help="Record also what waits for a tick: nobody has judged it yet, and a replay does."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check/--no-check", help="Replay the recording, and hold its lapses against the log's own."),
    ] = True,
    rules: Rules = None,
    as_json: Json = False,
    progress: Annotated[bool, typer.Option("--progress/--no-progress", help="A bar on standard error, on a terminal.")] = True,
) -> None:
    """Write the log to a recording that replay reads: the same events, the same ticks, so the same lapses.

    Each event stands there once, as its bytes came, in the order in which the watch takes it in. What is no event is kept
    aside in OUT.dead.jsonl, with its place and the reason. The same log gives the same bytes.
    """
    if log is None and bootstrap is None:
        bad_use("expected --bootstrap HOST:PORT or --log FILE")
    if log is not None and (run is not None or waiting):
        bad_use("expected no --run and no --waiting with --log")
    if not output.name.removesuffix(".gz").endswith(".jsonl"):
        bad_use(f"{output}: expected a name that ends in .jsonl or .jsonl.gz")
    try:
        in_run(LAPSES, run)
    except ValueError as error:
        bad_use(str(error))
    agreements = rules_or_leave(rules) if check and log is None else None
    # The client takes longer to import than all other commands together take to run.
    from deploy.kafka.record import NoLogError, Span, record_kafka, record_sqlite
    from deploy.kafka.record_files import RecordError
    from streams.log.admin import BrokerError, hushed
    from streams.log.kafka import KafkaLogError

    span = Span(since, until)
    try:
        with hushed(), ExitStack() as stack:
            move = stack.enter_context(bar(err(), None)) if progress and err().is_terminal else None
            if log is not None:
                told = record_sqlite(log, output, span=span, progress=move)
            else:
                assert bootstrap is not None
                told = record_kafka(bootstrap, run, output, span=span, waiting=waiting, check=agreements, progress=move)
    except NoLogError as error:
        bad_use(str(error))
    except (BrokerError, KafkaLogError, LogError, RecordError) as error:
        bad_input(str(error))
    if as_json:
        emit(msgspec.json.encode({"summary": told.summary()}))
    else:
        for sentence in _told(told):
            out().print(words(sentence), soft_wrap=True)
    _warn(told)
    raise typer.Exit(LAPSED if told.differing else FINE)


def _told(told: "Recorded") -> list[str]:
    events = told.events.total()
    until = "" if told.until is None else f", until {spoken(told.until)}"
    lines = [f"{told.path}: {_many(events, 'event')} and {_many(told.ticks, 'tick')}{until}; {told.size:,} bytes."]
    if told.revisions is not None and not told.differing:
        lines.append(f"Its replay finds what the log's partitions find: {_many(told.revisions, 'revision')} of lapses.")
    return lines


def _warn(told: "Recorded") -> None:
    """Say on standard error what is not in it."""
    if told.differing:
        complain(
            f"its replay differs from the log's own lapses in {_many(told.differing, 'revision')}: partitions took the same"
            " event in at different times, or in different orders"
        )
    if told.letters:
        complain(f"{_many(told.letters, 'record')} are no events: see {told.aside}")
    if told.waiting:
        complain(
            f"{_many(told.waiting, 'event')} left out: not every partition has a tick behind them yet (--waiting has them)"
        )
    if told.left_out:
        complain(f"{_many(told.left_out, 'event')} left out: before --from or after --until")
    if told.shortened:
        complain(f"{_many(told.shortened, 'record')} of the input topics were deleted before: what rests on them is missing")
    if told.partitions and told.until is None:
        complain("nothing ticks in this log: its replay lets time pass by the events themselves")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
