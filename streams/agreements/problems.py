"""What is wrong with agreement files, told so that somebody can mend them: file, line, field, expected and got."""

from typing import NamedTuple

Place = tuple[str | int, ...]
"""The way to a field of a document: ``("obligations", 2, "lead")``; empty for the whole document."""


def field_named(place: Place) -> str:
    """The place as people write it: ``obligations[2].lead``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


class Problem(NamedTuple):
    """One thing to mend.

    Attributes:
        file: The file's name.
        line: Its line, counted from 1; none where an agreement did not come from a file.
        field: The field; empty where the whole file is meant.
        message: What was expected and what was got.
    """

    file: str
    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (where, self.field, self.message) if part)


class AgreementError(ValueError):
    """Agreement files that cannot be used; ``problems`` has every reason at once, one line of the message each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
