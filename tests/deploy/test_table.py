"""The table of lapses: what the eye must not miss."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from rich.console import Console

from deploy.showing.table import announcements, counts, how_long, in_order, is_shown, lapse_table, line_of, state_of, ties
from streams.lapses import Lapse
from streams.severity import Severity

ONSET = datetime(2024, 1, 1, tzinfo=UTC)
END = ONSET + timedelta(days=10, hours=6)
LAPSE = Lapse(
    id="0123456789abcdef",
    revision=1,
    change="opened",
    at=ONSET,
    agreement="some-agreement",
    obligation="standing",
    rule="some-rule",
    subject="some-channel",
    parties=("PRC", "US"),
    onset=ONSET,
    deadline=ONSET,
    resolved=None,
    state="open",
    severity=Severity.PAGE,
    reason="suspended",
    events=("e-1",),
    because="e-1",
    arithmetic=(),
    claims=(),
    group=None,
    clause="It stays open.",
    sources=("urn:test",),
    unverified=(),
    proposed=False,
    exercise=False,
    run=None,
)


def lapse(**changes: Any) -> Lapse:
    """A lapse with fields replaced."""
    return msgspec.structs.replace(LAPSE, **changes)


def printed(*lapses: Lapse, colours: bool = False, width: int = 140) -> str:
    """The table as it is printed."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colours,
        no_color=not colours,
        color_system="standard" if colours else None,
    )
    console.print(lapse_table(lapses, END))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_unknown_looks_like_nothing_else() -> None:
    looks = {state: state_of(lapse(state=state)) for state in ("open", "resolved", "withdrawn", "unknown")}
    assert len({str(look.style) for look in looks.values()}) == 4
    assert len({look.plain.lower() for look in looks.values()}) == 4
    assert looks["unknown"].plain == "UNKNOWN"
    assert "on bright_cyan" in str(looks["unknown"].style), "a colour that neither good nor lapsed has"


@pytest.mark.parametrize(
    ("changes", "mark"),
    [({"unverified": ("lead",)}, "[unverified]"), ({"proposed": True}, "proposed"), ({"state": "unknown"}, "UNKNOWN")],
)
def test_marks_are_words_not_only_colours(changes: dict[str, Any], mark: str) -> None:
    assert mark in printed(lapse(**changes))
    assert mark not in printed(lapse())


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_nothing_is_cut_off_on_a_narrow_terminal(width: int) -> None:
    text = printed(lapse(subject="a-very-long-channel-name-that-goes-on/and-on", unverified=("x",)), width=width)
    assert "…" not in text
    squeezed = "".join(text.split())
    for word in ("2024-01-0100:00Z", "10d6h", "page", "OPEN"):
        assert word in squeezed


@pytest.mark.parametrize(
    ("changes", "end", "length"),
    [
        ({}, END, "10 d 6 h"),
        ({"resolved": ONSET + timedelta(hours=2, minutes=50), "state": "resolved"}, END, "2 h 50 min"),
        ({"state": "withdrawn"}, END, "-"),
        ({}, None, "-"),
        ({}, ONSET - timedelta(days=1), "-"),
    ],
)
def test_how_long_it_lasts(changes: dict[str, Any], end: datetime | None, length: str) -> None:
    assert how_long(lapse(**changes), end) == length


@pytest.mark.parametrize(
    ("changes", "counted", "shown"),
    [
        ({}, True, True),
        ({"state": "resolved"}, True, True),
        ({"state": "unknown"}, False, True),
        ({"state": "withdrawn"}, False, False),
        ({"severity": Severity.INFO}, True, False),
        ({"exercise": True}, False, True),
    ],
)
def test_what_counts_and_what_is_shown(changes: dict[str, Any], counted: bool, shown: bool) -> None:
    assert counts(lapse(**changes)) is counted
    assert is_shown(lapse(**changes)) is shown


def test_one_announcement_is_tied_together() -> None:
    lapses = in_order(
        [
            lapse(subject="c", group="cut"),
            lapse(subject="b"),
            lapse(subject="a", group="cut"),
            lapse(subject="b", group="cut"),
            lapse(subject="d", group="alone", onset=END),
        ]
    )
    assert [each.subject for each in lapses] == ["b", "a", "b", "c", "d"]
    assert ties(lapses) == [" ", "┌", "│", "└", " "]
    assert announcements(lapses) == ["3 lapses from one announcement: cut"]


def test_a_drill_says_so_at_both_ends_of_every_line() -> None:
    line = line_of(lapse(exercise=True)).plain
    assert line.startswith("EXERCISE ")
    assert line.endswith(" EXERCISE")
