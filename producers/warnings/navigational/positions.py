"""Positions as they stand in navigational warnings: ``23-45.00N 120-12.00E``, with minutes or seconds, hyphens or spaces."""

import re
from functools import lru_cache

_NUMBERS = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
LIKE_THIS = "a position such as 23-45.00N 120-12.00E"


@lru_cache(maxsize=4096)
def half(word: str) -> tuple[float, bool, int] | None:
    """Half a position: signed degrees, whether it is a latitude, and of how many numbers it is made; ``None`` if impossible.

    Degrees are rounded to six decimals, about a decimetre.
    """
    numbers = _NUMBERS.findall(word)
    values = [float(number) for number in numbers]
    # Only the last number may have decimals: 23.5-30N is neither.
    if any("." in number for number in numbers[:-1]) or any(value >= 60 for value in values[1:]):
        return None
    degrees = sum(value / 60**place for place, value in enumerate(values))
    hemisphere = word[-1]
    latitude = hemisphere in "NS"
    if degrees > (90 if latitude else 180):
        return None
    return round(-degrees if hemisphere in "SW" else degrees, 6), latitude, len(values)
