"""The state's records: whatever beginning of a changelog is left, it holds the state before a batch or the one after it."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.live import cells
from streams.live.cells import CellsError, Record, key, place_of, recovered, settled, written

NAMES = st.sampled_from(["clock", "sequence", "signs\x1fload-000\x1f12", "a/b", "7"])
CHANGES = st.dictionaries(NAMES, st.none() | st.binary(max_size=40), max_size=5)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts so small that most change sets need several."""
    monkeypatch.setattr(cells, "PART_BYTES", 16)


def read(log: list[Record]) -> cells.Recovered:
    """The state that a changelog holds: the last record of each key."""
    last: dict[bytes, bytes] = {}
    for name, value in log:
        if value is None:
            last.pop(name, None)
        else:
            last[name] = value
    return recovered((place_of(name)[1], value) for name, value in last.items())


def after(state: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    return {name: value for name, value in {**state, **changes}.items() if value is not None}


@given(st.lists(CHANGES, min_size=1, max_size=6))
def test_every_beginning_of_the_log_is_the_state_before_a_batch_or_after_it(batches: list[dict[str, bytes | None]]) -> None:
    log: list[Record] = []
    state: dict[str, bytes] = {}
    for number, changes in enumerate(batches, start=1):
        records = written(3, number, changes)
        then = after(state, changes)
        parts = sum(place_of(name)[1].startswith("batch/") for name, _ in records)
        for count in range(len(records) + 1):
            found = read(log + records[:count])
            assert found.cells == (then if count >= parts else state)
        log += records
        state = then
        assert read(log).unsettled == {}


@given(st.lists(st.tuples(CHANGES, st.integers(0, 30)), min_size=1, max_size=8))
def test_whoever_goes_on_after_a_death_loses_nothing(lives: list[tuple[dict[str, bytes | None], int]]) -> None:
    """Each life goes on from what it reads, settles it, writes one batch, and dies somewhere in all that."""
    log: list[Record] = []
    state: dict[str, bytes] = {}
    for changes, death in lives:
        found = read(log)
        assert found.cells == state
        mending = settled(3, found.unsettled)
        batch = written(3, found.sequence + 1, changes)
        parts = sum(place_of(name)[1].startswith("batch/") for name, _ in batch)
        log += (mending + batch)[:death]
        if death >= len(mending) + parts:
            state = after(state, changes)
    assert read(log).cells == state


@given(CHANGES)
def test_the_last_record_is_no_tombstone_where_anything_stays(changes: dict[str, bytes | None]) -> None:
    records = written(0, 1, changes)
    if any(value is not None for value in changes.values()):
        assert records[-1][1] is not None


def test_a_key_says_partition_and_cell() -> None:
    assert key(12, "a/b") == b"12/a/b"
    assert place_of(b"12/a/b") == (12, "a/b")


@pytest.mark.parametrize("wrong", [b"", b"12", b"12/", b"x/clock", b"\xff/clock"])
def test_a_key_of_something_else_is_refused(wrong: bytes) -> None:
    with pytest.raises(CellsError, match="expected a key PARTITION/CELL"):
        place_of(wrong)


def test_what_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CELL_BYTES", 10)
    with pytest.raises(CellsError, match="expected at most 10 bytes, and cell clock of partition 4 has 11"):
        written(4, 1, {"clock": b"x" * 11})
    with pytest.raises(CellsError, match="no cell may be called batch/1"):
        written(4, 1, {"batch/1": b""})
    with pytest.raises(CellsError, match="batch/0 is no part of a change set"):
        recovered([("batch/0", b"?")])
