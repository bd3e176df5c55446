"""In which layout a state in cells was written: one of another would be misread, and lead to a wrong judgement. Pure."""

from collections.abc import Mapping

LAYOUT_CELL = "layout"
"""The cell that says it."""


class LayoutError(ValueError):
    """A state that another version wrote, and this one would misread."""


def refuse_other(cells: Mapping[str, bytes], layout: int) -> None:
    """Refuse a state that was written in another layout than this, before anything of it is read.

    Args:
        cells: The state; where there are none, nothing was written, and there is nothing to refuse.
        layout: The layout that can be read.

    Raises:
        LayoutError: when it was written in another one.
    """
    written = cells.get(LAYOUT_CELL, b"0").decode("ascii", "replace")
    if cells and written != str(layout):
        raise LayoutError(
            f"expected a state of layout {layout}, got one of layout {written}: another version of Steadyline wrote it;"
            " run that one, or see in docs/operating.md how to begin anew"
        )
