"""What a browser holds after any changes, seen or missed, is the floor."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboards.page.board import Board
from dashboards.page.floor import SECTIONS, FeedRow, Floor
from dashboards.page.pulse import Pulse

AT = datetime(2024, 1, 1, tzinfo=UTC)
PULSE = Pulse(wall=AT, at=AT, health="good")
rows = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(("good", "late", "unknown")), max_size=4)
floors = st.lists(st.tuples(rows, st.integers(0, 2)), min_size=1, max_size=12)


def floor(feeds: dict[str, Any], more: int) -> Floor:
    sections: dict[str, Any] = {name: {} for name in SECTIONS}
    sections["feeds"] = {name: FeedRow(id=name, title=name, stand=stand) for name, stand in feeds.items()}
    return Floor(at=AT, more=more, silent=0, **sections)


class Browser:
    """Does what the page's script does with the messages; some of them it never gets."""

    def __init__(self) -> None:
        self.last = ""
        self.more = 0
        self.sections: dict[str, dict[str, Any]] = {}

    def take(self, messages: list[bytes]) -> None:
        for message in messages:
            fields = dict(line.split(": ", 1) for line in message.decode().strip().split("\n"))
            body = json.loads(fields["data"])
            self.last = fields["id"]
            self.more = body["more"]
            if fields["event"] == "floor":
                self.sections = body["sections"]
                continue
            for name, changed in body["sections"].items():
                for key, row in changed.items():
                    if row is None:
                        del self.sections[name][key]
                    else:
                        self.sections[name][key] = row


@given(floors, st.data(), st.integers(1, 5))
def test_whoever_comes_back_at_any_time_has_the_floor(told: Any, data: st.DataObject, held: int) -> None:
    board, browser = Board("boot", held), Browser()
    for feeds, more in told:
        board.post(floor(feeds, more), PULSE)
        if data.draw(st.booleans()):
            browser.take(board.since(browser.last)[0])
    browser.take(board.since(browser.last)[0])
    feeds, more = told[-1]
    assert {name: row["stand"] for name, row in browser.sections.get("feeds", {}).items()} == feeds
    assert browser.more == more


@given(st.text(max_size=30))
def test_an_id_of_another_run_or_of_nobody_gets_the_whole_floor(last: str) -> None:
    board = Board("boot")
    board.post(floor({"a": "good"}, 0), PULSE)
    if not last.startswith("boot."):
        (message,), number = board.since(last)
        assert message.startswith(b"event: floor\n")
        assert number == board.number


def test_nothing_is_said_where_nothing_changed() -> None:
    board = Board("boot")
    assert board.post(floor({"a": "good"}, 0), PULSE)
    assert not board.post(floor({"a": "good"}, 0), PULSE)
    assert board.after(board.number) == ([], board.number)
