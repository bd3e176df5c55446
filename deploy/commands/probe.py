"""``steadyline probe``: tries crisis channels over the network, once or on their calendars."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from deploy.commands.options import Json, Rules, examples
from deploy.consoles import complain, emit, note, out, words
from deploy.delivering import PlainHttp, SpoolFile, To, TokenFile, sender, spool_or_leave, target_or_leave
from deploy.exits import FINE, LAPSED, bad_input, bad_use
from deploy.replaying.session import rules_or_leave
from streams.daytime import utc
from streams.rulebook import RuleBook

if TYPE_CHECKING:
    from producers.probes.attempt import Result
    from producers.probes.metrics import Metrics
    from producers.probes.model import AnyTarget
    from producers.probes.reading import Read
    from producers.probes.service import Service
    from producers.probes.sinks import Sink

_STANDARD_OUTPUT = "-"
_SLOTS = 5
_FAREWELL = 5.0
"""Seconds that the courier is given to end what it is sending."""
_FAULTY = "3 the file is faulty or cannot be read"

app = typer.Typer(
    help="Try channels over the network: TCP, TLS, HTTP, SIP, SMTP.",
    no_args_is_help=True,
    epilog=examples("steadyline probe check probes.toml", "steadyline probe once probes.toml"),
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The probes (TOML).", show_default=False)]


@app.command(
    epilog=examples(
        "steadyline probe once probes.toml",
        "steadyline probe once probes.toml --only west --json",
        f"Exit codes: 0 each is answered, 1 one is not, 2 bad use, {_FAULTY}.",
    )
)
def once(
    file: File,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="Only this probe; as often as needed.")] = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Try each channel now and say what came of it. Nothing is told to the log."""
    from producers.probes.once import made_all

    read = _read(file, RuleBook(rules_or_leave(rules)))
    chosen = _chosen(read.site.probes, only)
    results = asyncio.run(made_all(read.site, chosen, read.base))
    _show(list(zip(chosen, results, strict=True)), as_json=as_json)
    raise typer.Exit(FINE if all(result.outcome == "answered" for result in results) else LAPSED)


@app.command(
    epilog=examples(
        "steadyline probe check probes.toml",
        "steadyline probe check probes.toml --rules my-agreements/ --json",
        f"Exit codes: 0 sound, {_FAULTY} (all faults are told at once).",
    )
)
def check(file: File, rules: Rules = None, as_json: Json = False) -> None:
    """Check the file, and say when each probe is due next. Nothing is tried."""
    from producers.probes.timetable import next_slots

    book = RuleBook(rules_or_leave(rules))
    read = _read(file, book)
    now = datetime.now(UTC)
    for target in read.site.probes:
        slots = next_slots(target, book, now, _SLOTS)
        if as_json:
            emit(msgspec.json.encode({"probe": target.id, "channel": target.channel, "slots": slots}))
        else:
            due = ", ".join(f"{slot:%Y-%m-%d %H:%M:%SZ}" for slot in slots) or "never"
            out().print(words(f"{target.id} ({target.channel}): {due}"), soft_wrap=True)
    for remark in read.notes:
        note(remark)


@app.command(
    epilog=examples(
        "steadyline probe run probes.toml",
        "steadyline probe run probes.toml --to https://gateway.example --token-file token --metrics 127.0.0.1:9108",
        "steadyline probe run probes.toml --to - --json",
        f"Exit codes: 0 ended as it was asked to, 2 bad use, {_FAULTY}, or the spool cannot be used.",
    )
)
def run(
    file: File,
    to: To = None,
    token_file: TokenFile = None,
    plain_http: PlainHttp = False,
    spool: SpoolFile = None,
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="HOST:PORT", help="Serve /metrics (Prometheus) there.")
    ] = None,
    rules: Rules = None,
    loglevel: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option("--loglevel", "-l", help="From where on entries are logged, to standard error."),
    ] = "info",
    as_json: Annotated[bool, typer.Option("--json", help="Log in JSON, on a terminal too.")] = False,
) -> None:
    """Try each channel on its calendar for as long as it runs, and tell the log.

    With --to - the events go to standard output, as JSON Lines. End it with SIGTERM or Ctrl-C.
    """
    from producers.probes.metrics import Metrics
    from producers.probes.service import Service
    from streams.live.logs import configure

    book = RuleBook(rules_or_leave(rules))
    read = _read(file, book)
    counted = Metrics()
    configure(form="json" if as_json else None, level=loglevel)
    for remark in read.notes:
        note(remark)
    with _sink(to, token_file, spool, rules, plain=plain_http) as sink, _served(metrics, counted):
        asyncio.run(_until_stopped(lambda: Service(read.site, book, sink, base=read.base, watchers=(counted,))))


