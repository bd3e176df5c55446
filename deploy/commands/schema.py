"""``steadyline schema``: the JSON Schemas of the events."""

from typing import Annotated

import msgspec
import typer

from deploy.commands.options import Json
from deploy.consoles import emit, out, words
from deploy.exits import bad_use
from streams.events.schemas import event_type, event_types, short_name
from streams.events.schemas import schema as schema_of


def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="A type of event, such as channel.check; all without it.")
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="Only the names of the types.")] = False,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema (2020-12) of the events, made from the types that decode them."""
    if names:
        for name in event_types():
            if as_json:
                emit(msgspec.json.encode({"type": name, "name": short_name(name)}))
            else:
                out().print(words(short_name(name)))
        return
    try:
        wanted = None if kind is None else event_type(kind)
    except LookupError as error:
        bad_use(str(error.args[0]))
    document = msgspec.json.encode(schema_of(wanted))
    emit(document if as_json else msgspec.json.format(document, indent=2))
