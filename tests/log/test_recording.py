"""Reading recordings: plain, gzip, streams, directories, and whatever is wrong with them."""

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest

from streams.events.decode import MAX_BYTES
from streams.log.recording import CHUNK, KEPT, Broken, Lines, NoRecordingError, Recording, Source, Spool, Unread


def read(source: Source) -> tuple[list[tuple[str, int, bytes]], list[Unread | Broken]]:
    """All lines with their places, and everything that was no line."""
    lines: list[tuple[str, int, bytes]] = []
    rest: list[Unread | Broken] = []
    for batch in source.batches():
        if isinstance(batch, Lines):
            lines.extend((batch.place, number, line) for number, line in enumerate(batch.lines, batch.first))
        else:
            rest.append(batch)
    return lines, rest


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(b"a\nb\n", [(1, b"a"), (2, b"b")], id="newline at the end"),
        pytest.param(b"a\nb", [(1, b"a"), (2, b"b")], id="no newline at the end"),
        pytest.param(b"a\n\n b", [(1, b"a"), (2, b""), (3, b" b")], id="a blank line is counted"),
        pytest.param(b"a\r\nb\r\n", [(1, b"a\r"), (2, b"b\r")], id="Windows line ends"),
        pytest.param(b"\xef\xbb\xbfa\nb", [(1, b"a"), (2, b"b")], id="byte order mark"),
        pytest.param(
            b"a\x0bb\x0c\xe2\x80\xa8c\nd", [(1, b"a\x0bb\x0c\xe2\x80\xa8c"), (2, b"d")], id="other line ends are text"
        ),
        pytest.param(b"\xff\xfe\n", [(1, b"\xff\xfe")], id="bytes that are no UTF-8 are handed on"),
    ],
)
@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "named-like-nothing"])
def test_it_numbers_the_lines_of_a_file(tmp_path: Path, name: str, data: bytes, expected: list[tuple[int, bytes]]) -> None:
    path = written(tmp_path / name, data)
    lines, rest = read(Recording.at(path))
    assert lines == [(str(path), number, line) for number, line in expected]
    assert rest == []


def test_lines_that_straddle_chunks_stay_whole(tmp_path: Path) -> None:
    wanted = [bytes([65 + number % 26]) * (number * 37 % 5_000) for number in range(400)]
    for name in ("r.jsonl", "r.jsonl.gz"):
        lines, rest = read(Recording.at(written(tmp_path / name, b"\n".join(wanted))))
        assert [line for _, _, line in lines] == wanted
        assert [number for _, number, _ in lines] == list(range(1, 401))
        assert rest == []


