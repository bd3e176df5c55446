"""The desk's state says in which layout it was written, and the number is raised when the layout changes."""

import asyncio
from pathlib import Path

import pytest

from alerts.desk import cells as kept
from alerts.desk.flapping import Comings
from alerts.desk.outcomes import Awaited
from alerts.desk.state import Head, Item
from alerts.desk.trouble import Trouble
from alerts.journal import LapseEntry
from alerts.sendings import Sending
from alerts.service.embedded import EmbeddedDesk
from alerts.service.settings import DeskSettings
from alerts.service.store import Store, StoreError
from alerts.station import LAYOUT, Station
from streams.allowing import AllowList
from streams.layouts import LayoutError
from tests.alerts.build import NOON, lapse
from tests.alerts.service.policies import policy
from tests.alerts.service.test_embedded import Handed
from tests.shapes import shape_of

RULES = policy("json://127.0.0.1:9/hook")


def written() -> dict[str, bytes]:
    """The state behind one lapse."""
    station = Station(RULES)
    station.take(LapseEntry(at=NOON, lapse=lapse()))
    return {name: cell for name, cell in station.changes().items() if cell is not None}


def test_a_state_is_taken_up_and_its_layout_stays_with_it() -> None:
    cells = written()
    assert cells["layout"] == str(LAYOUT).encode()
    station = Station(RULES)
    station.recall(cells)
    assert station.pending
    station.take(LapseEntry(at=NOON, lapse=lapse("another-line")))
    assert "layout" not in station.changes()


@pytest.mark.parametrize("layout", [None, str(LAYOUT + 1).encode(), b"\xff"])
def test_a_state_of_another_version_is_refused_before_anything_of_it_is_read(layout: bytes | None) -> None:
    cells = {name: b"no cell of ours" for name in written() if name != "layout"}
    if layout is not None:
        cells["layout"] = layout
    station = Station(RULES)
    with pytest.raises(LayoutError, match=f"layout {LAYOUT}, got one of layout"):
        station.recall(cells)
    assert station.desk.pages() == []


def test_a_desk_does_not_begin_on_the_file_of_another_version_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "watch.desk.db"
    with Store(path) as store:
        store.append([], written() | {"layout": b"9"}, 0)
        before = store.cells()
    settings = DeskSettings(
        policy=RULES, base=tmp_path, people=tmp_path / "people", allow=AllowList.of(["127.0.0.0/8"]), bind="127.0.0.1:0"
    )
    with pytest.raises(StoreError, match=r"watch\.desk\.db: expected a state of layout 1, got one of layout 9"):
        asyncio.run(EmbeddedDesk(settings, path, Handed()).serve())
    with Store(path, create=False) as store:
        assert store.cells() == before


LAYOUTS = {1: "7031b777b2ee853a"}
"""What each layout looks like; a field more, which has a default and which others may leave out, makes no other of it."""


def test_another_layout_has_another_number() -> None:
    cells = {
        "action": int,
        "desk": kept._Own,
        "fired": Sending,
        "firing": Sending,
        "flap": Comings,
        "item": Item,
        "page": Head,
        "pending": Sending,
        "seen": int,
        "sent": Awaited,
        "trouble": Trouble,
    }
    assert shape_of(cells) == LAYOUTS[LAYOUT], "raise LAYOUT where one version would misread another's; put this here"
