"""Every fault of a value at once, by the types of the events themselves.

``msgspec`` stops at the first. So a value is taken apart along its type: what stands alone is converted alone, and what is made
of sound parts is converted as a whole, for what its parts may say against each other. There is no second set of rules.
"""

import math
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Union

import msgspec
from msgspec import Meta

from streams.agreements.problems import Place

_SHOWN = 80
_DEEPEST = 12
"""Levels below a notice that are looked at; events have fewer."""
_NONE = type(None)
_SAID = (
    ("Invalid RFC3339 encoded datetime", "expected 2026-11-23T09:00Z (with its zone)"),
    ("Expected `datetime` with a timezone component", "expected a zone too: 2026-11-23T09:00Z"),
    ("Expected `datetime`", "expected a time with its zone, 2026-11-23T09:00Z"),
    ("Expected `float", "expected a number"),
    ("Expected `int", "expected a whole number"),
    ("Expected `bool", "expected true or false"),
    ("Expected `str", "expected text"),
    ("Number out of range", "expected a number that is not beyond all bounds"),
)
"""What the converter says of a leaf, and the same for who fills in a form."""


class Fault(NamedTuple):
    """One thing to mend.

    Attributes:
        place: The way to the field.
        message: What was expected and what was got.
    """

    place: Place
    message: str


class Member(NamedTuple):
    """One field of a struct.

    Attributes:
        name: As it is written in JSON.
        kind: Its type, with its bounds.
        required: Whether it must be given.
    """

    name: str
    kind: Any
    required: bool


@lru_cache(maxsize=64)
def members(struct: type) -> dict[str, Member]:
    """The fields of a struct, by the names that they have in JSON."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return {
        field.encode_name: Member(field.encode_name, hints[field.name], field.required)
        for field in msgspec.structs.fields(struct)
    }


def faults(kind: Any, value: object, place: Place = (), *, strict: bool = True) -> Iterator[Fault]:  # noqa: ANN401 - any type
    """What is wrong with a value that ought to be of a type.

    Args:
        kind: The type.
        value: What came of JSON or TOML: tables, lists, text, numbers.
        place: Where the value stands.
        strict: Whether text is refused where a number is expected.
    """
    if len(place) > _DEEPEST:
        yield Fault(place, "nested too deeply")
        return
    plain, metas = _bare(kind)
    origin, inner = typing.get_origin(plain), typing.get_args(plain)
    if origin in (Union, types.UnionType):
        plain_members = [each for each in inner if each is not _NONE]
        if value is None and _NONE in inner:
            return
        chosen = plain_members[0] if len(plain_members) == 1 else _chosen(plain_members, value)
        if isinstance(chosen, str):
            yield Fault(place, chosen)
        else:
            yield from faults(chosen, value, place, strict=strict)
    elif isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        yield from _of_struct(plain, value, place, strict=strict)
    elif origin is tuple:
        yield from _of_list(kind, inner, metas, value, place, strict=strict)
    else:
        yield from _of_leaf(kind, plain, metas, value, place, strict=strict)


def _bare(kind: Any) -> tuple[Any, list[Meta]]:  # noqa: ANN401 - any type
    metas: list[Meta] = []
    while typing.get_origin(kind) is Annotated:
        kind, *notes = typing.get_args(kind)
        metas += [note for note in notes if isinstance(note, Meta)]
    return kind, metas


def _chosen(kinds: Sequence[Any], value: object) -> Any:  # noqa: ANN401 - any type
    """The struct that a value's tag names; words where it names none."""
    tags = {each.__struct_config__.tag: each for each in kinds}
    field = kinds[0].__struct_config__.tag_field
    if not isinstance(value, Mapping):
        return f"expected a table with `{field}` ({', '.join(tags)}), got {shown(value)}"
    tag = value.get(field)
    if not isinstance(tag, str) or tag not in tags:
        return f"expected `{field}`: one of {', '.join(tags)}, got {shown(tag)}{meant(tag, tags)}"
    return tags[tag]


