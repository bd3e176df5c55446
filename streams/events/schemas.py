"""JSON Schemas of the events, made from the types that decode them."""

from functools import cache
from typing import Any, get_args

import msgspec

from streams.events import AnyEvent, Event

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFINITIONS = "#/$defs/{name}"


@cache
def event_types() -> dict[str, type[Event]]:
    """Every type of event by its CloudEvents ``type``, in alphabetical order."""
    return dict(sorted((str(kind.__struct_config__.tag), kind) for kind in get_args(AnyEvent)))


def short_name(kind: str) -> str:
    """The part of a ``type`` that people say: ``channel.check`` of ``org.steadyline.channel.check.v1``."""
    return kind.removeprefix("org.steadyline.").rpartition(".v")[0] or kind


def event_type(name: str) -> type[Event]:
    """The type of event that is called ``name``: its CloudEvents ``type``, the short form of it, or the class's name.

    Raises:
        LookupError: when there is none of that name.
    """
    for kind, event in event_types().items():
        if name in (kind, short_name(kind), event.__name__):
            return event
    raise LookupError(f"no event type is called {name!r}; there are {', '.join(map(short_name, event_types()))}")


def schema(kind: type[Event] | None = None) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one type of event, or of all of them as alternatives.

    What it cannot say is checked at decoding all the same: zones exist, windows close after they open, borders do not
    cross themselves, and printed local times agree with UTC.
    """
    wanted: tuple[Any, ...] = (AnyEvent,) if kind is None else (kind,)
    (root,), definitions = msgspec.json.schema_components(wanted, ref_template=_DEFINITIONS)
    title = "Steadyline event" if kind is None else kind.__name__
    document = {"$schema": _DIALECT, "title": title, **root, "$defs": definitions}
    # Defaults come as Python has them; a schema has them as JSON would.
    result: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return result
