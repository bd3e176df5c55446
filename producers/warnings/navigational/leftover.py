"""What was not understood: parts left over that have digits, or words that speak of time, place or cancellation."""

from producers.warnings.navigational.dates import MONTHS
from producers.warnings.navigational.lexing import CLOCK, DTG, MIXED, NUM, POS, PUNCT, REF, SERIES, WORD, Tokens
from producers.warnings.navigational.numbers import NUMBER_LIKE_THIS
from producers.warnings.navigational.places import AREA_LIKE_THIS

_TIME = "a time such as 250014Z TO 250614Z SEP, or 0014Z TO 0614Z DAILY 25 THRU 28 SEP"
_ANY = "a time, a position, a distance or a warning's number"
_BY_KIND = {
    POS: AREA_LIKE_THIS,
    REF: NUMBER_LIKE_THIS,
    DTG: _TIME,
    CLOCK: _TIME,
    SERIES: NUMBER_LIKE_THIS,
    NUM: _ANY,
    MIXED: _ANY,
}
_BY_WORD = {
    **dict.fromkeys(
        [
            "DAILY",
            "EVERY",
            "EVERYDAY",
            "WEEKLY",
            "WEEKDAYS",
            "WEEKENDS",
            "MONDAY",
            "TUESDAY",
            "WEDNESDAY",
            "THURSDAY",
            "FRIDAY",
            "SATURDAY",
            "SUNDAY",
            "SUNRISE",
            "SUNSET",
            "NOON",
            "DAYLIGHT",
            "MIDNIGHT",
            "EXCEPT",
            "EXCEPTING",
            "EXCLUDING",
            "UFN",
            "POSTPONED",
            "DELAYED",
            "TOMORROW",
            "TODAY",
            "EXTENDED",
            "RESCHEDULED",
        ],
        _TIME,
    ),
    **dict.fromkeys(
        ["RADIUS", "MILES", "NM", "BOUND", "BOUNDED", "TRACKLINE", "TRACKLINES", "PARALLEL", "MERIDIAN"], AREA_LIKE_THIS
    ),
    **dict.fromkeys(
        [
            "CANCEL",
            "CANCELS",
            "CANCELED",
            "CANCELLED",
            "CANCELLING",
            "CANCELLATION",
            "CANCELLATIONS",
            "REPLACES",
            "REPLACED",
            "SUPERSEDED",
        ],
        f"CANCEL with {NUMBER_LIKE_THIS}",
    ),
}
_UNITS = frozenset({"FEET", "FT", "KNOTS", "KTS", "FATHOMS", "TONS", "PERCENT", "VESSELS", "SHIPS", "MHZ", "KHZ"})
_NAMES = frozenset({"CHANNEL", "CH", "VHF", "FALCON", "MARCH", "ARIANE", "SOYUZ", "TEL", "PHONE", "FAX", "DNC", "PHASE"})
_ORDINALS = ("ST", "ND", "RD", "TH")
_GAP = 3
"""Tokens of prose that may lie within one unread part."""


def is_list(tokens: Tokens) -> bool:
    """Whether the text lists the warnings in force, and no dangers of its own."""
    words = tokens.words
    return POS not in tokens.kinds and any(
        word == "IN" and words[place + 1] == "FORCE" and words[place - 1] in ("WARNINGS", "MESSAGES", "CURRENTLY")
        for place, word in enumerate(words[:-1])
    )


def leftover(tokens: Tokens) -> None:
    """Tell of every part that nothing has understood and that may matter."""
    first = last = -1
    expected = ""
    kinds, read = tokens.kinds, tokens.read
    at = read.find(0)
    end = len(tokens)
    while 0 <= at < end:
        kind = kinds[at]
        reason = None
        if kind == WORD:
            reason = _BY_WORD.get(tokens.words[at])
            if reason is None and tokens.words[at] in MONTHS and _beside_number(tokens, at):
                reason = _TIME
        elif kind != PUNCT and not _harmless(tokens, at):
            reason = _BY_KIND[kind]
        if first >= 0 and (at - last > _GAP or read[last + 1 : at].count(1)):
            _tell(tokens, first, last, expected)
            first = -1
        if reason is not None:
            if first < 0:
                first, expected = at, reason
            elif expected == _ANY:
                expected = reason
            last = at
        elif first >= 0 and tokens.words[at] == ".":
            _tell(tokens, first, last, expected)
            first = -1
        at = read.find(0, at + 1)
    if first >= 0:
        _tell(tokens, first, last, expected)


def _tell(tokens: Tokens, first: int, last: int, expected: str) -> None:
    tokens.refuse(first, last + 1, expected)


def _beside_number(tokens: Tokens, at: int) -> bool:
    """Whether a month stands beside a number: MAY and MARCH are words too."""
    numbers = (NUM, DTG, CLOCK)
    return (at > 0 and tokens.kinds[at - 1] in numbers) or tokens.kinds[at + 1] in numbers


def _harmless(tokens: Tokens, at: int) -> bool:
    """Whether the digits are of a name, a radio channel, a depth or an ordinal."""
    word, kind = tokens.words[at], tokens.kinds[at]
    before = tokens.words[at - 1] if at else ""
    if kind == MIXED:
        return not word[0].isdigit() or word.lstrip("0123456789") in _ORDINALS or before == "-" or before in _NAMES
    return kind == NUM and (before in _NAMES or tokens.words[at + 1] in _UNITS)
