"""Splits what was received into single warnings, and gives each to the reader of its format."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from producers.warnings import navigational, notam
from producers.warnings.reading import Reading

LONGEST = 20_000
"""Characters of one warning; no service broadcasts anything near it."""

_NOTAM = re.compile(r"\(?\s*[A-Z]\d{4}/\d{2}\s+NOTAM[NRC]?\b", re.IGNORECASE)
_NAVIGATIONAL = re.compile(
    # A line may begin with a number and only speak of that warning.
    r"(?!(?:CANCEL|REF|SEE|AND |THIS |REPLAC|SUPERSED|OF )|.{0,80}\b(?:IS|ARE|BEEN) CANCEL)(?:[A-Z]{3,12} ){0,3}"
    r"(?:NAVAREA\s+[IVX]{1,5}|HYDRO(?:PAC|LANT|ARC)|AUSCOAST)(?:\s+WARNINGS?)?\s+(?:NR\.?\s*)?\d",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"\s*ZCZC\b", re.IGNORECASE)
_ENDS = re.compile(r"\s*NNNN\s*", re.IGNORECASE)
_DATE_TIME_GROUP = re.compile(
    r"\s{0,8}\(?\s{0,2}\d{6}\s?(?:Z|UTC|GMT)\s{1,4}[A-Z]{3,9}(?:\s{1,4}\d{2,4})?\s{0,2}\)?\.?\s{0,8}", re.IGNORECASE
)
_CLOSES = re.compile(r"\bCANCEL THIS (?:MSG|MESSAGE|WARNING)\b", re.IGNORECASE)
_LAST = 3
"""The lines above a blank one in which a warning says that it is at its end."""
_GOES_ON = re.compile(r"(?:\bCANCEL|\bAND|,|\bREF(?:ER(?:ENCE)?)?)\s*$", re.IGNORECASE)
_ITEMS = re.compile(
    r"\bNOTAM[NRC]?\b|(?:^|\s)Q\)\s?[A-Z]{4}/|(?:^|\s)A\)\s?[A-Z]{4}\b|\bWEF\b|\bTIL\b|^\(?[A-Z]\d{4}/\d{2}\b|^!\w{3,4} \d",
    re.IGNORECASE,
)
_SEA = re.compile(r"\bNAVAREA\b|\bHYDRO(?:PAC|LANT|ARC)\b|\b\d{6}Z\b|\bNAVTEX\b", re.IGNORECASE)


class TooLong(NamedTuple):
    """A text that is longer than any warning: it is not read.

    Attributes:
        line: Where it begins in what was received, from 1.
        length: Its length in characters.
        head: How it begins.
    """

    line: int
    length: int
    head: str


class Text(NamedTuple):
    """One warning as it came; ``line`` is where it begins in what was received, from 1."""

    line: int
    text: str


def read_all(received_text: str, received: datetime) -> Iterator[Reading | TooLong]:
    """What every warning in a text says, in order.

    Args:
        received_text: Any number of warnings, of either format.
        received: When they came in, UTC: the year of those that name none is the nearest to it.
    """
    for line, text in split(received_text):
        if len(text) > LONGEST:
            yield TooLong(line, len(text), text[:80])
        else:
            yield read(text, received)


def read(text: str, received: datetime) -> Reading:
    """What one warning says; in neither format, everything of it is unread."""
    return notam.read(text, received) if is_notam(text) else navigational.read(text, received)


def is_notam(text: str) -> bool:
    """Whether a text is rather a NOTAM than a warning to mariners."""
    if _NOTAM.match(text.lstrip()):
        return True
    head = text[:LONGEST]
    first_sea, first_air = _SEA.search(head), _ITEMS.search(head)
    return first_air is not None and (first_sea is None or first_air.start() < first_sea.start())


def split(received_text: str) -> Iterator[Text]:
    """The single warnings of a text.

    A warning begins with its heading, with ``ZCZC``, or after a blank line where the one before has ended or had no heading;
    it ends with ``NNNN`` or before the next. A paragraph without a heading belongs to the warning before it.
    """
    draft = _Draft(1)
    for number, line in enumerate(received_text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        heading = draft.is_heading(line)
        if draft.ends_before(line, heading=heading):
            above = draft.group_above() if heading else []
            yield from draft.text()
            draft = _Draft(number - len(above), above)
        draft.add(line, heading=heading)
        if _ENDS.fullmatch(line):
            yield from draft.text()
            draft = _Draft(number + 1)
    yield from draft.text()


class _Draft:
    """The warning that is being read: its lines so far, the first one's number, and whether its heading was among them."""

    def __init__(self, start: int, lines: Sequence[str] = ()) -> None:
        self.start = start
        self.lines = list(lines)
        self.headed = False
        self._first = next((line for line in lines if line.strip()), "")

    def add(self, line: str, *, heading: bool) -> None:
        self.lines.append(line)
        self._first = self._first or line.strip()
        self.headed = self.headed or heading

    def text(self) -> Iterator[Text]:
        """What it came to, unless all is blank. Blank lines at the top are not the warning's."""
        text = "\n".join(self.lines).strip("\n")
        if text.strip():
            yield Text(self.start + next(place for place, line in enumerate(self.lines) if line.strip()), text)

    def is_heading(self, line: str) -> bool:
        """Whether a line is a warning's heading, and not the rest of a sentence that names one."""
        plain = line.strip()
        heads = bool(_NOTAM.match(plain) or _NAVIGATIONAL.match(plain))
        return heads and not (self.lines and _GOES_ON.search(self.lines[-1]))

    def ends_before(self, line: str, *, heading: bool) -> bool:
        """Whether a line is the first of another warning, or its heading."""
        if not self.lines or not line.strip() or _ENDS.fullmatch(line):
            return False
        if not self.headed and _BEGINS.match(self.lines[0]):
            # What stands in an envelope before the heading is the envelope's.
            return False
        if _BEGINS.match(line) or (heading and self.headed):
            return True
        if self.lines[-1].strip():
            return False
        if heading:
            # A date-time group alone waits for its heading.
            return not all(_DATE_TIME_GROUP.fullmatch(one) for one in self.lines if one.strip())
        return not self.headed or _DATE_TIME_GROUP.fullmatch(line) is not None or self._has_ended()

    def group_above(self) -> list[str]:
        """The date-time group right above the next warning's heading, which is that warning's; it is taken away here."""
        if self.headed and len(self.lines) > 1 and _DATE_TIME_GROUP.fullmatch(self.lines[-1]):
            return [self.lines.pop()]
        return []

    def _has_ended(self) -> bool:
        """Whether the warning has said its last word, of what stands above a blank line."""
        # From its end: this is asked at each paragraph, and there may be very many.
        last = islice((line for line in reversed(self.lines) if line.strip()), _LAST)
        if _NOTAM.match(self._first.lstrip()) and self._first.lstrip().startswith("("):
            return next(last).rstrip().endswith(")")
        return any(_CLOSES.search(line) for line in last)
