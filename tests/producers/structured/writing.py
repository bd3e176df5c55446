"""Notices as somebody writes them down, in each of the forms: what the reader must understand."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from producers.structured.flat import ISSUED
from streams.events.decode import encode
from streams.events.launches import LaunchNotice

Flat = dict[str, Any]


def flat(event: LaunchNotice) -> Flat:
    """The fields of a notice side by side, as JSON has them."""
    plain: Flat = json.loads(encode(event))
    data: Flat = plain.pop("data")
    issued = plain.pop("time")
    for name in ("type", "specversion", "ingested"):
        plain.pop(name, None)
    return data | plain | {ISSUED: issued}


def as_json(notices: Sequence[Flat]) -> bytes:
    return json.dumps(notices, ensure_ascii=False, indent=1).encode()


def as_json_lines(notices: Sequence[Flat]) -> bytes:
    return b"".join(msgspec.json.encode(notice) + b"\n" for notice in notices)


def as_csv(notices: Sequence[Flat]) -> bytes:
    """A table; what has parts is JSON in its cell."""
    told = io.StringIO()
    table = csv.DictWriter(told, sorted({name for notice in notices for name in notice}), lineterminator="\r\n")
    table.writeheader()
    for notice in notices:
        table.writerow({name: _cell(value) for name, value in notice.items()})
    return told.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else value


def as_toml(notices: Sequence[Flat]) -> bytes:
    return "\n".join(f"[[notices]]\n{_lines(notice)}" for notice in notices).encode()


def _lines(notice: Flat) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in notice.items())


def _toml(value: object) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str():
            return _text(value)
        case _:
            return json.dumps(value)


def _text(value: str) -> str:
    try:
        # TOML has times of its own.
        if len(value) > 15 and datetime.fromisoformat(value).tzinfo is not None:
            return value
    except ValueError:
        pass
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(each):04x}" if ord(each) < 0x20 or ord(each) == 0x7F else each for each in escaped) + '"'
