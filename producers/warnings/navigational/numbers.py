"""Who numbers a warning and how, and the warnings that it cancels: ``NAVAREA XI 24-0531`` is ``NAVAREA XI 531/24``."""

from producers.warnings.navigational.dates import year_of
from producers.warnings.navigational.lexing import NUM, REF, SERIES, WORD, Tokens
from producers.warnings.senders import COORDINATORS

_BEFORE_NUMBER = frozenset({"WARNING", "WARNINGS", "NR", "NO", "NUMBER", "MSG", "MESSAGE", "NAV", "SERIES", ".", ":", "#"})
_BETWEEN = frozenset({",", "AND", "&", ";", "/"})
_MOST = 100
NUMBER_LIKE_THIS = "a warning's number such as NAVAREA XI 123/24 or HYDROPAC 2301/24"


def series_of(word: str) -> str | None:
    """The series by its one name; ``None`` for a sea area that is not there."""
    parts = word.split()
    if len(parts) == 1:
        return word
    return f"NAVAREA {parts[1]}" if parts[1] in COORDINATORS else None


def number_of(word: str) -> tuple[str, int] | None:
    """``24-0531``, ``531/24`` and ``531/2024`` as ``531/24`` with the year; ``None`` where they are no number."""
    if "/" in word:
        number, year = word.split("/")
    else:
        first, second = word.split("-")
        year, number = (first, second) if len(first) == 2 else (second, first)
    full = year_of(year)
    if full is None or not int(number):
        return None
    return f"{int(number)}/{full % 100:02d}", full


def header_at(tokens: Tokens, at: int) -> tuple[str | None, str, int, int] | None:
    """The series and number that begin here: series, number, year, where they end."""
    if tokens.kinds[at] != SERIES:
        return None
    place = at + 1
    while tokens.words[place] in _BEFORE_NUMBER and place < at + 6:
        place += 1
    if tokens.kinds[place] != REF:
        return None
    found = number_of(tokens.words[place])
    if found is None:
        return None
    return series_of(tokens.words[at]), found[0], found[1], skip_codes(tokens, place + 1)


def skip_codes(tokens: Tokens, at: int) -> int:
    """Where the subject codes after a number end: ``(97)``, ``(GEN)``, ``(11,26)``."""
    while tokens.words[at] == "(":
        for place in range(at + 1, min(at + 12, len(tokens))):
            if tokens.words[place] == ")":
                at = place + 1
                break
            if tokens.kinds[place] not in (NUM, WORD, REF) and tokens.words[place] not in (",", ".", "-", "/"):
                return at
        else:
            return at
    return at


def cancelled_at(
    tokens: Tokens, at: int, series: str | None, year: int | None, assumed: dict[str, None]
) -> tuple[list[str], int]:
    """The warnings named from here on as cancelled, and where they end; those of no series are of ``series``."""
    found: list[str] = []
    after = at
    words, kinds = tokens.words, tokens.kinds
    while len(found) < _MOST:
        while words[at] in _BEFORE_NUMBER:
            at += 1
        named = series
        if kinds[at] == SERIES:
            named = series_of(words[at])
            at += 1
            while words[at] in _BEFORE_NUMBER:
                at += 1
        number: str | None = None
        if kinds[at] == REF:
            read = number_of(words[at])
            number = read[0] if read else None
        elif kinds[at] == NUM and year is not None and not tokens.fresh[at] and _is_bare(tokens, at):
            number = f"{int(words[at])}/{year % 100:02d}"
            assumed["A cancelled warning without a year is of this warning's own year."] = None
        if number is None or named is None:
            return found, after
        series = named
        found.append(f"{named} {number}")
        after = skip_codes(tokens, at + 1)
        if words[after] not in _BETWEEN:
            return found, after
        at = after + 1
        while words[at] in _BETWEEN:
            at += 1
    return found, after


def _is_bare(tokens: Tokens, at: int) -> bool:
    """Whether the number is a whole one: not the half of another, nor an area's label."""
    word, following = tokens.words[at], tokens.words[at + 1]
    return len(word) <= 4 and word.isdigit() and int(word) > 0 and following not in ("-", "/", ")", "(")
