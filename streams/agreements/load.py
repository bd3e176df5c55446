"""Agreements from files: those shipped with Steadyline, and those of a directory laid over them."""

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from streams.agreements import check
from streams.agreements.model import Agreement
from streams.agreements.problems import AgreementError, Problem, field_named
from streams.agreements.read import MAX_BYTES, Text, read

__all__ = ["MAX_BYTES", "AgreementError", "Problem", "load_builtin", "load_directory", "load_file", "overlay"]


def load_file(path: Path, base: Sequence[Agreement] | None = None) -> Agreement:
    """Read one agreement file.

    Args:
        path: The file; its name is the agreement's id and ``.toml``.
        base: The agreements whose channels and feeds it may name, and with whose ids it must not clash; those shipped
            with Steadyline when left out. One of the same id is replaced by the file's.

    Raises:
        AgreementError: with every problem found, each with file, line and field.
        OSError: when the file cannot be read.
    """
    return _fitted((_read(path),), base)[0]


def load_directory(path: Path, base: Sequence[Agreement] | None = None) -> tuple[Agreement, ...]:
    """Read all ``*.toml`` files of a directory, sorted by id; directories within it are not searched.

    Args:
        path: The directory.
        base: As for ``load_file``. It is not part of the result: ``overlay`` puts the two together.

    Raises:
        AgreementError: with every problem found in any of the files, each with file, line and field.
        OSError: when the directory or a file cannot be read.
    """
    return _fitted(_read_all(path), base)


@lru_cache(maxsize=1)
def load_builtin() -> tuple[Agreement, ...]:
    """The agreements shipped with Steadyline, sorted by id.

    Raises:
        AgreementError: when they were changed in place and are wrong now.
    """
    return _fitted(_read_all(resources.files("streams.agreements")), ())


def overlay(base: Sequence[Agreement], others: Sequence[Agreement]) -> tuple[Agreement, ...]:
    """The agreements of both, sorted by id; of two with the same id the one of ``others``.

    Raises:
        AgreementError: when they do not fit together: an id used twice, or a channel or feed that is gone.
    """
    chosen = {agreement.id: agreement for agreement in (*base, *others)}
    result = tuple(chosen[name] for name in sorted(chosen))
    problems = tuple(_unlocated(result[index], fault) for index, fault in check.set_faults(result))
    if problems:
        raise AgreementError(problems)
    return result


def _read_all(directory: Path | Traversable) -> tuple[Text, ...]:
    names = sorted((file for file in directory.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple(_read(file) for file in names if file.is_file())


def _read(file: Path | Traversable) -> Text:
    with file.open("rb") as stream:
        return read(file.name, stream.read(MAX_BYTES + 1))


def _fitted(texts: Sequence[Text], base: Sequence[Agreement] | None) -> tuple[Agreement, ...]:
    """The agreements of the texts, once each is sound and they fit together and with those of ``base``."""
    problems = [problem for text in texts for problem in text.problems]
    sound = [(text, text.agreement) for text in texts if text.agreement is not None]
    own = {agreement.id for _, agreement in sound}
    others = [agreement for agreement in (load_builtin() if base is None else base) if agreement.id not in own]
    # A file with another fault still defines its channels; to miss them too would only hide what is to be mended.
    broken = frozenset[tuple[str, str]]().union(*(text.names for text in texts if text.agreement is None))
    # The base comes first: of two that use the same id, the newcomer is at fault.
    for index, fault in check.set_faults([*others, *(agreement for _, agreement in sound)], broken):
        if index < len(others):
            problems.append(_unlocated(others[index], fault))
        else:
            problems.append(sound[index - len(others)][0].located(fault))
    if problems:
        raise AgreementError(tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0))))
    return tuple(sorted((agreement for _, agreement in sound), key=lambda agreement: agreement.id))


def _unlocated(agreement: Agreement, fault: check.Fault) -> Problem:
    return Problem(f"{agreement.id}.toml", None, field_named(fault.place), fault.message)
