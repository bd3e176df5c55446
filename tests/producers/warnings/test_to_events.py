"""A reading to events: the notice's key, who launches, who is told, what is cancelled and what is replaced."""

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from producers.warnings import navigational, notam
from producers.warnings.notices import NO_ADDRESSEE, NO_END, NO_LAUNCHER, Ledger
from producers.warnings.reading import Reading, Span
from producers.warnings.senders import launcher, told
from streams.events.decode import decode, encode
from streams.events.launches import LaunchNotice
from streams.matching.notices import series_of

RECEIVED = datetime(2024, 9, 24, tzinfo=UTC)
SOURCE = "https://example.org/hydropac"
AREA = "IN AREA BOUND BY 23-45N 120-12E, 24-15N 120-12E, 24-15N 120-42E."
PLAN = f"NAVAREA XI 24-0531\n221234Z SEP 24\nROCKET LAUNCHING 250014Z TO 250614Z SEP, ALTERNATE 260014Z TO 260614Z SEP {AREA}"
CANCEL = "NAVAREA XI 24-0540\n231234Z SEP 24\nCANCEL NAVAREA XI 531/24."
LATER = f"NAVAREA XI 24-0541\n231234Z SEP 24\nROCKET LAUNCHING 270014Z TO 270614Z SEP {AREA} REPLACES NAVAREA XI 24-0531."
LATEST = f"NAVAREA XI 24-0550\n232334Z SEP 24\nROCKET LAUNCHING 280014Z TO 280614Z SEP {AREA} REPLACES NAVAREA XI 24-0541."
CORPUS = Path(__file__).parent / "corpus"


def read(text: str) -> Reading:
    return navigational.read(text, RECEIVED)


def events(text: str, party: str | None = "PRC") -> list[LaunchNotice]:
    return Ledger().events(read(text), party=party, source=SOURCE, received=RECEIVED)


def test_a_launch_is_a_plan_under_the_key_of_its_number() -> None:
    (event,) = events(PLAN)
    data = event.data
    assert (data.notice, data.revision, data.status, data.party, data.via) == (
        "navarea-xi-531-24",
        1,
        "planned",
        "PRC",
        "navarea-xi",
    )
    assert [(told.party, told.received) for told in data.recipients] == [("JPN", RECEIVED)]
    assert event.time == datetime(2024, 9, 22, 12, 34, tzinfo=UTC)
    assert (event.source, event.received) == (SOURCE, RECEIVED)
    assert data.window is not None
    assert [data.window.opens, *(window.opens for window in data.further_windows)] == [
        datetime(2024, 9, 25, 0, 14, tzinfo=UTC),
        datetime(2024, 9, 26, 0, 14, tzinfo=UTC),
    ]
    assert (data.launches, data.launch_area, len(data.impact_areas), data.text, data.unread) == (0, None, 1, PLAN, ())
    assert decode(encode(event)) == event


def test_the_same_text_gives_the_same_event_and_another_text_another_id() -> None:
    assert events(PLAN) == events(PLAN)
    assert events(PLAN)[0].id != events(PLAN.replace("24-15N", "24-16N"))[0].id
    assert events(PLAN)[0].id.startswith("navarea-xi-531-24-r1-")


@pytest.mark.parametrize("kind", ["GUNNERY EXERCISES", "CABLE OPERATIONS"])
def test_what_is_no_launch_gives_no_notice(kind: str) -> None:
    assert events(PLAN.replace("ROCKET LAUNCHING", kind)) == []


def test_debris_gives_one() -> None:
    assert [event.data.status for event in events(PLAN.replace("ROCKET LAUNCHING", "SPACE DEBRIS"))] == ["planned"]


def test_a_cancellation_is_the_next_revision_of_the_cancelled_notice() -> None:
    (event,) = events(CANCEL)
    assert (event.data.notice, event.data.revision, event.data.status) == ("navarea-xi-531-24", 2, "cancelled")
    (series,) = series_of([*events(PLAN), event])
    assert series.cancelled_at == event.time


