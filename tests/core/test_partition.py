"""The state of a partition number says in which layout it was written, and the number is raised when the layout changes."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest

import streams.events
from streams import floor, memory, sequence
from streams.agreements.model import Agreement
from streams.events import AnyEvent, Tick
from streams.events.decode import encode
from streams.lapses import Finding, Lapse
from streams.layouts import LayoutError
from streams.matching.match import Match
from streams.obligations.duty import Duty
from streams.obligations.heartbeat import HEARTBEAT
from streams.obligations.prior import KeptNotice
from streams.obligations.salvos import Judged
from streams.partition import LAYOUT, PartitionWatch
from streams.retractions import Taken
from streams.routes import topic_of
from streams.signs import Sign
from streams.topics import INPUTS
from tests.core.test_floor import sent
from tests.core.world import RULES, WORLD, agreements, at, changed, check, event, incident, status
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


_START = RULES.index('[[obligations]]\nkind = "standing"\nid = "open"')


@pytest.mark.parametrize(
    "fewer",
    [
        agreements(RULES[:_START] + RULES[RULES.index("[[obligations]]", _START + 1) :]),
        changed(('channels = ["east", "west", "talks", "phone"]', 'channels = ["east", "west", "talks"]')),
    ],
    ids=["the rule", "its channel"],
)
def test_what_stands_open_and_is_judged_no_more_is_withdrawn_at_the_restart(fewer: tuple[Agreement, ...]) -> None:
    """It would ring for ever."""
    reported = [event("tick", "t-0", 0.5, {}), status("s", 1, "phone"), incident("i", 1), event("tick", "t-1", 6, {})]
    watch = PartitionWatch(WORLD, 0, 1)
    opened = [
        lapse
        for topic in INPUTS
        for lapse in watch.take(topic, list(enumerate(map(encode, [one for one in reported if goes(one, topic)])))).lapses
    ]
    cells = {name: cell for name, cell in watch.changes(clock=True).items() if cell is not None}
    watch = PartitionWatch(fewer, 0, 1)
    withdrawn = watch.recall(cells)
    assert {(lapse.rule, lapse.state) for lapse in opened} == {("open", "open"), ("contact", "open")}
    assert [(lapse.rule, lapse.revision, lapse.state, lapse.at) for lapse in withdrawn] == [("open", 2, "withdrawn", at(6))]
    assert watch.open_lapses() == 1
    for name, cell in watch.changes(clock=True).items():
        if cell is None:
            cells.pop(name, None)
        else:
            cells[name] = cell
    assert PartitionWatch(fewer, 0, 1).recall(cells) == []
    # The rule is back, and what it is about is as it was.
    (reopened,) = PartitionWatch(WORLD, 0, 1).recall(cells)
    assert (reopened.id, reopened.revision, reopened.change) == (withdrawn[0].id, 3, "reopened")


def test_the_silence_of_a_feed_that_is_gone_is_withdrawn_at_the_restart() -> None:
    watch = PartitionWatch(WORLD, 0, 1)
    records = [(0, encode(event("tick", "t-0", 0.5, {})))]
    records += [(1, encode(event("feed.heartbeat", "b", 0.6, {"feed": "desk"}))), (2, encode(event("tick", "t-1", 9, {})))]
    opened = [lapse for topic in INPUTS for lapse in watch.take(topic, records).lapses]
    cells = {name: cell for name, cell in watch.changes(clock=True).items() if cell is not None}
    start = RULES.index("[[feeds]]")
    text = RULES[:start] + RULES[RULES.index("[[channels]]") :].replace('feed = "desk"\n', "")
    withdrawn = {lapse.id: lapse.state for lapse in PartitionWatch(agreements(text), 0, 1).recall(cells)}
    heartbeat = next(lapse for lapse in opened if lapse.rule == HEARTBEAT)
    assert withdrawn[heartbeat.id] == "withdrawn"


def goes(one: AnyEvent, topic: str) -> bool:
    """Whether an event goes to this topic; ticks go to all."""
    return isinstance(one, Tick) or topic_of(one) == topic
