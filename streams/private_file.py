"""A small file that only its owner can read: kept whole, changed as one step, read again once it changed.

For hashes of secrets, and who they belong to. What such a file says is a struct, written as JSON.
"""

import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

LONGEST = 4_194_304
"""Bytes of a file, at most."""
PRIVATE = "a file that only its owner can read (chmod 600)"
"""What is expected of a file with secrets, in words."""
T = TypeVar("T", bound=msgspec.Struct)


class PrivateFileError(Exception):
    """The file cannot be used. The message names it and what was expected."""


def open_to_others(found: os.stat_result) -> int | None:
    """The mode of a file that others than its owner may read, write or run; ``None`` where they may do nothing with it."""
    mode = stat.S_IMODE(found.st_mode)
    return mode if mode & 0o077 else None


def read(path: Path, kind: type[T]) -> T:
    """What the file says; an empty ``kind`` where there is none.

    Raises:
        PrivateFileError: when it cannot be read, is none, or can be read by others.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return kind()
    except OSError as error:
        raise PrivateFileError(f"{path}: {error.strerror}") from error
    with file:
        mode = open_to_others(os.fstat(file.fileno()))
        if mode is not None:
            raise PrivateFileError(f"{path}: expected {PRIVATE}, got mode {mode:o}")
        data = file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise PrivateFileError(f"{path}: expected at most {LONGEST} bytes")
    return _decoded(path, data, kind)


def _decoded(path: Path, data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PrivateFileError(f"{path}: {error}") from None


def change(path: Path, kind: type[T], make: Callable[[T], T]) -> T:
    """Change the file as one step, whoever else changes it at the same time; what it says then.

    Raises:
        PrivateFileError: when it cannot be read or written, or could not be read again: it would hold too much, say.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            data = msgspec.json.encode(make(read(path, kind)))
            made = _decoded(path, data, kind)
            _replace(path, msgspec.json.format(data, indent=2) + b"\n")
    except OSError as error:
        raise PrivateFileError(f"{path}: {error.strerror}") from error
    return made


class Watched(Generic[T]):
    """The file of a running service: looked at whenever asked, and read again once it changed.

    Where it can be used no more that is an error at each look: it may have been changed to keep somebody out.
    """

    def __init__(self, path: Path, kind: type[T]) -> None:
        """Read the file.

        Raises:
            PrivateFileError: when it cannot be used.
        """
        self._path = path
        self._kind = kind
        self._seen: tuple[int, int, int] | None = None
        self.last: T = kind()
        """What it said when it could last be used."""
        self._trouble: str | None = None
        self.kept()

    def kept(self) -> T:
        """What it says now.

        Raises:
            PrivateFileError: when it cannot be used.
        """
        self._look()
        if self._trouble is not None:
            raise PrivateFileError(self._trouble)
        return self.last

    def _look(self) -> None:
        try:
            told = self._path.stat()
            now = (told.st_mtime_ns, told.st_size, told.st_ino)
        except FileNotFoundError:
            now = (0, 0, 0)
        except OSError as error:
            self._trouble, self._seen = f"{self._path}: {error.strerror}", None
            return
        if now == self._seen:
            return
        try:
            self.last = read(self._path, self._kind)
        except PrivateFileError as error:
            # Mended permissions do not show in what was looked at.
            self._trouble, self._seen = str(error), None
            return
        self._seen, self._trouble = now, None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    """Put new content in place at once, on disk, readable by its owner alone from the first moment."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
