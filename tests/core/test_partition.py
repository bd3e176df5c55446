"""The state of a partition number says in which layout it was written, and the number is raised when the layout changes."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest

import streams.events
from streams import floor, memory, sequence
from streams.lapses import Finding, Lapse
from streams.layouts import LayoutError
from streams.matching.match import Match
from streams.obligations.duty import Duty
from streams.obligations.prior import KeptNotice
from streams.obligations.salvos import Judged
from streams.partition import LAYOUT, PartitionWatch
from streams.retractions import Taken
from streams.signs import Sign
from tests.core.test_floor import sent
from tests.core.world import WORLD, check
from tests.shapes import shape_of


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


LAYOUTS = {1: "86d9ff5885b0ab05"}
"""What each layout looks like."""


def kinds_of(duty: type[Duty]) -> Iterator[tuple[str, Any]]:
    """What each kind of duty remembers, by its name."""
    for kind in duty.__subclasses__():
        if kind.__module__.startswith("streams."):
            yield kind.__name__, kind.kept
        yield from kinds_of(kind)


def shape_of_the_state() -> str:
    """A digest of the types of all cells, but for the events in them: those have versions of their own."""
    cells: dict[str, Any] = dict(kinds_of(Duty)) | {
        "clock": memory.Clock,
        "entries": list[tuple[Finding | None, Lapse]],
        "feed": memory._Feed,
        "floor": floor.Kept,
        "line": memory._Line,
        "match": Match,
        "notice": KeptNotice,
        "salvo": Judged,
        "sequence": sequence.Memory,
        "signs": list[Sign],
        "sweeps": memory._Sweeps,
        "taken": list[Taken],
    }
    parts = [part for part in vars(streams.events).values() if isinstance(part, ModuleType)]
    structs = [
        each for part in parts for each in vars(part).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)
    ]
    events = {each.__name__ for each in structs if each.__module__.startswith("streams.events.")}
    return shape_of({name: cell for name, cell in cells.items() if cell is not None}, but=events)


def test_another_layout_has_another_number() -> None:
    assert shape_of_the_state() == LAYOUTS[LAYOUT], "raise LAYOUT where one version would misread another's; put this here"
