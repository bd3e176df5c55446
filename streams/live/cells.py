"""The state of a partition number as records of a changelog: written so that every beginning of the log is a state.

The watch of a partition number hands out its state in cells, by name, and after each batch those that changed. All of them
together are a state; a part of them is none. Kafka takes records one by one, and a worker can die between any two. So a batch
is written ahead:

1. first its whole change set, under the name ``batch/N``, cut into as many parts as the size of a record demands, each with
   the number of the set (one more than that of the last), its place and how many parts there are;
2. then the changed cells themselves, under their own names; those that are gone as tombstones, and these first, for the last
   record of a changelog partition must never be one that compaction may take away (Faust would wait for it for ever).

The records of a partition stay in the order in which they were sent (one idempotent producer, which has one request for a
partition in flight and repeats it in its place), and the next batch is sent only once this one is acknowledged. Who reads
the log keeps the last record of each key, as compaction does, and overlays the cells with the last set that is complete:

- it ends within the parts of set n: that set is not complete, and where its parts have overwritten some of set n - 1, that
  one is neither; but the cells of n - 1 were all written before. The state is that after n - 1.
- it ends behind the parts of set n: all that the cells lack of it is in the set. The state is that after n.

Whoever goes on from a log that ended within the cells of a set writes those cells once more before anything else
(``Recovered.unsettled``): the next set takes the set's place, and nobody else would know them then.

A partition number has one owner by Kafka's group protocol. A worker that was asleep for longer than its session (a stopped
machine) might wake up and write still: it looks at its own pulse before it writes (see ``lanes``) and again as each request
goes out (see ``outputs``), and ends itself where that was too long ago. What gets into the log nonetheless, from there or
from a worker that was cut off and awake, does not count (see ``ledger``).
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

PART_BYTES = 900_000
"""How much of a change set goes into one record: brokers take a megabyte by default."""
CELL_BYTES = 4_000_000
"""The largest cell; the changelog is created so that it takes records of this size."""
_BATCH = "batch/"
Changes = Mapping[str, bytes | None]
"""Cells by name; ``None`` for one that is gone."""
Record = tuple[bytes, bytes | None]
"""Key and value of a record of the changelog."""


class CellsError(ValueError):
    """A change set that cannot be written, or records that are none."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One part of a change set.

    Attributes:
        sequence: The number of the set.
        part: The place of this part, from 0.
        parts: How many there are.
        data: This part of the set's bytes.
    """

    sequence: int
    part: int
    parts: int
    data: bytes


class Recovered(NamedTuple):
    """The state that records of a changelog hold.

    Attributes:
        cells: The cells, by name.
        sequence: The number of the last set of which anything is there; 0 without one.
        unsettled: Changes of the last set that the cells' own records lack.
    """

    cells: dict[str, bytes]
    sequence: int
    unsettled: dict[str, bytes | None]


_encode = msgspec.msgpack.Encoder().encode
_set = msgspec.msgpack.Decoder(dict[str, bytes | None]).decode
_part = msgspec.msgpack.Decoder(Part).decode


def key(partition: int, cell: str) -> bytes:
    """The key of a cell's records."""
    return f"{partition}/{cell}".encode()


def place_of(record: bytes) -> tuple[int, str]:
    """The partition number and the name of the cell that a key stands for.

    Raises:
        CellsError: when it is no key of a cell.
    """
    number, separator, cell = record.decode("utf-8", "replace").partition("/")
    if not separator or not number.isdigit() or not cell:
        raise CellsError(f"expected a key PARTITION/CELL in the changelog, got {record!r}")
    return int(number), cell


def settled(partition: int, changes: Changes) -> list[Record]:
    """The cells' own records, tombstones first.

    Raises:
        CellsError: when a cell is too large for a record.
    """
    for cell, value in changes.items():
        if value is not None and len(value) > CELL_BYTES:
            raise CellsError(f"expected at most {CELL_BYTES} bytes, and cell {cell} of partition {partition} has {len(value)}")
    return [(key(partition, cell), value) for cell, value in sorted(changes.items(), key=lambda item: item[1] is not None)]


def written(partition: int, sequence: int, changes: Changes) -> list[Record]:
    """All records of a change set, in the order in which they must be written.

    Args:
        partition: The partition number whose state it is.
        sequence: The number of the set: one more than that of the last.
        changes: The cells that changed.

    Raises:
        CellsError: when a cell is too large, or has the name of a part.
    """
    for cell in changes:
        if cell.startswith(_BATCH):
            raise CellsError(f"no cell may be called {cell}: {_BATCH} is for change sets")
    whole = _encode(changes)
    cut = [whole[start : start + PART_BYTES] for start in range(0, len(whole), PART_BYTES)]
    parts = [
        (key(partition, f"{_BATCH}{number}"), _encode(Part(sequence, number, len(cut), data)))
        for number, data in enumerate(cut)
    ]
    return [*parts, *settled(partition, changes)]


def recovered(records: Iterable[tuple[str, bytes]]) -> Recovered:
    """The state that the last records of each cell hold, by the cell's name.

    Raises:
        CellsError: when a part of a change set is none.
    """
    cells: dict[str, bytes] = {}
    parts: list[Part] = []
    for cell, value in records:
        if not cell.startswith(_BATCH):
            cells[cell] = value
            continue
        try:
            parts.append(_part(value))
        except msgspec.DecodeError as error:
            raise CellsError(f"{cell} is no part of a change set: {error}") from None
    if not parts:
        return Recovered(cells, 0, {})
    last = max(part.sequence for part in parts)
    found = sorted((part for part in parts if part.sequence == last), key=lambda part: part.part)
    unsettled: dict[str, bytes | None] = {}
    if len(found) == found[0].parts:
        for cell, change in _set(b"".join(part.data for part in found)).items():
            if cells.get(cell) == change:
                continue
            unsettled[cell] = change
            if change is None:
                del cells[cell]
            else:
                cells[cell] = change
    return Recovered(cells, last, unsettled)
