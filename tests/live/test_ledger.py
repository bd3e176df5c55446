"""Two who write into one changelog: what counts is decided by the log alone, and nothing that counts is lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.live import cells
from streams.live.cells import CellsError, Record, place_of, settled, written
from streams.live.ledger import NOTHING, DisplacedError, Found, Ledger, meant, stamp

NAMES = st.sampled_from(["clock", "sequence", "a/b", "7"])
VALUES = st.binary(max_size=40)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts so small that most change sets need several."""
    monkeypatch.setattr(cells, "PART_BYTES", 16)


@dataclass
class Broker:
    """A model of a changelog partition: what was written, where it came to stand, and what compaction left of it."""

    log: list[Found] = field(default_factory=list)
    end: int = 0

    def append(self, records: Sequence[Record], at: int | None) -> list[int]:
        offsets = []
        for number, (key, value) in enumerate(records):
            offsets.append(self.end)
            self.log.append(Found(self.end, key, value, None if at is None else at + number))
            self.end += 1
        return offsets

    def compact(self) -> None:
        """Keep the last record of each key, and no tombstone but as the last of all."""
        last = {found.key: found for found in self.log}
        self.log = [
            found
            for found in self.log
            if last[found.key] is found and (found.value is not None or found.offset == self.end - 1)
        ]

    def read(self) -> Ledger:
        ledger = Ledger()
        for found in self.log:
            ledger.read(3, found)
        return ledger


class Owner:
    """Who reads a state, settles it, and writes batches of its own."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._ledger = broker.read()
        state = self._ledger.state(3)
        self.cells = dict(state.cells)
        self._sequence = state.sequence
        self._settling = settled(3, state.unsettled)

    def settle(self) -> None:
        self._write(self._settling)

    def batch(self, changes: dict[str, bytes | None]) -> list[Record]:
        self._sequence += 1
        return written(3, self._sequence, changes)

    def write(self, changes: dict[str, bytes | None]) -> None:
        self._write(self.batch(changes))
        self.cells = {name: value for name, value in {**self.cells, **changes}.items() if value is not None}

    def late(self, changes: dict[str, bytes | None]) -> tuple[list[Record], int]:
        """Records that lie here while it is cut off, and the offset for which they are meant."""
        return self.batch(changes), self._ledger.last(3) + 1

    def _write(self, records: list[Record]) -> None:
        self._ledger.wrote(3, records, self._broker.append(records, self._ledger.last(3) + 1))


def begun(batches: Sequence[dict[str, bytes | None]]) -> tuple[Broker, Owner]:
    """A changelog, and the owner who has written these batches."""
    broker = Broker()
    owner = Owner(broker)
    for changes in batches:
        owner.write(changes)
    return broker, owner


CHANGES = st.dictionaries(NAMES, st.none() | VALUES, max_size=4).map(lambda some: {**some, "at": b"there"})


@given(
    before=st.lists(CHANGES, min_size=1, max_size=3),
    after=st.lists(CHANGES, max_size=3),
    late=CHANGES,
    cut=st.integers(0, 30),
    compacts=st.booleans(),
)
def test_what_a_cut_off_owner_writes_late_does_not_count(
    before: list[dict[str, bytes | None]],
    after: list[dict[str, bytes | None]],
    late: dict[str, bytes | None],
    cut: int,
    compacts: bool,
) -> None:
    broker, old = begun(before)
    lying, at = old.late(late)
    new = Owner(broker)
    assert new.cells == old.cells
    new.settle()
    new.write({"at": b"new"})
    for changes in after:
        new.write(changes)
    # Of what the old one has under way a part may come, or all of it; and it lands behind what the new one wrote.
    broker.append(lying[:cut], at)
    third = Owner(broker)
    assert third.cells == new.cells
    third.settle()
    if compacts:
        broker.compact()
    fourth = Owner(broker)
    assert fourth.cells == new.cells
    assert fourth._settling == []
    if lying[:cut]:
        with pytest.raises(DisplacedError, match="partition 3: a record meant for offset"):
            new.write({"at": b"too late"})
    assert Owner(broker).cells == new.cells


@given(st.lists(CHANGES, min_size=1, max_size=3), CHANGES, CHANGES, st.integers(1, 30))
def test_of_two_who_go_on_from_one_end_the_first_in_the_log_counts(
    before: list[dict[str, bytes | None]], first: dict[str, bytes | None], second: dict[str, bytes | None], cut: int
) -> None:
    """The old one's records land after the new one has read the log, and before it writes."""
    broker, old = begun(before)
    lying, at = old.late(first)
    new = Owner(broker)
    broker.append(lying[:cut], at)
    with pytest.raises(DisplacedError):
        new.write(second)
    parts = sum(place_of(key)[1].startswith("batch/") for key, _ in lying)
    then = {name: value for name, value in {**old.cells, **first}.items() if value is not None}
    third = Owner(broker)
    assert third.cells == (then if cut >= parts else old.cells)
    third.settle()
    broker.compact()
    assert Owner(broker).cells == third.cells


