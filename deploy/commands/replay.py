"""``steadyline replay``: what lapsed, when, under which rule, on what evidence."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import RenderableType
from rich.text import Text

from deploy.commands.options import Json, Rules, Until, What
from deploy.consoles import WIDE, complain, emit, out, safe
from deploy.exits import BAD_INPUT, bad_use
from deploy.replaying.pacing import parse_speed
from deploy.replaying.replay import evidence, key_of
from deploy.replaying.session import Session, run
from deploy.replaying.summary import exit_code, in_words, speed_in_words, summary
from deploy.showing.explain import cited, explained
from deploy.showing.picture import draw
from deploy.showing.table import EXERCISE, announcements, in_order, is_shown, lapse_table
from streams.events import AnyEvent
from streams.lapses import Lapse, encode_lapse
from streams.topics import MOST_PARTITIONS, PARTITIONS


def replay(
    what: What,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Keep the events and dead letters in this SQLite log.")
    ] = None,
    as_json: Json = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="The whole chain of each lapse: clause, events, reckoning.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show withdrawn and info lapses too.")] = False,
    rules: Rules = None,
    until: Until = None,
    speed: Annotated[
        str, typer.Option("--speed", metavar="max|60x|1d/s", help="How fast history passes; at a pace, changes are told live.")
    ] = "max",
    progress: Annotated[bool, typer.Option("--progress/--no-progress", help="A bar on standard error, on a terminal.")] = True,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw the output as a picture as well.")] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="kafka://HOST:PORT",
            help="Judge nothing here: send the events, and the ticks that keep their order, to topics of their own on Kafka.",
        ),
    ] = None,
    run_id: Annotated[
        str | None,
        typer.Option("--run", metavar="ID", help="With --to: name the run. Without it: the story's name, and when it was."),
    ] = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            "--partitions",
            metavar="N",
            min=1,
            max=MOST_PARTITIONS,
            help=f"With --to: partitions of each input topic.  [default: {PARTITIONS}]",
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            "--tick-every",
            metavar="SECONDS",
            min=1,
            max=1_000_000_000,
            help="With --to: send a tick only so often, in the events' time, and not between any two events that need one to "
            "keep their order. Less is sent; a reader takes what lies between two ticks in topic by topic, at the time of the "
            "first, so a lapse can have other revisions on the way than in an embedded replay.",
        ),
    ] = None,
) -> None:
    """Replay history, or a recording, and say what lapsed.

    The table leaves out lapses of severity info and those that a later report disproved, unless --all is given.
    JSON has them all, one a line, and a summary on the last line.
    """
    try:
        pace = parse_speed(speed)
    except ValueError as error:
        bad_use(str(error))
    if to is not None:
        judging = {"--log": log, "--explain": explain, "--all": everything, "--svg": svg}
        if useless := [name for name, given in judging.items() if given]:
            bad_use(f"expected no {' and no '.join(useless)} with --to: nothing is judged here, but by the workers of the run")
        # Kafka's client takes longer to import than all other commands together take to run.
        from deploy.kafka.publish import publish, tell

        span = None if every is None else timedelta(seconds=every)
        tell(
            publish(
                what,
                to,
                run_id,
                partitions=partitions or PARTITIONS,
                rules=rules,
                until=until,
                speed=pace,
                every=span,
                progress=progress,
            ),
            as_json=as_json,
        )
    for name, given in {"--run": run_id, "--partitions": partitions, "--tick-every": every}.items():
        if given is not None:
            bad_use(f"expected {name} only with --to")
    session = run(what, rules, log=log, until=until, speed=pace, again=explain, progress=progress)
    code = exit_code(session)
    if as_json:
        _tell_machines(session, explain=explain)
    else:
        shown = in_order(lapse for lapse in session.result.lapses if everything or is_shown(lapse))
        console = out()
        for renderable in _told(session, shown, explain=explain, everything=everything, timed=True):
            console.print(renderable)
        if svg is not None:
            try:
                # Without the time it took: the same history gives the same picture.
                told = list(_told(session, shown, explain=explain, everything=everything, timed=False))
                draw(told, svg, title=f"steadyline replay {safe(what)}", width=WIDE)
            except OSError as error:
                complain(f"{svg}: {error.strerror or error}")
                code = BAD_INPUT
    session.warn()
    raise typer.Exit(code)


def _told(session: Session, shown: list[Lapse], *, explain: bool, everything: bool, timed: bool) -> Iterator[RenderableType]:
    """What the command prints for people."""
    result = session.result
    title = session.given.story.title if session.given.story is not None else session.given.name
    drill = any(lapse.exercise for lapse in shown)
    if drill:
        yield EXERCISE
    if not shown:
        yield Text(safe(title), "bold")
    elif explain:
        yield Text(safe(title), "bold")
        found = _evidence(session, shown)
        for lapse in shown:
            yield explained(lapse, result.history[key_of(lapse)], found, result.end)
    else:
        yield lapse_table(shown, result.end, safe(title))
    for words in announcements(shown):
        yield Text(words)
    yield Text(in_words(session, everything=everything))
    if timed:
        yield Text(speed_in_words(session), "dim")
    if drill:
        yield EXERCISE


def _tell_machines(session: Session, *, explain: bool) -> None:
    result = session.result
    found = _evidence(session, result.lapses) if explain else {}
    for lapse in result.lapses:
        if not explain:
            emit(encode_lapse(lapse))
            continue
        revisions = result.history[key_of(lapse)]
        events = [event for name in sorted(cited([lapse], result.history)) for event in found.get(name, ())]
        emit(msgspec.json.encode({**msgspec.to_builtins(lapse), "evidence": events, "history": revisions}))
    emit(msgspec.json.encode({"summary": summary(session)}))


def _evidence(session: Session, lapses: list[Lapse]) -> dict[str, list[AnyEvent]]:
    ids = cited(lapses, session.result.history)
    return evidence(session.given.source, ids) if ids else {}
