"""``steadyline notices``: warnings as they are broadcast, and what was understood of them."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from deploy.commands import notices_send
from deploy.commands.options import Json, examples, moment
from deploy.consoles import complain, emit, out, words
from deploy.exits import BAD_INPUT, FINE, LAPSED
from deploy.replaying.inputs import bytes_or_leave
from producers.warnings.reading import Reading
from streams.events.areas import Circle

app = typer.Typer(
    help="Notices of launches: warnings as they are broadcast (NOTAM, NAVAREA, HYDROPAC, HYDROLANT), and forms filled in.",
    no_args_is_help=True,
    epilog=examples(
        "steadyline notices read warnings.txt", "steadyline notices send warnings.txt --to https://gateway.example"
    ),
)
app.command(epilog=notices_send.SEND)(notices_send.send)
app.command("template", epilog=notices_send.TEMPLATE)(notices_send.show_template)


@app.command(
    epilog=examples(
        "steadyline notices read warnings.txt",
        "steadyline notices read - --received 2026-09-20T00:00Z --json < notams.txt",
        "Exit codes: 0 all was understood, 1 something was not, 3 it cannot be read or holds a text too long to be a warning.",
    )
)
def read(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A file of warnings, or - for standard input.", show_default=False)
    ],
    received: Annotated[
        datetime | None,
        typer.Option(
            "--received", metavar="TIME", parser=moment, help="When they came in, for those that name no year; now, without it."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what each warning announces: its number, kind, windows, areas and cancellations, and what could not be read."""
    from producers.warnings.spoken import as_json as row
    from producers.warnings.texts import LONGEST, TooLong, read_all

    code = FINE
    # What is no UTF-8 stays visible as such; the readers know no such characters and say so.
    text = bytes_or_leave(file, notices_send.MOST_BYTES).decode("utf-8-sig", "replace")
    for found in read_all(text, received or datetime.now(UTC)):
        if isinstance(found, TooLong):
            complain(f"{file}:{found.line}: expected a warning of at most {LONGEST:,} characters, got {found.length:,}")
            code = BAD_INPUT
            continue
        if found.unread and code == FINE:
            code = LAPSED
        if as_json:
            emit(msgspec.json.encode(row(found)))
        else:
            _show(found)
    raise typer.Exit(code)


def _show(reading: Reading) -> None:
    print_ = out().print
    named = reading.id or "without a number"
    print_(words(f"{named}: {reading.kind}, {reading.status}"), style="bold", soft_wrap=True)
    if reading.issued is not None:
        print_(words(f"  issued   {_group(reading.issued)}"), soft_wrap=True)
    for name, others in (("cancels", reading.cancels), ("replaces", reading.replaces)):
        if others:
            print_(words(f"  {name:<8} {', '.join(others)}"), soft_wrap=True)
    for window in reading.windows:
        until = "until further notice" if window.end is None else f"to {_group(window.end)}"
        print_(words(f"  window   {_group(window.start)} {until}{' (estimated)' if reading.estimated else ''}"), soft_wrap=True)
    for area in reading.areas:
        if isinstance(area, Circle):
            print_(words(f"  area     {area.radius_km:g} km around {_place(area.lat, area.lon)}"), soft_wrap=True)
        else:
            print_(words(f"  area     {', '.join(_place(lat, lon) for lat, lon in area.points)}"), soft_wrap=True)
    for note in reading.assumed:
        print_(words(f"  assumed  {note}"), soft_wrap=True)
    for part in reading.unread:
        told = f"  unread   {part.line}:{part.column} {part.text!r}: expected {part.expected}"
        print_(words(told), style="bold yellow", soft_wrap=True)


def _group(at: datetime) -> str:
    """The date-time group: ``250014Z SEP 26``."""
    return at.strftime("%d%H%MZ %b %y").upper()


def _place(lat: float, lon: float) -> str:
    return f"{abs(lat):.4f}{'S' if lat < 0 else 'N'} {abs(lon):.4f}{'W' if lon < 0 else 'E'}"
