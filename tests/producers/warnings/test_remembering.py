"""What warnings stood for, kept on disk: chains across runs, files sent again, drills apart."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producers.gateway.ledger import Ledger
from producers.warnings import remembering
from producers.warnings.filed import Filed, Said, filed
from producers.warnings.notices import ENDLESS, NO_OFFICE
from producers.warnings.remembering import Remembered, RememberingError
from streams.log import database
from streams.matching.notices import series_of

RECEIVED = datetime(2024, 9, 24, tzinfo=UTC)
AREA = "IN AREA BOUND BY 23-45N 120-12E, 24-15N 120-12E, 24-15N 120-42E."
PLAN = f"NAVAREA XI 24-0531\n221234Z SEP 24\nROCKET LAUNCHING 250014Z TO 250614Z SEP {AREA}"
LATER = f"NAVAREA XI 24-0541\n231234Z SEP 24\nROCKET LAUNCHING 270014Z TO 270614Z SEP {AREA} REPLACES NAVAREA XI 24-0531."
CANCEL = "NAVAREA XI 24-0550\n232334Z SEP 24\nCANCEL NAVAREA XI 541/24."
FIRST_NUMBER = CANCEL.replace("541/24", "531/24")


def notam(office: str, number: str, words: str = "N", text: str = "ROCKET LAUNCH WILL TAKE PLACE") -> str:
    return (
        f"({number} NOTAM{words}\nQ) {office}/QWMLW/IV/BO/W/000/999/2345N12012E025\nA) {office} B) 2409250014 C) 2409250614\n"
        f"E) {text} F) SFC G) UNL)"
    )


def sent(path: Path | None, *texts: str, keep: bool = True, exercise: bool = False, **others: object) -> Filed:
    said = Said(**{"received": RECEIVED, "source": "urn:x", "party": "PRC"} | others)  # type: ignore[arg-type]
    with Remembered(path, exercise=exercise) as remembered:
        found = filed("f", "\n\n".join(texts).encode(), said, remembered)
        if keep:
            remembered.keep()
    return found


def stood(found: Filed) -> list[tuple[str, int, str]]:
    return [(event.data.notice, event.data.revision, event.data.status) for event in found.events]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "warnings.db"


def test_what_comes_in_later_finds_the_notice_it_replaces_or_ends(path: Path) -> None:
    found = [sent(path, text) for text in (PLAN, LATER, CANCEL)]
    assert [stood(each) for each in found] == [
        [("navarea-xi-531-24", 1, "planned")],
        [("navarea-xi-531-24", 2, "amended")],
        [("navarea-xi-531-24", 3, "cancelled")],
    ]
    (series,) = series_of([event for each in found for event in each.events])
    assert series.cancelled_at is not None


def test_a_notice_that_went_on_under_another_number_is_ended_by_its_first(path: Path) -> None:
    assert stood(sent(path, PLAN, LATER, FIRST_NUMBER))[-1] == ("navarea-xi-531-24", 3, "cancelled")


def test_one_that_comes_in_after_its_replacement_is_not_the_last_word(path: Path) -> None:
    assert stood(sent(path, LATER, PLAN, CANCEL)) == [
        ("navarea-xi-531-24", 2, "amended"),
        ("navarea-xi-531-24", 1, "planned"),
        ("navarea-xi-531-24", 3, "cancelled"),
    ]


def test_the_same_texts_give_the_very_same_events_whenever_they_are_sent_again(path: Path) -> None:
    first = sent(path, PLAN, LATER, CANCEL)
    assert sent(path, PLAN, LATER, CANCEL, received=RECEIVED + timedelta(days=3)).events == first.events


def test_a_text_told_of_another_launcher_amends_what_it_said(path: Path) -> None:
    sent(path, PLAN, party=None)
    (event,) = sent(path, PLAN, party="PRC").events
    assert (event.data.notice, event.data.revision, event.data.status, event.data.party) == (
        "navarea-xi-531-24",
        2,
        "amended",
        "PRC",
    )


def test_what_was_not_kept_is_not_remembered(path: Path) -> None:
    sent(path, PLAN, keep=False)
    assert stood(sent(path, LATER)) == [("navarea-xi-531-24", 2, "amended")]
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM texts").fetchone() == (1,)


def test_drills_are_remembered_apart_and_have_ids_of_their_own(path: Path) -> None:
    real, drill = sent(path, PLAN).events, sent(path, PLAN, exercise=True).events
    assert [event.exercise for event in (*real, *drill)] == [False, True]
    assert drill[0].id == f"exercise-{real[0].id}"
    sent(path, LATER, exercise=True)
    assert stood(sent(path, CANCEL)) == [("navarea-xi-541-24", 2, "cancelled")], "nothing real was replaced"


def test_offices_that_number_alike_are_told_apart(path: Path) -> None:
    found = sent(path, notam("ZBPE", "A1234/24"), notam("RJJJ", "A1234/24"), notam("RJJJ", "A1240/24", "C A1234/24"))
    assert stood(found) == [
        ("notam-zbpe-a1234-24", 1, "planned"),
        ("notam-rjjj-a1234-24", 1, "planned"),
        ("notam-rjjj-a1234-24", 2, "cancelled"),
    ]


def test_a_cancellation_without_a_region_ends_the_one_that_is_known_and_is_marked_where_there_are_several(path: Path) -> None:
    bare = "A1240/24 NOTAMC A1234/24"
    assert stood(sent(path, notam("ZBPE", "A1234/24"), bare))[-1] == ("notam-zbpe-a1234-24", 2, "cancelled")
    found = sent(path, notam("RJJJ", "A1234/24"), bare.replace("1240", "1241"))
    assert stood(found)[-1] == ("notam-a1234-24", 2, "cancelled")
    assert NO_OFFICE in found.events[-1].data.unread


def test_an_end_that_nobody_set_is_marked(path: Path) -> None:
    (event,) = sent(path, notam("ZBPE", "A1234/24").replace("2409250614", "PERM")).events
    assert event.data.window is not None
    assert event.data.window.closes.year == 2199
    assert ENDLESS in event.data.unread


def test_what_was_supposed_is_marked(path: Path) -> None:
    (event,) = sent(path, f"ROCKET LAUNCHING 250014Z TO 250614Z SEP {AREA}").events
    assert any(part.startswith("assumed: ") for part in event.data.unread)


UNCLEAR = [PLAN.replace("ROCKET LAUNCHING", "HAZARDOUS OPERATIONS"), notam("ZBPE", "A0001/24", text="DANGER AREA")]


@pytest.mark.parametrize("text", UNCLEAR, ids=["navigational", "notam"])
def test_a_text_that_does_not_say_what_endangers_waits_for_a_persons_word(path: Path, text: str) -> None:
    found = sent(path, text)
    assert (found.events, found.problems, found.unclear) == ([], [], 1)
    assert "--hazard" in found.remarks[0].message
    found = sent(path, text, hazard="launch")
    assert (len(found.events), found.unclear) == (1, 0)


@pytest.mark.parametrize(
    "text", [PLAN.replace("ROCKET LAUNCHING", "GUNNERY"), notam("ZBPE", "A0001/24", text="RWY CLSD").replace("QWMLW", "QMRLC")]
)
def test_what_is_no_launch_is_passed_over(path: Path, text: str) -> None:
    found = sent(path, text)
    assert (found.events, found.problems, found.unclear) == ([], [], 0)
    assert found.remarks[0].message.startswith("passed over")


def test_no_more_is_remembered_than_fits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST_TEXTS", 2)
    monkeypatch.setattr(remembering, "MOST_KNOWN", 3)
    sent(path, *(PLAN.replace("24-0531", f"24-05{number}") for number in range(31, 39)))
    with sqlite3.connect(path) as db:
        assert (db.execute("SELECT count(*) FROM texts").fetchone(), db.execute("SELECT max(key) FROM known").fetchone()) == (
            (2,),
            ("navarea-xi-538-24",),
        )
        assert db.execute("SELECT count(*) FROM known").fetchone() == (3,)


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE x (y)")
    for content in (None, b"no database at all" * 100):
        if content is not None:
            path.write_bytes(content)
        before = path.read_bytes()
        with pytest.raises(RememberingError, match=r"other\.db"):
            Remembered(path)
        assert path.read_bytes() == before


def test_only_one_has_it_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with Remembered(path), pytest.raises(RememberingError, match="another process holds on to"):
        Remembered(path)


def test_a_ledger_of_the_gateways_is_no_memory(path: Path) -> None:
    path.parent.mkdir()
    Ledger(path).close()
    with pytest.raises(RememberingError, match="database of something else"):
        Remembered(path)
