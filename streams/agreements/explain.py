"""The reader's complaints in the words of somebody who mends the file: which field, what was expected, what was got."""

import difflib
import re

from msgspec import inspect

from streams.agreements.check import Fault
from streams.agreements.problems import Place

_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>[^`]*)`(?: in `(?P<outer>[^`]*)`)?)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|(\[\.\.\.\])")
_VALUES = "*"
"""The step into the values of a table with free keys: msgspec does not say which."""


def explained(message: str, raw: object, kind: object) -> Fault:
    """The fault that a message of msgspec's means.

    Args:
        message: What ``msgspec.convert`` said.
        raw: The value it was given.
        kind: The type it was to make of it.
    """
    match = _MESSAGE.fullmatch(message)
    assert match is not None
    what, at_key = match["what"], match["outer"] is not None
    steps: list[str | int] = []
    for name, number, values in _STEP.findall((match["outer"] if at_key else match["path"]) or ""):
        steps.append(_VALUES if values else int(number) if number else name)
    known = steps[: steps.index(_VALUES)] if _VALUES in steps else steps
    place: Place = tuple(known)
    got = _value_at(raw, place)
    if found := re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", what):
        fields = _choices(kind, raw, steps)
        if found[1].startswith("missing"):
            return Fault((*place, found[2]), "expected this field, got none")
        near = difflib.get_close_matches(found[2], fields, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(fields)}"
        return Fault((*place, found[2]), f"no such field; {hint}")
    if found := re.fullmatch(r"Invalid (?:enum )?value '(.*)'", what):
        return Fault(place, f"expected one of {', '.join(_choices(kind, raw, steps))}, got {found[1]!r}")
    what = what.replace("Invalid RFC3339 encoded", "expected a")
    what = what[:1].lower() + what[1:]
    if at_key:
        keys = ", ".join(map(repr, got)) if isinstance(got, dict) else repr(got)
        return Fault(place, f"{what} as key, got {keys}")
    return Fault(place, what if "got" in what else f"{what}, got {got!r}")


def _value_at(raw: object, place: Place) -> object:
    for step in place:
        if isinstance(raw, dict):
            raw = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        else:
            return None
    return raw


def _choices(kind: object, raw: object, steps: list[str | int]) -> list[str]:
    """What may stand at a place: the values of an enumeration, the kinds of obligation, or the fields of a table."""
    info = _member(inspect.type_info(kind), raw)
    for step in steps:
        if isinstance(info, inspect.StructType):
            if step == info.tag_field or not any(field.encode_name == step for field in info.fields):
                break
            info = next(field.type for field in info.fields if field.encode_name == step)
        elif isinstance(info, inspect.VarTupleType):
            info = info.item_type
        elif isinstance(info, inspect.TupleType) and isinstance(step, int):
            info = info.item_types[step]
        elif isinstance(info, inspect.DictType):
            info = info.value_type
        raw = _value_at(raw, (step,))
        info = _member(info, raw)
    match info:
        case inspect.LiteralType():
            return [str(value) for value in info.values]
        case inspect.EnumType():
            return [str(value.value) for value in info.cls]
        case inspect.StructType():
            return [field.encode_name for field in info.fields]
        case inspect.UnionType():
            return [str(member.tag) for member in info.types if isinstance(member, inspect.StructType)]
        case _:
            return []


def _member(info: inspect.Type, raw: object) -> inspect.Type:
    """The type that is meant, of a union by its tag, and without the notes around it."""
    while isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.UnionType):
        members = [member for member in info.types if not isinstance(member, inspect.NoneType)]
        if len(members) == 1:
            return _member(members[0], raw)
        for member in members:
            if isinstance(member, inspect.StructType) and isinstance(raw, dict) and raw.get("kind") == member.tag:
                return member
    return info
