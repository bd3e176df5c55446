"""What the commands of Grafana put into a folder."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from deploy.consoles import emit, out, words
from deploy.exits import bad_input


def write_or_leave(folder: Path, texts: Mapping[str, str], *, as_json: bool) -> None:
    """Write files, by their names within the folder, and print each name; leaves with 3 where one cannot be written."""
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        bad_input(f"{error.filename}: {error.strerror}")
    for name in texts:
        if as_json:
            emit(msgspec.json.encode({"file": name}))
        else:
            out().print(words(name), soft_wrap=True)
