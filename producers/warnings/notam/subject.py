"""What endangers: by the words of item E, and by the Q code where these say nothing.

The code ``WM`` means "missile, gun or rocket firing" (ICAO Doc 8126, NOTAM selection criteria). It does not tell which; most
of what it stands for are ranges in daily use: so alone it is gunnery, never a launch, and the reading says so.
"""

from producers.warnings.kinds import kind_of
from producers.warnings.notam.sheet import Sheet
from producers.warnings.reading import Kind

_FIRING = "WM"
_AIRSPACE = ("R", "W")
"""Subjects of Q codes that a launch may hide behind: restrictions of airspace, and warnings."""


def kind(sheet: Sheet, words: str, code: str | None) -> tuple[Kind, bool]:
    """Tell the kind by the words, else by the Q code, and whether it was told at all where something may be launched."""
    told = kind_of(words)
    if code is None or code[1:3] != _FIRING:
        return told or "other", told is not None or (code is not None and code[1] not in _AIRSPACE)
    if told is None or told == "other":
        sheet.assume(f"{code} stands for missile, gun or rocket firing and the text does not say which: taken as gunnery")
        return "gunnery", False
    return told, True
