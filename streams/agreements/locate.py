"""On which line each field of a TOML document stands.

``tomllib`` gives values without lines. This reads only the shape of a document that ``tomllib`` has accepted: headers,
keys, and where values end; it judges nothing.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache

from streams.agreements.problems import Place

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SPACES = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
# Three quotes before one: the opening of a multi-line string looks like an empty string and a quote.
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)


@lru_cache(maxsize=4)
def lines_of(text: str) -> Mapping[Place, int]:
    """The line, counted from 1, of every table, key and array element of a valid TOML document."""
    return _Scanner(text).document()


def line_at(lines: Mapping[Place, int], place: Place) -> int:
    """The line of ``place``, or of the nearest table around it that is there; 1 for the document."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Place, int] = {}
        self._last: dict[Place, int] = {}

    def document(self) -> dict[Place, int]:
        table: Place = ()
        while self._past_blank():
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _past(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _past_blank(self) -> bool:
        self._past(_BLANK)
        return self._at < len(self._text)

    def _line(self) -> int:
        return bisect_left(self._breaks, self._at) + 1

    def _header(self) -> Place:
        """Step over ``[a.b]`` or ``[[a.b]]`` and return the table it opens."""
        line = self._line()
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        keys = self._keys()
        self._at += brackets
        table: Place = ()
        for position, key in enumerate(keys, start=1):
            table = (*table, key)
            if brackets == 2 and position == len(keys):
                self._last[table] = self._last.get(table, -1) + 1
            self._lines.setdefault(table, line)
            if table in self._last:
                table = (*table, self._last[table])
        self._lines[table] = line
        return table

    def _pair(self, table: Place) -> None:
        line = self._line()
        place = table
        for key in self._keys():
            place = (*place, key)
            self._lines.setdefault(place, line)
        self._at += 1  # the equals sign
        self._value(place)

    def _keys(self) -> list[str]:
        """Step over a key, dotted perhaps, and the spaces after it."""
        keys = []
        while True:
            self._past(_SPACES)
            if self._next() in ('"', "'"):
                keys.append(str(tomllib.loads(f"key = {self._past(_STRING)}")["key"]))
            else:
                keys.append(self._past(_BARE_KEY))
            self._past(_SPACES)
            if self._next() != ".":
                return keys
            self._at += 1

    def _value(self, place: Place) -> None:
        self._past(_SPACES)
        first = self._next()
        if first in ('"', "'"):
            self._past(_STRING)
        elif first == "[":
            self._array(place)
        elif first == "{":
            self._inline_table(place)
        else:
            self._past(_SCALAR)

    def _array(self, place: Place) -> None:
        self._at += 1
        number = 0
        while self._past_blank() and self._next() != "]":
            if self._next() == ",":
                self._at += 1
                continue
            element = (*place, number)
            self._lines[element] = self._line()
            self._value(element)
            number += 1
        self._at += 1

    def _inline_table(self, place: Place) -> None:
        self._at += 1
        while self._past_blank() and self._next() != "}":
            if self._next() == ",":
                self._at += 1
                continue
            self._pair(place)
        self._at += 1
