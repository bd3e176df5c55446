"""A warning's text as tokens, with what has been understood of them.

One expression, each part of which is bounded or consumes what it looks at: the time is linear in the length of the text.
"""

import re
from bisect import bisect_right

from producers.warnings.reading import Unread

POS, REF, DTG, CLOCK, SERIES, NUM, WORD, MIXED, PUNCT, NOTHING = range(1, 11)
"""What a token is: half a position, a warning's number, day and time, time, who numbers, a number, a word, both, a sign."""

_LEX = re.compile(
    r"(\d{1,3}(?:-\d{1,2}(?:\.\d{1,6})?(?:-\d{1,2}(?:\.\d{1,6})?)?| \d{1,2}(?:\.\d{1,6})?(?: \d{1,2}(?:\.\d{1,6})?)?"
    r"|[°º] ?\d{1,2}(?:\.\d{1,6})?['\u2019\u2032]?(?: ?\d{1,2}(?:\.\d{1,6})?[\"\u201d\u2033])?)"
    r"['\u2019\u2032]? ?[NSEW](?![A-Z0-9]))"
    r"|(\d{1,5}/\d{4}(?![A-Z0-9])|\d{1,5}/\d{2}(?![A-Z0-9])|\d{2}-\d{3,4}(?![A-Z0-9-]|\.\d)|\d{3,4}-\d{2}(?![A-Z0-9-]|\.\d))"
    r"|(\d{6}(?:Z| ?UTC| ?GMT)(?![A-Z0-9]))"
    r"|(\d{2}:?\d{2}(?:Z| ?UTC| ?GMT)(?![A-Z0-9]))"
    r"|(NAVAREA\s{1,4}[IVX]{1,5}(?![A-Z0-9])|(?:HYDROPAC|HYDROLANT|HYDROARC|AUSCOAST)(?![A-Z0-9]))"
    r"|(\d{1,12}(?:\.\d{1,9})?(?![A-Z0-9]|\.\d))"
    r"|([A-Z]+(?![A-Z0-9]))"
    r"|([A-Z0-9]+(?:\.\d+[A-Z]*)?)"
    r"|([^\sA-Z0-9])",
    re.ASCII,
)
_UPPER = {small: small - 32 for small in range(ord("a"), ord("z") + 1)} | {
    # What editors and web pages make of blanks and hyphens.
    **dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), ord(" ")),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212), ord("-")),
}
_PAST = 16
"""How far a phrase may look ahead without asking whether the text has ended."""
_LONGEST_QUOTE = 200


def upper(text: str) -> str:
    """The text in capitals, with plain blanks and hyphens, every character in its place (``ß`` would become two)."""
    return text.upper() if text.isascii() else text.translate(_UPPER)


class Tokens:
    """The tokens of one text.

    Attributes:
        kinds, words, starts, ends: Of each token; a few of ``NOTHING`` stand for what is past the end.
        fresh: Whether the token is the first on its line.
        read: Whether it was understood, or told of as not understood.
        unread: What was told of.
    """

    __slots__ = ("_lines", "ends", "fresh", "kinds", "read", "starts", "text", "unread", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds: list[int] = []
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.fresh: list[bool] = []
        self.unread: list[tuple[int, Unread]] = []
        self._lines: list[int] | None = None
        capitals = upper(text)
        last = 0
        for match in _LEX.finditer(capitals):
            start, end = match.span()
            self.kinds.append(match.lastindex or PUNCT)
            self.words.append(match[0])
            self.starts.append(start)
            self.ends.append(end)
            self.fresh.append(start - last > 0 and "\n" in capitals[last:start])
            last = end
        if self.fresh:
            self.fresh[0] = True
        for _ in range(_PAST):
            self.kinds.append(NOTHING)
            self.words.append("")
            self.starts.append(len(text))
            self.ends.append(len(text))
            self.fresh.append(True)
        self.read = bytearray(len(self.kinds))

    def __len__(self) -> int:
        return len(self.kinds) - _PAST

    def mark(self, start: int, end: int) -> None:
        """Tokens ``start`` up to but not ``end`` are understood."""
        self.read[start:end] = b"\x01" * (end - start)

    def refuse(self, start: int, end: int, expected: str) -> None:
        """Tokens ``start`` up to but not ``end`` are not understood; say what would have been."""
        end = max(end, start + 1)
        self.mark(start, end)
        begin, stop = self.starts[start], self.ends[min(end, len(self.ends)) - 1]
        self.unread.append((begin, self.part(begin, stop, expected)))

    def part(self, begin: int, stop: int, expected: str) -> Unread:
        """The stretch of text as something unread, with its line and column."""
        if self._lines is None:
            self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, begin)
        words = " ".join(self.text[begin : min(stop, begin + _LONGEST_QUOTE)].split())
        return Unread(
            text=words + (" ..." if stop - begin > _LONGEST_QUOTE else ""),
            line=line,
            column=begin - self._lines[line - 1] + 1,
            expected=expected,
        )
