"""The files of a recording while it is made: there as a whole at the end, or not at all."""

import gzip
import io
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from streams.letters import DeadLetter, encode_letter
from streams.log.recording import DEAD

_LEVEL = 6
_BUFFER = 131_072


class RecordError(Exception):
    """The recording cannot be written. What stood in its place before stands there still."""


class Aside:
    """The file of what is no event."""

    def __init__(self, file: IO[bytes]) -> None:
        self.count = 0
        self._file = file

    def put(self, letter: DeadLetter) -> None:
        """Keep one."""
        self.count += 1
        self._file.write(encode_letter(letter) + b"\n")


class Files:
    """The recording and its companion while they are made, beside their place; they take it both together at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._packed = path.suffix == ".gz"

    def __enter__(self) -> Self:
        try:
            self._folder = tempfile.TemporaryDirectory(prefix=".steadyline-record-", dir=self._path.parent)
        except OSError as error:
            raise RecordError(f"{self._path}: {error.strerror or error}") from error
        self.folder = Path(self._folder.name)
        self.recording, self.aside = self.folder / "recording", self.folder / "aside"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._folder.cleanup()
        if isinstance(error, OSError | sqlite3.Error):
            raise RecordError(f"{self._path}: {getattr(error, 'strerror', None) or error}") from error

    @contextmanager
    def writing(self, *, aside: bool = False) -> Iterator[IO[bytes]]:
        """The file to write, packed where it is to be; on disk when this ends."""
        with (self.aside if aside else self.recording).open("wb") as file:
            if self._packed:
                # Without name and time: the same log gives the same bytes.
                with (
                    gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
                    # Each call of the packer's own has its price.
                    io.BufferedWriter(packed, _BUFFER) as buffer,
                ):
                    yield buffer
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())

    def finish(self, *, letters: int) -> Path | None:
        """Put both in their places; where there are no dead letters, none of an earlier recording stay there either."""
        name = self._path.name.removesuffix(".gz").removesuffix(".jsonl") + DEAD + (".gz" if self._packed else "")
        place = self._path.with_name(name)
        if letters:
            self.aside.replace(place)
        else:
            place.unlink(missing_ok=True)
        self.recording.replace(self._path)
        return place if letters else None
