"""``steadyline spool``: events that wait on disk until the log or its gateway has them."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.commands.options import Json, Rules, examples
from deploy.consoles import complain, emit, err, note, out, safe, words
from deploy.delivering import PATIENCE_S, Patience, PlainHttp, SpoolFile, TokenFile, sender, spool_or_leave, target_or_leave
from deploy.exits import BAD_INPUT, FINE, NOT_YET, bad_input, bad_use
from deploy.places import state_spool
from streams.spans import in_words

if TYPE_CHECKING:
    from producers.delivery.spool import DeadLetter, Queue, Spool

app = typer.Typer(
    help="Show and send events that wait on disk, and mend or drop those that were refused.",
    no_args_is_help=True,
    epilog=examples("steadyline spool status", "steadyline spool send", "steadyline spool dead-letters"),
)
Numbers = Annotated[list[int], typer.Argument(metavar="N...", help="The numbers of the dead letters.", show_default=False)]


@app.command(
    epilog=examples(
        "steadyline spool status",
        "steadyline spool status --json",
        "Exit codes: 0 nothing waits, 3 the spool cannot be read, 75 something waits.",
    )
)
def status(as_json: Json = False, spool: SpoolFile = None) -> None:
    """Say how many events wait for each target, and since when."""
    queues: list[Queue] = []
    if _any(spool):
        with spool_or_leave(spool) as opened:
            queues = opened.queues()
    for queue in queues:
        if as_json:
            emit(msgspec.json.encode(queue._asdict()))
        else:
            out().print(words(_told(queue)), soft_wrap=True)
    if not queues and not as_json:
        out().print("nothing waits")
    raise typer.Exit(NOT_YET if any(queue.waiting for queue in queues) else FINE)


@app.command(
    epilog=examples(
        "steadyline spool send",
        "steadyline spool send --to https://gateway.example --token-file token --patience 60",
        "Exit codes: 0 all that waited was handed over, 2 bad use, 3 one was refused or the spool cannot be read,"
        " 75 a target is away (takes precedence over 3): what waits is kept.",
    )
)
def send(
    to: Annotated[
        str | None, typer.Option("--to", metavar="TARGET", help="Only what waits for this target. Without it: for each.")
    ] = None,
    patience: Patience = PATIENCE_S,
    token_file: TokenFile = None,
    plain_http: PlainHttp = False,
    spool: SpoolFile = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Send what waits now, in order. Each event goes to the target that it was kept for."""
    from producers.delivery.spool import SpoolError

    chosen = None if to is None else target_or_leave(to, plain=plain_http)
    if not _any(spool):
        _nothing(as_json=as_json)
    codes = set()
    with spool_or_leave(spool) as opened:
        try:
            queues = [queue for queue in opened.queues() if queue.waiting and chosen in (None, queue.target)]
            if not queues:
                _nothing(as_json=as_json)
            for queue in queues:
                codes.add(_sent(opened, queue, patience, token_file, rules, plain=plain_http, as_json=as_json))
        except SpoolError as error:
            bad_input(str(error))
    raise typer.Exit(max(codes))


@app.command(
    "dead-letters",
    epilog=examples(
        "steadyline spool dead-letters",
        "steadyline spool dead-letters --json",
        "Exit codes: 0 there are none, 3 there are, or the spool cannot be read.",
    ),
)
def dead_letters(as_json: Json = False, spool: SpoolFile = None) -> None:
    """List the events that their target refused for good, with the reason. They hold up nothing."""
    letters: list[DeadLetter] = []
    if _any(spool):
        with spool_or_leave(spool) as opened:
            letters = opened.dead_letters()
    if as_json:
        for letter in letters:
            emit(msgspec.json.encode({**letter._asdict(), "data": msgspec.Raw(letter.data)}))
    elif not letters:
        out().print("no dead letters")
    else:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("number", justify="right", no_wrap=True)
        for heading in ("event", "to", "refused", "reason"):
            table.add_column(heading, overflow="fold")
        for letter in letters:
            kind = letter.kind.removeprefix("org.steadyline.").rpartition(".")[0]
            table.add_row(
                str(letter.number),
                words(f"{kind} {letter.id}"),
                words(letter.target),
                _minute(letter.refused_at),
                words(letter.reason),
            )
        out().print(table)
    raise typer.Exit(BAD_INPUT if letters else FINE)