@given(st.lists(CHANGES, min_size=1, max_size=4))
def test_records_that_do_not_say_where_they_are_meant_to_stand_count(batches: list[dict[str, bytes | None]]) -> None:
    """So did an earlier version write them."""
    said, unsaid = Broker(), Broker()
    owner = Owner(said)
    for number, changes in enumerate(batches, start=1):
        owner.write(changes)
        unsaid.append(written(3, number, changes), None)
    assert Owner(unsaid).cells == owner.cells


def test_a_log_may_begin_anywhere() -> None:
    broker = Broker(end=500)
    owner = Owner(broker)
    owner._ledger.begins(3, 500)
    owner.write({"clock": b"1"})
    assert Owner(broker).cells == {"clock": b"1"}


def test_a_log_that_was_copied_from_elsewhere_is_no_state() -> None:
    broker = Broker()
    broker.append(written(3, 1, {"clock": b"1"}), at=700)
    with pytest.raises(
        CellsError, match="partition 3: no record of the changelog stands at the offset for which it was written"
    ):
        broker.read().state(3)


def test_a_tombstone_is_not_the_last_record_of_what_is_settled() -> None:
    """Compaction takes it away, and Faust would wait for it for ever."""
    broker = Broker()
    owner = Owner(broker)
    owner.write({"clock": b"1"})
    broker.append([(b"3/7", b"not mine")], at=0)
    assert settled(3, broker.read().state(3).unsettled) == [(b"3/7", None), (b"3/clock", b"1")]


def test_a_cell_of_another_partition_is_refused() -> None:
    broker = Broker()
    broker.append([(b"4/clock", b"1")], at=0)
    with pytest.raises(CellsError, match="expected cells of partition 3 in its changelog, got b'4/clock'"):
        broker.read().state(3)


def test_what_is_dropped_is_read_again_from_the_beginning() -> None:
    ledger = Broker(log=[Found(0, b"3/clock", b"1", 0)]).read()
    assert (ledger.partitions, ledger.last(3)) == ({3}, 0)
    ledger.drop({3, 4})
    assert (ledger.partitions, ledger.last(3), ledger.state(3).cells) == (set(), NOTHING, {})


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (None, None),
        ([], None),
        ([("other", b"7")], None),
        (stamp(0), 0),
        (dict(stamp(12)), 12),
        ([("other", b""), *stamp(9_000_000_000)], 9_000_000_000),
        ([("at", b"")], NOTHING),
        ([("at", b"-4")], NOTHING),
        ([("at", b"9" * 5_000)], NOTHING),
    ],
)
def test_a_header_says_where_a_record_is_meant_to_stand(headers: object, expected: int | None) -> None:
    assert meant(headers) == expected  # type: ignore[arg-type]
