"""Which agreements a command judges by: those that come with the product, and the user's own over them."""

from collections.abc import Sequence
from pathlib import Path

from streams.agreements.load import load_builtin, load_directory, load_file, overlay
from streams.agreements.model import Agreement


def agreements_of(rules: Path | None) -> Sequence[Agreement]:
    """The built-in agreements, with those of a file or of all files of a directory over them.

    Raises:
        AgreementError: when a file cannot be used; the message names file, line and field.
        OSError: when it cannot be read.
    """
    base = load_builtin()
    if rules is None:
        return base
    return overlay(base, load_directory(rules) if rules.is_dir() else (load_file(rules),))