@app.command(
    epilog=examples(
        "steadyline spool retry 1 2",
        "steadyline spool retry 1 --json",
        "Exit codes: 0 they wait to be sent, 2 there is no such dead letter, 3 the spool cannot be used.",
    )
)
def retry(numbers: Numbers, as_json: Json = False, spool: SpoolFile = None) -> None:
    """Put dead letters back, behind what waits: once the gateway takes them. A wrong event is reported anew instead."""
    with _there(spool, numbers) as opened:
        _done(lambda: opened.retry(numbers))
    _tell(numbers, "waiting", "will be sent: steadyline spool send", as_json=as_json)


@app.command(
    epilog=examples(
        "steadyline spool drop 1",
        "steadyline spool drop 1 2 --json",
        "Exit codes: 0 they are gone, 2 there is no such dead letter, 3 the spool cannot be used.",
    )
)
def drop(numbers: Numbers, as_json: Json = False, spool: SpoolFile = None) -> None:
    """Delete dead letters that somebody has looked at. Their feed counts as complete again."""
    with _there(spool, numbers) as opened:
        _done(lambda: opened.drop(numbers))
    _tell(numbers, "dropped", "deleted", as_json=as_json)


def _sent(
    spool: "Spool",
    queue: "Queue",
    patience: float,
    token_file: Path | None,
    rules: Path | None,
    *,
    plain: bool,
    as_json: bool,
) -> int:
    """Send what waits for one target, and tell what came of it; the exit code that it asks for."""
    with ExitStack() as stack:
        sending = stack.enter_context(sender(spool, queue.target, rules, token_file, plain=plain))
        moved, away = None, None
        if err().is_terminal:
            bar = stack.enter_context(_bar())
            task = bar.add_task(safe(queue.target), total=queue.waiting)
            moved = lambda settled: bar.advance(task, settled)  # noqa: E731
        else:
            away = note
        drained = sending.drain(patience, moved=moved, away=away)
    left = spool.waiting(queue.target)
    if as_json:
        row = {"to": queue.target, "sent": drained.sent, "refused": drained.refused, "waiting": left, "why": drained.why}
        emit(msgspec.json.encode(row))
    else:
        told = [f"{drained.sent:,} handed over"]
        told += [f"{drained.refused:,} refused (steadyline spool dead-letters)"] if drained.refused else []
        told += [f"{left:,} still wait"] if left else []
        out().print(words(f"{queue.target}: {', '.join(told)}"), soft_wrap=True)
        if drained.why is not None:
            complain(drained.why)
    return NOT_YET if left else BAD_INPUT if drained.refused else FINE


def _bar() -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err(), transient=True)


def _told(queue: "Queue") -> str:
    letters = f"; {queue.dead_letters:,} refused: steadyline spool dead-letters" if queue.dead_letters else ""
    if queue.oldest is None:
        return f"{queue.target}: nothing waits{letters}"
    since = in_words(datetime.now(UTC) - datetime.fromisoformat(queue.oldest))
    count = "1 event waits" if queue.waiting == 1 else f"{queue.waiting:,} events wait"
    return f"{queue.target}: {count} ({queue.bytes:,} bytes), the oldest for {since}, since {_minute(queue.oldest)}{letters}"


def _minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}Z"


def _any(spool: Path | None) -> bool:
    """Whether there is a spool to look into; one that is named and missing is an error of its own."""
    if spool is not None and not spool.exists():
        bad_input(f"{spool}: no such spool")
    return spool is not None or state_spool().exists()


def _there(spool: Path | None, numbers: list[int]) -> "Spool":
    if not _any(spool):
        bad_use(f"no dead letter of the spool has the number {numbers[0]}: there are none")
    return spool_or_leave(spool)


def _done(step: Callable[[], None]) -> None:
    from producers.delivery.spool import SpoolError

    try:
        step()
    except LookupError as error:
        bad_use(str(error.args[0]))
    except SpoolError as error:
        bad_input(str(error))


def _tell(numbers: list[int], state: str, told: str, *, as_json: bool) -> None:
    for number in dict.fromkeys(numbers):
        if as_json:
            emit(msgspec.json.encode({"number": number, "state": state}))
        else:
            out().print(f"{number}: {told}")


def _nothing(*, as_json: bool) -> NoReturn:
    if not as_json:
        out().print("nothing waits")
    raise typer.Exit(FINE)
