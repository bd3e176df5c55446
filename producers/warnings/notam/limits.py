"""Limits in height, as items F and G, the Q line and the free text print them; feet."""

import re

from producers.warnings.notam.sheet import Sheet

_FEET_PER_METRE = 1 / 0.3048
EXPECTED = "a height such as SFC, FL250, 3000FT AMSL, 2000M AGL or UNL"
LEVEL = (
    r"(?:SFC|GND|MSL(?! ?\d)|GROUND(?: LEVEL)?|SURFACE|SEA LEVEL|UNL(?:TD|IMITED)?|FL ?\d{1,3}(?!\d)"
    r"|\d{1,3}(?:,\d{3})+ ?(?:FT|FEET|M)\b|\d{1,6} ?(?:FT|FEET|M|METRES|METERS)\b)"
    r"(?:[ /]{0,2}(?:AMSL|MSL|AGL|ASL|SFC(?! ?[-/])|GND(?! ?[-/])|ALT|STD)\b)?"
)
_LEVEL = re.compile(LEVEL)
_PAIR = re.compile(
    rf"(?:(?:VERTICAL |VERT |HEIGHT |ALTITUDE |LEVEL )?LIMITS?|LOWER(?: LIMIT)?|FROM|BTN|BETWEEN)?[ :]{{0,3}}"
    rf"(?<![A-Z\d])(?P<lower>{LEVEL})"
    rf"(?: ?- ?|/| TO | UP TO | AND |[ ,]{{0,2}}UPPER(?: LIMIT)?[ :]{{0,2}})(?P<upper>{LEVEL})(?![A-Z\d])"
)
_METRES = re.compile(r"\d ?M(?:ETRES|ETERS)?\b")
_GROUND = re.compile(r"\b(?:AGL|\d ?(?:FT|M)[ /]*(?:SFC|GND))\b")
Limit = tuple[int | None]
"""A height in feet; ``None`` for unlimited. In a tuple of its own, since the limit itself may be missing."""


def level(sheet: Sheet, start: int, end: int, *, upper: bool) -> Limit | None:
    """Read the item that holds nothing but a height; what is no height goes to the unread parts."""
    printed = sheet.plain[start:end].strip(" \n.,;")
    if not printed:
        return None
    match = _LEVEL.fullmatch(" ".join(printed.split()))
    if match is None:
        sheet.miss(start, end, EXPECTED)
        return None
    return feet(sheet, match[0], upper=upper)


def pair(sheet: Sheet, start: int, end: int) -> tuple[Limit, Limit, int, int] | None:
    """Find the first two heights joined by a dash, a slash or TO; with the place where they stand."""
    match = _PAIR.search(sheet.flat, start, end)
    if match is None:
        return None
    lower, upper = feet(sheet, match["lower"], upper=False), feet(sheet, match["upper"], upper=True)
    return lower, upper, match.start(), match.end()


def feet(sheet: Sheet, printed: str, *, upper: bool) -> Limit:
    """Give a printed height in feet; a height over the ground is told as one over the sea, and that is said."""
    if printed.startswith("UNL"):
        return (None,)
    digits = "".join(sign for sign in printed if sign.isdigit())
    if not digits:
        return (0,)
    value = float(digits)
    if printed.startswith("FL"):
        return (int(value) * 100,) if not (upper and digits == "999") else (None,)
    if _GROUND.search(printed):
        sheet.assume(f"{printed} is over the ground: taken as over the sea, since the ground's height is not said")
    return (round(value * _FEET_PER_METRE) if _METRES.search(printed) else int(value),)
