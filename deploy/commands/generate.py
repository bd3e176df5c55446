"""``steadyline generate``: synthetic events for trials of speed."""

import sys
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer

from deploy.commands.options import Json
from deploy.consoles import emit, note
from deploy.exits import bad_use
from producers.synthetic import generate as synthetic


def generate(
    events: Annotated[int, typer.Option("--events", metavar="N", min=1, help="How many events.")] = 1_000_000,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed gives the same bytes.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; standard output without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write synthetic events as JSON Lines: many channels checked every minute, notices, launches, incidents.

    The events are JSON already; with -o, --json says as JSON what was written.
    """
    if output is None:
        _write(events, seed, sys.stdout.buffer)
        return
    try:
        with output.open("wb") as file:
            size = _write(events, seed, file)
    except OSError as error:
        bad_use(f"{output}: {error.strerror or error}")
    if as_json:
        emit(msgspec.json.encode({"file": str(output), "events": events, "seed": seed, "bytes": size}))
    else:
        note(f"{output}: {events:,} events, {size:,} bytes")


def _write(events: int, seed: int, file: IO[bytes]) -> int:
    size = 0
    for line in synthetic(events, seed):
        size += file.write(line if line.endswith(b"\n") else line + b"\n")
    return size