async def _until_stopped(made: "Callable[[], Service]") -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await made().run(stop)


@contextmanager
def _sink(to: str | None, token_file: Path | None, spool: Path | None, rules: Path | None, *, plain: bool) -> "Iterator[Sink]":
    """Where events go, and what sends them on from there."""
    from producers.probes.sinks import Lines, Spooled

    if to == _STANDARD_OUTPUT:
        yield Lines(_line)
        return
    from producers.delivery.sender import Courier

    target = target_or_leave(to, plain=plain)
    with spool_or_leave(spool) as kept:
        courier = Courier(sender(kept, target, rules, token_file, plain=plain), complain)
        courier.start()
        try:
            yield Spooled(kept, target, utc, courier.wake)
        finally:
            courier.end(_FAREWELL)


def _line(line: bytes) -> None:
    emit(line)
    # Whoever reads along waits for it now.
    sys.stdout.buffer.flush()


@contextmanager
def _served(where: str | None, counted: "Metrics") -> Iterator[None]:
    if where is None:
        yield
        return
    from prometheus_client import start_http_server

    host, _, port = where.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or len(port) > 5:
        bad_use(f"expected --metrics HOST:PORT, got {where!r}")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry=counted.registry)
    except (OSError, OverflowError) as error:
        bad_use(f"cannot serve metrics at {where}: {error}")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read(file: Path, book: RuleBook) -> "Read":
    """The probes of a file; leaves with 3 and every fault of it."""
    from producers.probes.reading import ProbesError, load

    try:
        return load(file, book)
    except ProbesError as error:
        for problem in error.problems:
            complain(str(problem))
        bad_input(f"{file}: {len(error.problems)} to mend")
    except OSError as error:
        bad_input(f"{file}: {error.strerror or error}")


def _chosen(probes: "Sequence[AnyTarget]", only: list[str] | None) -> "Sequence[AnyTarget]":
    if not only:
        return probes
    known = [probe.id for probe in probes]
    for name in only:
        if name not in known:
            bad_use(f"no probe {name!r} in the file; expected one of {', '.join(known)}")
    return [probe for probe in probes if probe.id in only]


def _show(made: "Sequence[tuple[AnyTarget, Result]]", *, as_json: bool) -> None:
    if as_json:
        for target, result in made:
            row = {
                "probe": target.id,
                "channel": target.channel,
                "outcome": result.outcome,
                "transport": result.transport,
                "liveness": result.liveness,
                "latency_ms": result.latency_ms,
                "evidence": result.evidence,
                "concern": result.concern,
            }
            emit(msgspec.json.encode(row))
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for title in ("probe", "channel", "transport", "liveness", "latency", "evidence"):
        table.add_column(title, overflow="fold", justify="right" if title == "latency" else "left")
    styles = {
        "answered": "green",
        "up": "green",
        "unanswered": "bold red",
        "down": "bold red",
        "unknown": "black on bright_cyan",
    }
    for target, result in made:
        concern = result.concern is not None
        table.add_row(
            words(target.id),
            words(target.channel or ""),
            words(result.transport, styles[result.transport]),
            words(result.liveness, "yellow" if concern else styles[result.liveness]),
            words("-" if result.latency_ms is None else f"{result.latency_ms:.1f} ms"),
            words(result.evidence, "yellow" if concern else ""),
        )
    out().print(table)
