"""The output of a command as an SVG picture, drawn by the program itself."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.terminal_theme import MONOKAI

# Rich names a font on somebody else's server; a picture in a repository ought to need nobody's.
_REMOTE_FONTS = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)


def draw(renderables: Sequence[RenderableType], path: Path, *, title: str, width: int) -> None:
    """Write what ``renderables`` print to ``path``; the same output gives the same bytes.

    Args:
        renderables: What the command prints.
        path: The file to write.
        title: The caption of the window.
        width: Columns of the picture.

    Raises:
        OSError: when the file cannot be written.
    """
    console = Console(
        file=io.StringIO(),
        record=True,
        width=width,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        emoji=False,
        markup=False,
        no_color=False,
    )
    for renderable in renderables:
        console.print(renderable)
    svg = console.export_svg(title=title, theme=MONOKAI, unique_id="steadyline")
    path.write_text(_REMOTE_FONTS.sub("", svg), encoding="utf-8")
