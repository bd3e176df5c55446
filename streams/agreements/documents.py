"""From the bytes of a TOML file to its tables, or to the one reason why it has none."""

import re
from typing import Any, NamedTuple

from streams import toml
from streams.agreements.problems import Problem

_PLACE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


class Document(NamedTuple):
    """A TOML file: its text, and what stands in it."""

    text: str
    tables: dict[str, Any]


class UnparsedError(ValueError):
    """A file that is no TOML; ``problem`` says why, and on which line."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def parsed(name: str, content: bytes, most: int) -> Document:
    """Read a TOML file of at most ``most`` bytes, in UTF-8.

    Args:
        name: What to call it in problems.
        content: Its bytes.
        most: More bytes than that are not looked at.

    Raises:
        UnparsedError: when it is longer, or no TOML.
    """
    if len(content) > most:
        raise UnparsedError(Problem(name, 1, "", f"expected at most {most} bytes, got more"))
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnparsedError(Problem(name, line, "", f"expected UTF-8, got byte 0x{content[error.start]:02x}")) from None
    try:
        return Document(text, toml.loads(text))
    except ValueError as error:
        where = _PLACE.search(str(error))
        line = 1 if where is None else int(where[1]) if where[1] else max(1, len(text.splitlines()))
        raise UnparsedError(Problem(name, line, "", f"expected TOML, got: {error}")) from None