def _of_struct(struct: type[msgspec.Struct], value: object, place: Place, *, strict: bool) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield Fault(place, f"expected a table with {', '.join(members(struct))}, got {shown(value)}")
        return
    known, wrong = members(struct), 0
    tag = struct.__struct_config__.tag_field
    if struct.__struct_config__.forbid_unknown_fields:
        for name in value:
            if name not in known and name != tag:
                wrong += 1
                yield Fault((*place, str(name)[:100]), f"no such field{meant(name, known, or_else=True)}")
    for name, member in known.items():
        if name not in value:
            if member.required:
                wrong += 1
                yield Fault((*place, name), f"expected this field ({described(member.kind)}), got none")
            continue
        for fault in faults(member.kind, value[name], (*place, name), strict=strict):
            wrong += 1
            yield fault
    if not wrong:
        yield from _whole(struct, value, place, strict=strict)


def _of_list(
    kind: Any,  # noqa: ANN401 - any type
    inner: tuple[Any, ...],
    metas: Sequence[Meta],
    value: object,
    place: Place,
    *,
    strict: bool,
) -> Iterator[Fault]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        yield Fault(place, f"expected a list, got {shown(value)}")
        return
    wrong = 0
    most = next((meta.max_length for meta in metas if meta.max_length is not None), None)
    least = next((meta.min_length for meta in metas if meta.min_length is not None), 0)
    if (most is not None and len(value) > most) or len(value) < least:
        wrong += 1
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        yield Fault(place, f"expected a list of {bounds}, got {len(value)}")
    # What is far too long is not looked at item by item.
    for number, item in enumerate(value[:most]):
        each = inner[0] if len(inner) == 2 and inner[1] is Ellipsis else inner[number] if number < len(inner) else None
        if each is None:
            break
        for fault in faults(each, item, (*place, number), strict=strict):
            wrong += 1
            yield fault
    if not wrong:
        yield from _whole(kind, value, place, strict=strict)


def _of_leaf(
    kind: Any,  # noqa: ANN401 - any type
    plain: Any,  # noqa: ANN401 - any type
    metas: Sequence[Meta],
    value: object,
    place: Place,
    *,
    strict: bool,
) -> Iterator[Fault]:
    if isinstance(value, float) and not math.isfinite(value):
        yield Fault(place, f"expected a number, got {value}")
        return
    try:
        made = msgspec.convert(value, kind, strict=strict)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        if typing.get_origin(plain) is Literal:
            choices = [str(each) for each in typing.get_args(plain)]
            yield Fault(place, f"expected one of {', '.join(choices)}, got {shown(value)}{meant(value, choices)}")
        else:
            yield Fault(place, _said(error, metas, value))
    else:
        if isinstance(made, float) and not math.isfinite(made):
            yield Fault(place, f"expected a number, got {shown(value)}")


def _whole(kind: Any, value: object, place: Place, *, strict: bool) -> Iterator[Fault]:  # noqa: ANN401 - any type
    """What sound parts say against each other."""
    try:
        msgspec.convert(value, kind, strict=strict)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        yield Fault(place, _without_place(str(error)))


def _said(error: Exception, metas: Sequence[Meta], value: object) -> str:
    """What a leaf ought to be, in words."""
    text = _without_place(str(error))
    for said, meaning in _SAID:
        text = text.replace(said, meaning)
    text = text.replace("`", "")
    words = next((meta.description for meta in metas if meta.description is not None), None)
    if "matching regex" in text and words is not None:
        text = f"expected {words}"
    text = text[:1].lower() + text[1:]
    return text if ", got " in text and isinstance(value, Mapping | list) else f"{text.split(', got ')[0]}, got {shown(value)}"


def _without_place(text: str) -> str:
    return text.split(" - at `")[0]


def described(kind: Any) -> str:  # noqa: ANN401 - any type
    """A type in a few words."""
    plain, metas = _bare(kind)
    words = next((meta.description for meta in metas if meta.description is not None), None)
    if words is not None:
        return words.split(";")[0]
    if typing.get_origin(plain) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(plain)))
    return "a list" if typing.get_origin(plain) is tuple else "text" if plain is str else getattr(plain, "__name__", "a value")


def meant(name: object, known: Mapping[str, Any] | Sequence[str], *, or_else: bool = False) -> str:
    """Which of the known names was meant, in words; nothing where none is near."""
    if not isinstance(name, str) or len(name) > _SHOWN:
        return ""
    folded = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), folded, n=1)
    if near:
        return f"; did you mean {folded[near[0]]}?"
    return f"; expected one of {', '.join(known)}" if or_else else ""


def shown(value: object) -> str:
    """A value as a message quotes it: short, whatever was given."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!r}... ({len(value):,} characters)"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**18:
        return "a number too large"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        # TOML has times of its own.
        return value.isoformat()
    return repr(value)
