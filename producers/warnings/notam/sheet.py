"""The text under the reader's eyes: where each part stands, what was not understood, what was supposed.

The text is read in a plain form: upper case, one sign for each kind of dash and quote, one blank where there are several. Parts
are named by offsets in that form; their places in the text as it came are worked out when they are told.
"""

import re
from bisect import bisect_right

from producers.warnings.reading import Unread

MOST_UNREAD = 50
"""A text with more parts that nobody understands is no warning; the last one then says that there are more."""
LONGEST_PART = 500

_SIGNS = {code: chr(code - 32) for code in range(ord("a"), ord("z") + 1)}
_SIGNS |= dict.fromkeys(
    [*range(0x0A), *range(0x0B, 0x20), 0x7F, 0x85, 0xA0, 0x2007, 0x2009, 0x202F, 0x3000, 0xFEFF, 0x200B], " "
)
_SIGNS |= dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFF0D], "-")
_SIGNS |= dict.fromkeys([0x00BA, 0x02DA], "°")
_SIGNS |= dict.fromkeys([0x2018, 0x2019, 0x2032, 0x00B4, 0x60], "'")
_SIGNS |= dict.fromkeys([0x201C, 0x201D, 0x2033], '"')
# Full-width signs, as Chinese keyboards give them: U+FF01 to U+FF5E mirror the ASCII ones.
_SIGNS |= {code: chr(code - 0xFEE0).upper() for code in range(0xFF01, 0xFF5F) if code != 0xFF0D}
_SIGNS |= {0x3002: ".", 0x3001: ","}


_BLANKS = re.compile(r"[ \n]{2,}")


class Sheet:
    """One text being read.

    Attributes:
        text: The text as it came.
        plain: The same in the form that is read: words are divided by a blank or a line's end, paragraphs by two line ends.
        flat: The plain form with blanks for line ends, sign by sign: for phrases that may run over a line's end.
        assumed: What was supposed, one sentence each.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._cuts = [0]
        self._shifts = [0]
        self.plain = self._squeezed(text.translate(_SIGNS))
        self.flat = self.plain.replace("\n", " ")
        self.assumed: list[str] = []
        self._missed: list[tuple[int, int, str]] = []

    def _squeezed(self, signs: str) -> str:
        parts: list[str] = []
        at = length = 0
        for match in _BLANKS.finditer(signs):
            ends = match[0].count("\n")
            blank = "\n\n" if ends > 1 else "\n" if ends else " "
            parts += (signs[at : match.start()], blank)
            length += match.start() - at + len(blank)
            at = match.end()
            self._cuts.append(length)
            self._shifts.append(at - length)
        return "".join(parts) + signs[at:]

    def _place(self, at: int) -> int:
        """The offset in the text as it came."""
        return at + self._shifts[bisect_right(self._cuts, at) - 1]

    def assume(self, sentence: str) -> None:
        """Note what was supposed, once."""
        if sentence not in self.assumed:
            self.assumed.append(sentence)

    def miss(self, start: int, end: int, expected: str) -> None:
        """Note that the part from ``start`` to ``end`` was not understood."""
        part = self.plain[start:end]
        start += len(part) - len(part.lstrip(" \n.,;"))
        end -= len(part) - len(part.rstrip(" \n,;"))
        if start < end:
            self._missed.append((start, end, expected))

    def miss_heading(self, expected: str) -> None:
        """Note something that is missing, at the first line that says anything."""
        start = len(self.plain) - len(self.plain.lstrip())
        end = self.plain.find("\n", start)
        self.miss(start, min(len(self.plain) if end < 0 else end, start + 80), expected)

    def unread(self) -> tuple[Unread, ...]:
        """Give the parts that were not understood, in order; one inside another is told once."""
        lines = [0]
        at = self.text.find("\n")
        while at >= 0:
            lines.append(at + 1)
            at = self.text.find("\n", at + 1)
        told: list[tuple[int, int, str]] = []
        for start, end, expected in sorted(self._missed, key=lambda part: (part[0], -part[1])):
            if told and (start, end) == told[-1][:2]:
                if expected not in told[-1][2]:
                    told[-1] = (start, end, f"{told[-1][2]}; {expected}")
            elif not told or end > told[-1][1]:
                told.append((start, end, expected))
        if len(told) > MOST_UNREAD:
            start, end, expected = told[MOST_UNREAD - 1]
            told = [*told[: MOST_UNREAD - 1], (start, end, f"{expected}; more after it was not read either")]
        return tuple(self._part(lines, *part) for part in told)

    def _part(self, lines: list[int], start: int, end: int, expected: str) -> Unread:
        start, end = self._place(start), self._place(end - 1) + 1
        line = bisect_right(lines, start)
        shown = self.text[start : min(end, start + LONGEST_PART)].replace("\r", "")
        return Unread(text=shown, line=line, column=start - lines[line - 1] + 1, expected=expected)
