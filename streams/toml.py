"""TOML from outside, refused before its reader would need memory or time beyond all bounds.

A key of many parts costs the standard library the square of their number: a quarter of a megabyte of ``a.a.a`` would take all
the memory there is. Nobody writes such keys, so they are refused unread; so are brackets within brackets without end.
"""

import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

MOST_PARTS = 16
"""Parts of a key with dots, at most."""
_TOKEN = re.compile(r"""[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|\.|[ \t]++|.""")


def loads(text: str) -> dict[str, Any]:
    """What stands in a document.

    Raises:
        ValueError: when it is no TOML, or meant to harm; the message says on which line (``at line N, column M``), if on one.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        # A key stands on one line.
        if line.count(".") >= MOST_PARTS and _parts(line) > MOST_PARTS:
            raise ValueError(f"A key of more than {MOST_PARTS} parts (at line {number}, column 1)")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("brackets nested too deeply") from None


def decode(content: bytes, kind: type[T], dec_hook: Callable[[type, Any], Any] | None = None) -> T:
    """A document as a struct, as ``msgspec.toml.decode`` makes it.

    Raises:
        ValueError: when it is no TOML in UTF-8, or not of this kind (``msgspec.ValidationError``).
    """
    found = loads(content.decode())
    return msgspec.convert(found, kind, builtin_types=(datetime, date, time), str_keys=True, dec_hook=dec_hook)


def _parts(line: str) -> int:
    """The most words in a row that a line puts dots between; a sentence in a text has few, for spaces end them."""
    most = parts = 0
    word = dotted = False
    for piece in _TOKEN.findall(line):
        if piece == ".":
            word, dotted = False, word
        elif piece[0] in " \t":
            continue
        elif piece[0] in "\"'" or piece[0] in "-_" or piece[0].isalnum():
            parts = parts + 1 if dotted else 1
            word, dotted = True, False
            most = max(most, parts)
        else:
            word = dotted = False
    return most
