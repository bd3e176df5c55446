"""Reads recordings: JSON Lines, plain or gzip, from a file, a directory or standard input, in bounded memory.

A recording is read in batches of whole lines, so that the loop over a million of them spends its time on the events. What
cannot be handed on as a line comes as what it is: ``Unread`` for one line, ``Broken`` for the rest of a file.
"""

import io
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from streams.events.decode import MAX_BYTES

CHUNK = 131_072
"""Bytes read at a time; a batch holds at most this much and one line."""
KEPT = 4_096
"""How much of an over-long line is kept as evidence, in bytes."""

DEAD = ".dead.jsonl"
"""How the name of a file ends that holds what a recording could not take in: it stands beside it and is no recording."""
_ASIDE = (DEAD, f"{DEAD}.gz")
_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Lines(NamedTuple):
    """Consecutive lines of one place, without their newlines; blank ones are still among them.

    Attributes:
        place: The file, as it was named.
        first: Number of the first line, from 1.
        lines: The lines.
        read: Bytes taken from storage so far, over all files: how far along the reading is.
    """

    place: str
    first: int
    lines: list[bytes]
    read: int


class Unread(NamedTuple):
    """One line that was too long to be held; ``head`` is how it begins."""

    place: str
    line: int
    head: bytes
    reason: str


class Broken(NamedTuple):
    """From ``line`` on, nothing more can be read of this place."""

    place: str
    line: int
    reason: str


Batch = Lines | Unread | Broken


class Source(Protocol):
    """Whatever can be replayed."""

    @property
    def size(self) -> int | None:
        """How many bytes there are to read, where that is known."""

    def batches(self) -> Iterator[Batch]:
        """All lines in order. May be called again, and then gives the same lines."""


def named(path: Path | str) -> str:
    """A file's name as text that fits into JSON and a log: bytes of it that are no UTF-8 are spelled out."""
    return str(path).encode(errors="backslashreplace").decode()


class NoRecordingError(ValueError):
    """There is nothing to read under this name."""


