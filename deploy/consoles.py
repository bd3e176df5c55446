"""Where words go: data to standard output, messages and progress to standard error.

Text from events is hostile: it goes through ``safe``, so that it can neither move the cursor nor dress itself up.
"""

import json
import os
import sys
import unicodedata

from rich.console import Console
from rich.text import Text

WIDE = 132
"""Columns assumed where output is no terminal and nothing says how wide it is."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(text: str) -> str:
    r"""The text with every character that is not seen spelled out: ``\x1b``, ``\u202e``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(char) if _is_unseen(char) else char for char in text)


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN


def _spelled(char: str) -> str:
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def words(text: str, style: str = "") -> Text:
    """Hostile text, ready to print: made visible, and never read as markup."""
    return Text(safe(text), style=style)


def out() -> Console:
    """The console for data. Made afresh for each command, so that it writes to whatever standard output is then."""
    return Console(
        file=sys.stdout, width=_width(sys.stdout.isatty()), highlight=False, markup=False, emoji=False, soft_wrap=False
    )


def err() -> Console:
    """The console for messages and progress."""
    return Console(file=sys.stderr, width=_width(sys.stderr.isatty()), highlight=False, markup=False, emoji=False)


def complain(message: str) -> None:
    """Print one message to standard error."""
    err().print(Text("steadyline: ", style="bold red").append(safe(message), style="not bold default"), soft_wrap=True)


def note(message: str) -> None:
    """Print one remark to standard error."""
    err().print(words(message, "dim"), soft_wrap=True)


def show_once(secret: str, what: str) -> None:
    """Print a secret of which only the hash is kept, and say beside it that this was the only time."""
    out().print(words(secret), soft_wrap=True)
    note(f"{what}; it is kept nowhere, and cannot be shown again")


def emit(line: bytes) -> None:
    """Write one line of JSON to standard output; what is not seen is written as JSON's own escapes."""
    if not line.isascii():
        # JSON escapes only the controls of ASCII; others move cursors and end lines too (U+009B, U+2028).
        text = line.decode()
        line = "".join(json.dumps(char)[1:-1] if not char.isascii() and _is_unseen(char) else char for char in text).encode()
    sys.stdout.buffer.write(line + b"\n")


def _width(terminal: bool) -> int | None:
    if terminal:
        return None
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) > 0 else WIDE
