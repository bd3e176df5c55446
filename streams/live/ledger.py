"""What a changelog says, record by record, where more than one worker may have written into it.

A partition number has one owner by Kafka's group protocol, and the broker does not hold an earlier owner back: one that was
cut off, and awake, repeats what it had under way as soon as it is connected again, and that lands behind records of the new
owner. Kafka would fence it with transactions; their marks take offsets of their own, and Faust waits for ever for a record
where one stands.

So each record says where it is meant to stand (``HEADER``), and counts only where it does. The log itself decides then: of
two writers who both go on from its end at offset n, one gets that place, and all that the other writes is meant for places
where it does not stand. The broker tells a writer where its records came to stand, so both find out with their next write:
the other one because it lost, the first because somebody stands in its way. They end themselves (``DisplacedError``), and
whoever is next reads the log, passes over what does not count, and writes once more whatever a record that does not count
might hide: compaction keeps the last record of a key, and does not ask which of them counts. Until then it keeps all of them,
for as long as ``KEPT_SECONDS``.

Records without such a header count wherever they stand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.live.cells import CellsError, Record, Recovered, place_of, recovered

HEADER = "at"
"""The header with the offset at which a record is meant to stand, in decimal digits."""
KEPT_SECONDS = 300
"""How long compaction leaves the records of a changelog alone."""
_DIGITS = 20
Headers = Iterable[tuple[str, bytes]] | Mapping[str, bytes] | None
NOTHING = -1
"""The offset before the first."""


class DisplacedError(Exception):
    """Somebody else writes into a changelog that is this worker's own; it must not write any more."""


class Found(NamedTuple):
    """A record of a changelog.

    Attributes:
        offset: Where it stands.
        key: Its key.
        value: Its value; ``None`` of a tombstone.
        meant: The offset at which it is meant to stand; ``None`` where it does not say.
    """

    offset: int
    key: bytes
    value: bytes | None
    meant: int | None


@dataclass(slots=True)
class _Page:
    """One changelog partition, as far as it was read or written.

    Attributes:
        last: The offset of the last record, whether it counts or not.
        kept: The last record of each key that counts.
        hidden: The keys whose last record does not count.
        counted: Whether any record counts.
    """

    last: int = NOTHING
    kept: dict[bytes, bytes] = field(default_factory=dict)
    hidden: set[bytes] = field(default_factory=set)
    counted: bool = False

    def keep(self, key: bytes, value: bytes | None) -> None:
        self.counted = True
        self.hidden.discard(key)
        if value is None:
            self.kept.pop(key, None)
        else:
            self.kept[key] = value


def stamp(offset: int) -> list[tuple[str, bytes]]:
    """The headers of a record that is meant to stand at ``offset``."""
    return [(HEADER, str(offset).encode())]


def meant(headers: Headers) -> int | None:
    """The offset at which a record with these headers is meant to stand; ``None`` where they do not say."""
    for name, value in headers.items() if isinstance(headers, Mapping) else headers or ():
        if name == HEADER:
            # What is no offset is meant for no place.
            return int(value) if value.isdigit() and len(value) < _DIGITS else NOTHING
    return None


class Ledger:
    """The changelog partitions that are read here."""

    def __init__(self) -> None:
        self._pages: dict[int, _Page] = {}

    @property
    def partitions(self) -> set[int]:
        """The partition numbers of which anything is known."""
        return set(self._pages)

    def last(self, partition: int) -> int:
        """The offset of the last record that was read or written; ``NOTHING`` where the log must be read from its beginning."""
        page = self._pages.get(partition)
        return NOTHING if page is None else page.last

    def begins(self, partition: int, offset: int) -> None:
        """Say where a log begins in which nothing was found to read."""
        self._pages[partition] = _Page(last=offset - 1)

    def read(self, partition: int, found: Found) -> None:
        """Take in the next record of the log."""
        page = self._page(partition)
        page.last = found.offset
        if found.meant is None or found.meant == found.offset:
            page.keep(found.key, found.value)
        else:
            page.hidden.add(found.key)

    def wrote(self, partition: int, records: Sequence[Record], offsets: Sequence[int]) -> None:
        """Take in the owner's own records, which are in the log at these offsets.

        Raises:
            DisplacedError: when they do not stand where they were meant to.
        """
        page = self._page(partition)
        for (key, value), offset in zip(records, offsets, strict=True):
            if offset != page.last + 1:
                raise DisplacedError(
                    f"partition {partition}: a record meant for offset {page.last + 1} of the changelog stands at {offset}:"
                    " another worker has written there; start again"
                )
            page.last = offset
            page.keep(key, value)

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget these partition numbers: they must be read again from the beginning."""
        for partition in partitions:
            self._pages.pop(partition, None)

    def state(self, partition: int) -> Recovered:
        """The state of a partition number. What a record that does not count may hide is unsettled, its parts of sets too.

        Raises:
            CellsError: when a record is none of a state, or none counts.
        """
        page = self._pages.get(partition) or _Page()
        if page.hidden and not page.counted:
            raise CellsError(
                f"partition {partition}: no record of the changelog stands at the offset for which it was written:"
                " it was copied from elsewhere, and is no state"
            )
        found = recovered([(_cell(partition, key), value) for key, value in page.kept.items()])
        if not page.hidden:
            return found
        for key in page.hidden:
            cell = _cell(partition, key)
            found.unsettled.setdefault(cell, found.cells.get(cell, page.kept.get(key)))
        if found.cells and all(value is None for value in found.unsettled.values()):
            # A tombstone must not be the last record of the log.
            cell = min(found.cells)
            found.unsettled[cell] = found.cells[cell]
        return found

    def _page(self, partition: int) -> _Page:
        return self._pages.setdefault(partition, _Page())


def _cell(partition: int, key: bytes) -> str:
    number, cell = place_of(key)
    if number != partition:
        raise CellsError(f"expected cells of partition {partition} in its changelog, got {key!r}")
    return cell
