"""What must be kept, and whether it was."""

from typing import Literal

How = Literal["more than", "at least", "less than", "at most"]


def kept(what: str, value: float, how: How, bar: float) -> str:
    """One line of the results."""
    held = {"more than": value > bar, "at least": value >= bar, "less than": value < bar, "at most": value <= bar}[how]
    return f"- {what}: {value:,.0f}, asked for {how} {bar:,.0f}: {'kept' if held else '**missed**'}."
