"""What a layout looks like: a digest of the types that are written in it, to be held against its number."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


def shape_of(cells: Mapping[str, Any], *, but: Iterable[str] = ()) -> str:
    """A digest of the types of cells, by their kinds, without their words; ``but`` are structs with versions of their own."""
    left_out = set(but)
    shapes: dict[str, Any] = {}
    for kind, cell in cells.items():
        schema = msgspec.json.schema(cell)
        shapes |= {f"struct {each}": shape for each, shape in schema.pop("$defs", {}).items() if each not in left_out}
        shapes[kind] = schema
    return hashlib.sha256(json.dumps(_bare(shapes), sort_keys=True).encode()).hexdigest()[:16]


def _bare(schema: Any) -> Any:
    match schema:
        case dict():
            return {key: _bare(value) for key, value in schema.items() if key not in ("title", "description")}
        case list():
            return [_bare(value) for value in schema]
        case _:
            return schema
