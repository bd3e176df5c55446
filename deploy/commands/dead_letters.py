"""``steadyline dead-letters``: what was no event, why, and a second try once it is mended."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from deploy.commands.dead_letters_kafka import list_kafka, retry_kafka, show_kafka
from deploy.commands.options import Json, LogFile, Rules, examples
from deploy.consoles import emit, out, safe, words
from deploy.exits import BAD_INPUT, FINE, bad_input, bad_use
from deploy.mending import vetted
from deploy.places import state_log
from deploy.replaying.session import rules_or_leave
from streams.events.decode import Refused
from streams.log.sqlite import DeadLetter, Entry, Log, LogError
from streams.topics import DEAD_LETTERS, in_run
from streams.watch import Watch

app = typer.Typer(
    help="List, show and retry lines that were no events.",
    no_args_is_help=True,
    epilog=examples(
        "steadyline dead-letters list", "steadyline dead-letters show 1", "steadyline dead-letters retry 1 --with mended.json"
    ),
)
_SHOWN = 2_000
"""Characters of a dead letter that ``show`` prints."""

Bootstrap = Annotated[
    str | None,
    typer.Option(
        "--bootstrap",
        metavar="HOST:PORT",
        help="The log on Kafka there, several with commas. Without it the embedded log; no variable of the environment counts.",
        show_default=False,
    ),
]
Run = Annotated[
    str | None, typer.Option("--run", metavar="ID", help="With --bootstrap: one replay or drill, not the live log.")
]


@app.command(
    "list",
    epilog=examples(
        "steadyline dead-letters list",
        "steadyline dead-letters list --all --json",
        "steadyline dead-letters list --bootstrap 127.0.0.1:9092 --run taiwan-2022",
    ),
)
def list_(
    as_json: Json = False,
    log: LogFile = None,
    everything: Annotated[bool, typer.Option("--all", help="Mended ones too (in the embedded log).")] = False,
    bootstrap: Bootstrap = None,
    run: Run = None,
) -> None:
    """List the dead letters that wait: number, where, reason.

    On Kafka a letter's number is its offset in the topic, copies are left out, and mended ones stay in the list: the topic is
    never changed.
    """
    _chosen(bootstrap, run, log)
    if bootstrap is not None:
        list_kafka(bootstrap, run, as_json=as_json)
        return
    letters: list[DeadLetter] = []
    if _any(log):
        with _opened(log) as opened:
            letters = list(opened.dead_letters(None if everything else "waiting"))
    if as_json:
        for letter in letters:
            emit(_json(letter))
        return
    if not letters:
        out().print("no dead letters")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("number", justify="right", no_wrap=True)
    for heading in ("where", "reason", "first seen", "state"):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        where = words(f"{letter.place}:{letter.line}")
        table.add_row(str(letter.number), where, words(letter.reason), _seen(letter), letter.state)
    out().print(table)


@app.command(
    epilog=examples(
        "steadyline dead-letters show 1",
        "steadyline dead-letters show 1 --json",
        "steadyline dead-letters show 0 --bootstrap 127.0.0.1:9092",
    )
)
def show(
    number: Annotated[int, typer.Argument(metavar="N", help="The number of the dead letter.")],
    as_json: Json = False,
    log: LogFile = None,
    bootstrap: Bootstrap = None,
    run: Run = None,
) -> None:
    """Show one dead letter: where it stood, why it was refused, and its text.

    On Kafka all of it is printed, and --json has its exact bytes in base64.
    """
    _chosen(bootstrap, run, log)
    if bootstrap is not None:
        show_kafka(bootstrap, run, number, as_json=as_json)
        return
    if not _any(log):
        bad_use(f"no dead letter has the number {number}: there are none")
    with _opened(log) as opened:
        letter = _letter(opened, number)
    if as_json:
        emit(_json(letter))
        return
    text = safe(letter.data.decode("utf-8", "backslashreplace"))
    console = out()
    for line in (
        f"{letter.number}. {letter.place}:{letter.line}, first seen {_seen(letter)}, {letter.state}",
        letter.reason,
        text[:_SHOWN] + (f" ... ({len(text) - _SHOWN:,} characters more: --json has them all)" if len(text) > _SHOWN else ""),
    ):
        console.print(words(line), soft_wrap=True)


@app.command(
    epilog=examples(
        "steadyline dead-letters retry",
        "steadyline dead-letters retry 3",
        "steadyline dead-letters retry 3 --with mended.json",
        "steadyline dead-letters retry 0 --with mended.json --bootstrap 127.0.0.1:9092 --run taiwan-2022",
    )
)
def retry(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="N", help="Which ones; all that wait without it.")] = None,
    mended: Annotated[
        str | None,
        typer.Option(
            "--with", metavar="FILE|-", help="The mended text: for one number the whole file, else one line for each."
        ),
    ] = None,
    as_json: Json = False,
    log: LogFile = None,
    rules: Rules = None,
    bootstrap: Bootstrap = None,
    run: Run = None,
) -> None:
    """Decode dead letters once more, and append to the log what is an event now.

    Exits with 3 where one is still refused.

    On Kafka it is sent to every place where it belongs, and judged at the tick after it: the live clock's next one; in a run,
    which has no clock, one is sent along, with the time of the last: an event later than that waits. Nothing notes that a
    letter was retried: it stays in the list, so its number must be given. What is sent twice under one id and source is one
    event. A worker whose rules refuse it writes a new dead letter.
    """
    _chosen(bootstrap, run, log)
    if bootstrap is not None and not numbers:
        bad_use("expected the numbers of the dead letters: the topic on Kafka does not say which ones wait")
    if mended is not None and not numbers:
        bad_use("--with needs the numbers of the dead letters that its text mends")
    texts = {} if mended is None else _texts(mended, numbers or [])
    if bootstrap is not None:
        retry_kafka(bootstrap, run, numbers or [], texts, rules, as_json=as_json)
    if not _any(log):
        if numbers:
            bad_use(f"no dead letter has the number {numbers[0]}: there are none")
        if not as_json:
            out().print("no dead letters wait")
        return
    refused = False
    watch = Watch(rules_or_leave(rules))
    with _opened(log) as opened:
        letters = [_letter(opened, number) for number in numbers] if numbers else list(opened.dead_letters("waiting"))
        for letter in letters:
            reason, name = _retried(opened, watch, letter, texts.get(letter.number, letter.data))
            refused = refused or reason is not None
            if as_json:
                state = "mended" if reason is None else "waiting"
                emit(msgspec.json.encode({"number": letter.number, "state": state, "reason": reason, "event": name}))
            else:
                told = f"mended, in the log as {name}" if reason is None else f"still refused: {reason}"
                out().print(words(f"{letter.number}: {told}"), soft_wrap=True)
    if not letters and not as_json:
        out().print("no dead letters wait")
    raise typer.Exit(BAD_INPUT if refused else FINE)


def _retried(log: Log, watch: Watch, letter: DeadLetter, data: bytes) -> tuple[str | None, str | None]:
    """Why it is still refused, or under which id it is in the log now."""
    now = datetime.now(UTC)
    try:
        event, line = vetted(watch, data, now)
    except Refused as refused:
        return str(refused), None
    log.mend(letter.number, Entry(event.source, event.id, str(event.__struct_config__.tag), line), now)
    return None, event.id


def _texts(name: str, numbers: list[int]) -> dict[int, bytes]:
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        bad_input(f"{name}: {error.strerror or error}")
    if len(numbers) == 1:
        return {numbers[0]: text.strip()}
    lines = [line for line in text.split(b"\n") if line.strip()]
    if len(lines) != len(numbers):
        bad_use(f"{name}: expected one line for each of {len(numbers)} dead letters, got {len(lines)}")
    return dict(zip(numbers, lines, strict=True))


def _any(log: Path | None) -> bool:
    """Whether there is a log to look into; one that is named and missing is an error of its own."""
    return log is not None or state_log().exists()


def _opened(log: Path | None) -> Log:
    try:
        return Log(log or state_log(), create=False)
    except LogError as error:
        bad_input(str(error))


def _letter(log: Log, number: int) -> DeadLetter:
    try:
        return log.dead_letter(number)
    except LookupError as error:
        bad_use(f"{error.args[0]} in {log.path}")


def _json(letter: DeadLetter) -> bytes:
    text = letter.data.decode("utf-8", "backslashreplace")
    return msgspec.json.encode({**letter._asdict(), "data": text})


def _seen(letter: DeadLetter) -> str:
    return f"{datetime.fromisoformat(letter.first_seen):%Y-%m-%d %H:%M}Z"


def _chosen(bootstrap: str | None, run: str | None, log: Path | None) -> None:
    """Leave with 2 where the options do not say which log is meant."""
    if bootstrap is None:
        if run is not None:
            bad_use("--run is of the log on Kafka: name its broker with --bootstrap")
        return
    if log is not None:
        bad_use("expected --bootstrap (the log on Kafka) or --log (a file), got both")
    try:
        in_run(DEAD_LETTERS, run)
    except ValueError as error:
        bad_use(str(error))