class Recording:
    """One or more files, read one after the other."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)

    @classmethod
    def at(cls, path: Path) -> "Recording":
        """The file at ``path``, or all ``*.jsonl`` and ``*.jsonl.gz`` of the directory, in the order of their names.

        What was kept aside of a recording (``*.dead.jsonl``) is none.

        Raises:
            NoRecordingError: when there is no such file, or the directory holds no recording.
        """
        if not path.is_dir():
            if not path.exists():
                raise NoRecordingError(f"{path}: no such file or directory")
            return cls([path])
        paths = sorted(
            found
            for pattern in ("*.jsonl", "*.jsonl.gz")
            for found in path.glob(pattern)
            if found.is_file() and not found.name.endswith(_ASIDE)
        )
        if not paths:
            raise NoRecordingError(f"{path}: expected *.jsonl or *.jsonl.gz files in this directory, found none")
        return cls(paths)

    @property
    def size(self) -> int | None:
        """Bytes in storage, compressed where the files are; ``None`` for a pipe."""
        total = 0
        for path in self.paths:
            if not path.is_file():
                return None
            total += path.stat().st_size
        return total

    def batches(self) -> Iterator[Batch]:
        """All lines of all files. A file that cannot be read (on) is ``Broken``, and the next one follows."""
        before = 0
        for path in self.paths:
            counter = _Counter(before)
            try:
                file = path.open("rb", buffering=0)
            except OSError as error:
                yield Broken(named(path), 1, error.strerror or str(error))
                continue
            with file:
                yield from _read(named(path), counter.counting(file.read), counter)
            before = counter.total


class Spool:
    """A stream that can be read only once, such as standard input; kept in a temporary file when it is to be read again."""

    size: int | None = None

    def __init__(self, stream: IO[bytes], *, place: str = "-", keep: bool = False) -> None:
        self._stream = stream
        self._place = place
        self._kept: IO[bytes] | None = None
        self._keep = keep

    def batches(self) -> Iterator[Batch]:
        """All lines of the stream; a second time only where it is kept."""
        counter = _Counter(0)
        if self._kept is not None:
            self._kept.seek(0)
            yield from _read(self._place, counter.counting(self._kept.read), counter)
            return
        # ``read1`` hands on what a pipe already has instead of waiting for a whole chunk.
        read: Callable[[int], bytes | None] = (
            self._stream.read1 if isinstance(self._stream, io.BufferedIOBase) else self._stream.read
        )
        if self._keep:
            self._kept = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object does
            weakref.finalize(self, self._kept.close)
            read = _copying(read, self._kept)
        yield from _read(self._place, counter.counting(read), counter)


class _Counter:
    """Counts the bytes that pass."""

    def __init__(self, total: int) -> None:
        self.total = total

    def counting(self, read: Callable[[int], bytes | None]) -> Callable[[int], bytes]:
        def counted(size: int) -> bytes:
            data = read(size) or b""
            self.total += len(data)
            return data

        return counted


def _copying(read: Callable[[int], bytes | None], copy: IO[bytes]) -> Callable[[int], bytes | None]:
    def copied(size: int) -> bytes | None:
        data = read(size)
        if data:
            copy.write(data)
        return data

    return copied


def _read(place: str, read: Callable[[int], bytes], counter: _Counter) -> Iterator[Batch]:
    """Split what ``read`` gives into lines, unpacking it first where it begins like gzip."""
    line = 1
    try:
        for batch in _split(place, _unpacked(read), counter):
            line = batch.first + len(batch.lines) if isinstance(batch, Lines) else batch.line + 1
            yield batch
    except EOFError:
        yield Broken(place, line, "the gzip stream ends before its end: the file was cut off")
    except zlib.error as error:
        yield Broken(place, line, f"the gzip stream is damaged: {error}")
    except OSError as error:
        yield Broken(place, line, error.strerror or str(error))


def _unpacked(read: Callable[[int], bytes]) -> Iterator[bytes]:
    head = read(CHUNK)
    while head and len(head) < len(_BYTE_ORDER_MARK) and (more := read(CHUNK)):
        head += more
    plain = _chunks(head, read)
    chunks = _gunzipped(plain) if head.startswith(_GZIP) else plain
    for first in chunks:
        yield first.removeprefix(_BYTE_ORDER_MARK)
        break
    yield from chunks


def _chunks(head: bytes, read: Callable[[int], bytes]) -> Iterator[bytes]:
    while head:
        yield head
        head = read(CHUNK)


def _gunzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack one or more gzip members, at most ``CHUNK`` bytes at a time, however far they would blow up.

    Raises:
        EOFError: when the last member is cut off.
        zlib.error: when the data is no gzip, or damaged.
    """
    member = zlib.decompressobj(wbits=31)
    started = False
    for packed in chunks:
        data = packed
        while data:
            if member.eof:
                # Zeros may pad the space between and after members.
                data = data.lstrip(b"\0")
                if not data:
                    break
                member, started = zlib.decompressobj(wbits=31), False
            plain = member.decompress(data, CHUNK)
            started = True
            while plain:
                yield plain
                # A full piece may leave more behind even where all the input is used up.
                plain = member.decompress(member.unconsumed_tail, CHUNK) if len(plain) == CHUNK else b""
            data = member.unused_data if member.eof else member.unconsumed_tail
    if started and not member.eof:
        raise EOFError


def _split(place: str, chunks: Iterator[bytes], counter: _Counter) -> Iterator[Lines | Unread]:
    number = 1
    tail = b""
    for piece in chunks:
        chunk = piece
        if len(tail) > MAX_BYTES:
            # Within an over-long line: its end is looked for, and nothing of it is added to what is held.
            end = chunk.find(b"\n")
            if end < 0:
                continue
            yield _overlong(place, number, tail)
            number += 1
            tail, chunk = b"", chunk[end + 1 :]
        lines = (tail + chunk).split(b"\n")
        tail = lines.pop()
        if lines:
            yield Lines(place, number, lines, counter.total)
            number += len(lines)
    if len(tail) > MAX_BYTES:
        yield _overlong(place, number, tail)
    elif tail:
        yield Lines(place, number, [tail], counter.total)


def _overlong(place: str, number: int, head: bytes) -> Unread:
    reason = f"expected at most {MAX_BYTES} bytes on a line, got more; the first {KEPT} are kept"
    return Unread(place, number, head[:KEPT], reason)