def test_a_launch_that_cancels_another_warning_gives_both() -> None:
    found = events(f"{PLAN} CANCEL NAVAREA XI 500/24.")
    assert [(event.data.notice, event.data.status) for event in found] == [
        ("navarea-xi-500-24", "cancelled"),
        ("navarea-xi-531-24", "planned"),
    ]


def test_a_warning_of_gunnery_cancels_only_notices_that_are_known() -> None:
    gunnery = f"NAVAREA XI 24-0560\nGUNNERY EXERCISES 270014Z TO 270614Z SEP {AREA} CANCEL NAVAREA XI 24-0531."
    assert events(gunnery) == []
    ledger = Ledger()
    ledger.events(read(PLAN), party="PRC", source=SOURCE, received=RECEIVED)
    (event,) = ledger.events(read(gunnery), party=None, source=SOURCE, received=RECEIVED)
    assert (event.data.notice, event.data.status, event.data.party) == ("navarea-xi-531-24", "cancelled", "PRC")


def test_a_replacement_amends_the_notice_it_replaces() -> None:
    (event,) = events(LATER)
    assert (event.data.notice, event.data.revision, event.data.status) == ("navarea-xi-531-24", 2, "amended")
    assert event.data.window is not None
    assert event.data.window.opens == datetime(2024, 9, 27, 0, 14, tzinfo=UTC)


def test_a_chain_of_replacements_stays_one_notice_in_a_ledger() -> None:
    ledger = Ledger()
    found = [
        event
        for text, party in ((PLAN, "PRC"), (LATER, None), (LATEST, None), (CANCEL.replace("531/24", "550/24"), None))
        for event in ledger.events(read(text), party=party, source=SOURCE, received=RECEIVED)
    ]
    assert [(event.data.notice, event.data.revision, event.data.status, event.data.party) for event in found] == [
        ("navarea-xi-531-24", 1, "planned", "PRC"),
        ("navarea-xi-531-24", 2, "amended", "PRC"),
        ("navarea-xi-531-24", 3, "amended", "PRC"),
        ("navarea-xi-531-24", 4, "cancelled", "PRC"),
    ]
    (series,) = series_of(found)
    assert series.cancelled_at is not None


def test_a_notam_tells_icao_under_its_own_key() -> None:
    text = (
        "(A1235/24 NOTAMR A1234/24\nQ) ZBPE/QWMLW/IV/BO/W/000/999/2345N12012E025\nA) ZBPE B) 2409250014 C) 2409250614\n"
        "E) ROCKET LAUNCH WILL TAKE PLACE F) SFC G) UNL)"
    )
    (event,) = Ledger().events(notam.read(text, RECEIVED), party="PRC", source=SOURCE, received=RECEIVED)
    data = event.data
    assert (data.notice, data.revision, data.status, data.via) == ("notam-zbpe-a1234-24", 2, "amended", "notam")
    assert data.recipients[0].party == "ICAO"


PARTIES = [
    ("NORTH KOREA LAUNCHES A SATELLITE", "DPRK"),
    ("ROCKET LAUNCHING FROM WENCHANG", "PRC"),
    ("CHINESE ROCKET DEBRIS", "PRC"),
    ("ROCKET LAUNCHING FROM CAPE\nCANAVERAL", "US"),
    ("EAST CHINA SEA. ROCKET LAUNCHING", None),
    ("JAPAN COAST GUARD. SEA OF JAPAN", None),
    ("SOHAE OR WENCHANG", None),
]


@pytest.mark.parametrize(("text", "party"), PARTIES, ids=[text for text, _ in PARTIES])
def test_who_launches_is_read_only_where_it_is_sure(text: str, party: str | None) -> None:
    assert launcher(text) == party


def test_a_launcher_that_nobody_names_is_unknown_and_said_to_be() -> None:
    (event,) = events(PLAN, party=None)
    assert (event.data.party, event.data.unread) == ("UNKNOWN", (NO_LAUNCHER,))


def test_the_caller_is_believed_before_the_text() -> None:
    (event,) = events(PLAN + " WENCHANG", party="DPRK")
    assert event.data.party == "DPRK"