def test_gzip_is_known_by_its_content_and_may_have_members_and_padding(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(gzip.compress(b"a\nb\n") + gzip.compress(b"c\n") + b"\0" * 100)
    assert [line for _, _, line in read(Recording.at(path))[0]] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("length", [MAX_BYTES + 1, 3 * CHUNK, 10 * CHUNK])
@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_an_overlong_line_is_passed_over_and_the_next_is_read(tmp_path: Path, name: str, length: int) -> None:
    path = written(tmp_path / name, b"a\n" + b"x" * length + b"\nb\n" + b"y" * 10 * CHUNK)
    lines, rest = read(Recording.at(path))
    whole = [(number, line) for _, number, line in lines if len(line) <= MAX_BYTES]
    assert whole == [(1, b"a"), (3, b"b")]
    # What still fits into one chunk is handed on whole, for the decoder to refuse.
    longer = [(2, len(line)) for _, number, line in lines if number == 2]
    assert longer or rest[0] == Unread(str(path), 2, b"x" * KEPT, rest[0].reason)
    last = rest[-1]
    assert isinstance(last, Unread)
    assert (last.line, last.head) == (4, b"y" * KEPT)
    assert f"{MAX_BYTES} bytes" in last.reason


def test_a_gzip_bomb_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(64):
            file.write(b"\0" * (1 << 20))
        file.write(b"\na\n")
    tracemalloc.start()
    lines, rest = read(Recording.at(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(number, line) for _, number, line in lines] == [(2, b"a")]
    assert [type(each) for each in rest] == [Unread]
    assert peak < 8 * MAX_BYTES


def test_a_cut_gzip_gives_what_can_be_read_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    text = b"".join(b"%d %s\n" % (number, bytes((number * 7919 + each) % 251 for each in range(90))) for number in range(3_000))
    text = text.replace(b"\n", b" ").replace(b"  ", b"\n")
    packed = gzip.compress(text)
    path.write_bytes(packed[: len(packed) // 2])
    (tmp_path / "next.jsonl").write_bytes(b"z\n")
    lines, rest = read(Recording.at(tmp_path))
    kept = b"\n".join(line for place, _, line in lines if place == str(path))
    assert text.startswith(kept)
    assert len(rest) == 1
    assert isinstance(rest[0], Broken)
    assert "cut off" in rest[0].reason
    assert lines[-1] == (str(tmp_path / "next.jsonl"), 1, b"z"), "the next file is read all the same"


def test_a_damaged_gzip_says_so(tmp_path: Path) -> None:
    path = tmp_path / "damaged.jsonl.gz"
    packed = bytearray(gzip.compress(b"a\n" * 10_000))
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    _, rest = read(Recording.at(path))
    assert [type(each) for each in rest] == [Broken]
    assert "damaged" in rest[0].reason


def test_a_directory_is_its_recordings_in_the_order_of_their_names(tmp_path: Path) -> None:
    written(tmp_path / "b.jsonl", b"2\n")
    written(tmp_path / "a.jsonl.gz", b"1\n")
    written(tmp_path / "c.jsonl", b"3\n")
    written(tmp_path / "notes.txt", b"not a recording\n")
    (tmp_path / "d.jsonl").mkdir()
    lines, rest = read(Recording.at(tmp_path))
    assert [(Path(place).name, number, line) for place, number, line in lines] == [
        ("a.jsonl.gz", 1, b"1"),
        ("b.jsonl", 1, b"2"),
        ("c.jsonl", 1, b"3"),
    ]
    assert rest == []


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_nothing_to_read_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoRecordingError, match=r"no such file|found none"):
        Recording.at(tmp_path / name)


def test_a_file_that_is_gone_is_broken_and_the_next_is_read(tmp_path: Path) -> None:
    there = written(tmp_path / "there.jsonl", b"a\n")
    lines, rest = read(Recording([tmp_path / "gone.jsonl", there]))
    assert rest == [Broken(str(tmp_path / "gone.jsonl"), 1, "No such file or directory")]
    assert lines == [(str(there), 1, b"a")]


def test_the_size_and_what_was_read_tell_how_far_it_is(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl.gz"):
        written(tmp_path / name, b"line\n" * 50_000)
    recording = Recording.at(tmp_path)
    reached = [batch.read for batch in recording.batches() if isinstance(batch, Lines)]
    assert reached == sorted(reached)
    assert reached[-1] == recording.size


class Pipe(io.RawIOBase):
    """Hands on a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, at_a_time: int) -> None:
        self._data = io.BytesIO(data)
        self._at_a_time = at_a_time

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._at_a_time))


@pytest.mark.parametrize("at_a_time", [1, 2, 7])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_may_hand_on_a_few_bytes_at_a_time(at_a_time: int, pack: type[bytes]) -> None:
    lines, rest = read(Spool(Pipe(pack(b"alpha\nbeta\n"), at_a_time)))  # type: ignore[arg-type]
    assert lines == [("-", 1, b"alpha"), ("-", 2, b"beta")]
    assert rest == []


def test_a_kept_stream_can_be_read_again() -> None:
    spool = Spool(io.BytesIO(gzip.compress(b"alpha\nbeta\n")), keep=True)
    first = read(spool)
    assert first[0]
    assert read(spool) == first


def test_a_stream_that_fails_is_broken() -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    _, rest = read(Spool(Failing()))  # type: ignore[arg-type]
    assert rest == [Broken("-", 1, "Input/output error")]
