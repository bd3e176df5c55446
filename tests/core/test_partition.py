"""The state of a partition number says in which layout it was written."""

import pytest

from streams.partition import LAYOUT, LayoutError, PartitionWatch
from tests.core.test_floor import sent
from tests.core.world import WORLD, check


def written() -> dict[str, bytes]:
    """The state behind one check, in all the sets of cells that it was written in."""
    watch, cells = PartitionWatch(WORLD, 0, 1), dict[str, bytes | None]()
    for offset, sending in enumerate(sent([check("c", "east", 1)], WORLD)):
        watch.take(sending.topic, [(offset, sending.value)])
        cells |= watch.changes(clock=True)
    return {name: cell for name, cell in cells.items() if cell is not None}


def test_a_state_is_taken_up_and_its_layout_stays_with_it() -> None:
    cells = written()
    assert cells["layout"] == str(LAYOUT).encode()
    watch = PartitionWatch(WORLD, 0, 1)
    assert watch.recall(cells) == []
    assert watch.now is not None
    assert "layout" not in watch.changes(clock=True)


@pytest.mark.parametrize("layout", [None, str(LAYOUT + 1).encode(), b"\xff"])
def test_a_state_of_another_version_is_refused_before_anything_of_it_is_read(layout: bytes | None) -> None:
    cells = {name: b"no cell of ours" for name in written() if name != "layout"}
    if layout is not None:
        cells["layout"] = layout
    watch = PartitionWatch(WORLD, 0, 1)
    with pytest.raises(LayoutError, match=f"layout {LAYOUT}, got one of layout"):
        watch.recall(cells)
    assert watch.now is None


def test_where_nothing_was_written_there_is_nothing_to_refuse() -> None:
    assert PartitionWatch(WORLD, 0, 1).recall({}) == []