@pytest.mark.parametrize(
    ("series", "party"),
    [
        ("NAVAREA XI", "JPN"),
        ("NAVAREA IV", "US"),
        ("NAVAREA XXI", "RUS"),
        ("HYDROPAC", "US"),
        ("HYDROLANT", "US"),
        (None, "UNKNOWN"),
    ],
)
def test_the_coordinator_is_told(series: str | None, party: str) -> None:
    assert told("navigational", series) == party


def test_a_warning_without_a_series_or_number_says_so() -> None:
    (event,) = events(f"ROCKET LAUNCHING 250014Z TO 250614Z SEP 24 {AREA}")
    assert event.data.unread == (NO_ADDRESSEE,)
    assert event.data.notice.startswith("warning-")


def test_parts_that_were_not_read_travel_with_the_notice() -> None:
    (event,) = events(PLAN.replace("23-45N", "23-75N"))
    assert len(event.data.unread) == 1
    assert "23-75N" in event.data.unread[0]
    assert "expected a position" in event.data.unread[0]


def test_a_window_without_an_end_has_a_far_one() -> None:
    (event,) = events(f"NAVAREA XI 24-0531\nROCKET LAUNCHING 250014Z SEP UNTIL FURTHER NOTICE {AREA}")
    assert event.data.window is not None
    assert event.data.window.closes == NO_END
    assert decode(encode(event)) == event


def test_a_time_of_issue_after_the_receipt_is_not_believed() -> None:
    (event,) = Ledger().events(read(PLAN), party="PRC", source=SOURCE, received=RECEIVED - timedelta(days=5))
    assert event.time == RECEIVED - timedelta(days=5)


def test_more_windows_and_areas_than_a_notice_holds_are_said() -> None:
    spans = tuple(Span(RECEIVED + timedelta(days=day), RECEIVED + timedelta(days=day, hours=1)) for day in range(450))
    reading = Reading(form="navigational", text="x", series="HYDROPAC", number="1/24", kind="launch", windows=spans)
    (event,) = Ledger().events(reading, party="PRC", source=SOURCE, received=RECEIVED)
    assert len(event.data.further_windows) == 400
    assert event.data.unread == ("windows after 401 and areas after 50",)
    assert decode(encode(event)) == event


@pytest.mark.parametrize("form", ["navigational", "notam"])
def test_every_text_of_the_corpus_gives_events_that_decode(form: str) -> None:
    reader = navigational.read if form == "navigational" else notam.read
    for path in sorted((CORPUS / form).glob("*.txt")):
        reading = reader(path.read_text("utf-8"), datetime(2026, 12, 1, tzinfo=UTC))
        found = Ledger().events(reading, party=None, source=SOURCE, received=datetime(2026, 12, 1, tzinfo=UTC))
        for event in found:
            assert decode(encode(event)) == event
        planned = [event for event in found if event.data.status != "cancelled"]
        assert bool(planned) == (reading.kind in ("launch", "debris") and reading.status != "cancellation"), path.stem
        assert json.loads(path.with_suffix(".json").read_text("utf-8"))["kind"] == reading.kind


def test_the_events_are_one_series_in_whatever_order_they_come() -> None:
    found = [*events(PLAN), *events(LATER), *events(CANCEL.replace("231234Z", "240000Z"))]
    for order in permutations(found):
        (series,) = series_of(order)
        assert [(revision.number, revision.status) for revision in series.revisions][:1] == [(1, "planned")]


def test_notams_without_a_region_are_told_in_time_with_their_number() -> None:
    def seconds(texts: int) -> float:
        readings = [Reading(form="notam", text="X", series="A", number=f"{one}/26", kind="launch") for one in range(texts)]
        best = 99.0
        for _ in range(3):
            ledger = Ledger()
            began = time.process_time()
            for reading in readings:
                ledger.events(reading, party="PRC", source=SOURCE, received=RECEIVED)
            best = min(best, time.process_time() - began)
        return best

    # Four times as many may cost eight times the time (noise), not sixteen.
    assert seconds(8_000) < 8 * seconds(2_000)
