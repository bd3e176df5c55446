"""``steadyline agreements``: the rules as they are loaded, one of them in full, and a check of one's own file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from deploy.commands.options import Json, Rules, examples
from deploy.consoles import emit, out, words
from deploy.exits import BAD_INPUT, FINE, bad_input, bad_use
from deploy.replaying.session import rules_or_leave
from streams.agreements.load import AgreementError, load_directory, load_file
from streams.agreements.model import Agreement, AnyObligation
from streams.log.recording import named
from streams.spans import Span

app = typer.Typer(
    help="List, check and show agreements.",
    epilog=examples(
        "steadyline agreements", "steadyline agreements check my-agreement.toml", "steadyline agreements show hcoc-2002"
    ),
)


@app.callback(invoke_without_command=True)
def agreements(context: typer.Context, as_json: Json = False, rules: Rules = None) -> None:
    """List, check and show the agreements that events are judged by."""
    if context.invoked_subcommand is None:
        _list(rules, as_json=as_json)


@app.command("list", epilog=examples("steadyline agreements list", "steadyline agreements list --json"))
def list_(as_json: Json = False, rules: Rules = None) -> None:
    """List the agreements and how many channels and obligations each has."""
    _list(rules, as_json=as_json)


@app.command(epilog=examples("steadyline agreements check my-agreement.toml", "steadyline agreements check rules/"))
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="An agreement file, or a directory of them.")],
    as_json: Json = False,
) -> None:
    """Check agreement files: every fault with its file, line and field. Exits with 3 where there is one."""
    try:
        found = load_directory(file) if file.is_dir() else (load_file(file),)
        problems: tuple[Any, ...] = ()
    except AgreementError as error:
        found, problems = (), error.problems
    except OSError as error:
        bad_input(f"{file}: {error.strerror or error}")
    if as_json:
        for problem in problems:
            emit(msgspec.json.encode({**problem._asdict(), "file": named(problem.file), "ok": False}))
        for agreement in found:
            emit(msgspec.json.encode({"agreement": agreement.id, "ok": True}))
    else:
        for problem in problems:
            out().print(words(str(problem)), soft_wrap=True)
        for agreement in found:
            out().print(words(f"{agreement.id}: sound"), soft_wrap=True)
    raise typer.Exit(BAD_INPUT if problems else FINE)


@app.command(epilog=examples("steadyline agreements show hcoc-2002", "steadyline agreements show hcoc-2002 --json"))
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of an agreement.")],
    as_json: Json = False,
    rules: Rules = None,
) -> None:
    """Show one agreement in full: what is owed, by which clause, on which source."""
    known = {agreement.id: agreement for agreement in rules_or_leave(rules)}
    if name not in known:
        bad_use(f"no agreement has the id {name!r}; there are {', '.join(known)}")
    if as_json:
        emit(msgspec.json.encode(known[name], enc_hook=_spelled))
    else:
        _show(known[name])


def _spelled(value: object) -> str:
    if isinstance(value, Span):
        return str(value)
    raise TypeError(f"no way to write {type(value).__name__}")


def _list(rules: Path | None, *, as_json: bool) -> None:
    loaded = rules_or_leave(rules)
    if as_json:
        for agreement in loaded:
            emit(msgspec.json.encode(agreement, enc_hook=_spelled))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("agreement", no_wrap=True)
    for heading in ("standing", "parties", "in force"):
        table.add_column(heading, overflow="fold")
    for heading in ("channels", "rules"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("title", overflow="fold")
    for agreement in loaded:
        parties = ", ".join(agreement.parties)
        table.add_row(
            words(agreement.id),
            Text("proposed", "italic cyan") if agreement.standing == "proposed" else Text(agreement.standing),
            words(parties if len(parties) <= 24 else f"{len(agreement.parties)} parties"),
            words(_epoch(agreement)),
            str(len(agreement.channels)),
            str(len(agreement.obligations)),
            words(agreement.title),
        )
    out().print(table)


def _epoch(agreement: Agreement) -> str:
    start, until = agreement.epoch.start, agreement.epoch.until
    if start is None and until is None:
        return "-"
    return f"{start or ''}..{until or ''}"


def _show(agreement: Agreement) -> None:
    console = out()
    console.print(words(agreement.title, "bold"))
    about = words(f"{agreement.id}, {agreement.standing}, {_epoch(agreement)}, {', '.join(agreement.parties)}")
    console.print(about.append_text(_unverified(agreement.unverified)))
    console.print(words(agreement.summary))
    for source in agreement.sources:
        console.print(words(f"  {source}", "dim"), soft_wrap=True)
    for channel in agreement.channels:
        marks = "".join(mark for on, mark in ((channel.military, " military"), (channel.hypothetical, " proposed")) if on)
        about = words(f"channel {channel.id}: {channel.title} ({', '.join(channel.parties)}){marks}")
        console.print(Text.assemble("\n", about, _unverified(channel.unverified)))
    for obligation in agreement.obligations:
        console.print(_heading(obligation))
        console.print(words(f"  {obligation.clause}"))
        for source in obligation.sources:
            console.print(words(f"  {source}", "dim"), soft_wrap=True)
        console.print(words(f"  {_numbers(obligation)}"))


def _heading(obligation: AnyObligation) -> Text:
    text = Text.assemble("\n", words(f"{obligation.__struct_config__.tag} ", "cyan"), words(obligation.id, "bold"))
    return text.append_text(_unverified(obligation.unverified))


def _unverified(fields: Sequence[str]) -> Text:
    return words(f" [unverified] {', '.join(fields)}" if fields else "", "magenta")


def _numbers(obligation: AnyObligation) -> str:
    """The fields that the file sets beyond what every obligation has, as it would write them."""
    plain = msgspec.to_builtins(obligation, enc_hook=_spelled)
    said = {"id", "kind", "clause", "sources", "unverified"}
    defaults = {info.encode_name: info.default for info in msgspec.structs.fields(obligation)}
    parts = [
        f"{name} = {msgspec.json.encode(value).decode()}"
        for name, value in plain.items()
        if name not in said and value != msgspec.to_builtins(defaults.get(name, msgspec.NODEFAULT), enc_hook=_default)
    ]
    return ", ".join(parts)


def _default(value: object) -> str | None:
    return str(value) if isinstance(value, Span) else None
