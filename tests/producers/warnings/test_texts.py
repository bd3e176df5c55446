"""A file to its texts: what begins one, what goes on with it, and how each is read."""

import re
import time
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.warnings.reading import Reading
from producers.warnings.texts import LONGEST, Text, TooLong, is_notam, read_all, split

CORPUS = Path(__file__).parent / "corpus"
RECEIVED = datetime(2024, 9, 24, tzinfo=UTC)

HYDROPAC = (
    "HYDROPAC 2345/24(97).\nSEA OF JAPAN.\n\n1. MISSILE FIRING 250014Z TO 250614Z SEP\nWITHIN 15 MILES OF 23-45N 120-12E."
)
CANCELS = "HYDROPAC 2346/24(97).\nCANCEL\nHYDROPAC 2301/24,\nHYDROPAC 2302/24."
NAVAREA = (
    "NAVAREA XI 24-0531\n\nEAST CHINA SEA.\n\nROCKET LAUNCHING.\n\n0014Z TO 0614Z 25 THRU 28 SEP.\n\nAREA BOUNDED BY\n"
    "23-45N 120-12E"
)
DATED = "221234Z SEP 24\nHYDROLANT 1800/24(24).\nGUNNERY EXERCISES 250014Z TO 250614Z SEP."
NOTAM = (
    "(A1234/24 NOTAMN\nQ) ZBPE/QRDCA/IV/BO/W/000/999/2345N12012E025\nA) ZBPE B) 2409250014 C) 2409250614\n"
    "E) ROCKET LAUNCH (TEST)\nF) SFC G) UNL)"
)
BARE = "A1235/24 NOTAMC A1234/24\nQ) ZBPE/QRDCA/IV/BO/W/000/999\nA) ZBPE B) 2409250014\nE) CANCELLED"
ENVELOPE = (
    "ZCZC KL57\n221234 UTC SEP 24\nJAPAN COAST GUARD NAVAREA XI WARNING NR 24-0571\nROCKET LAUNCHING 250014Z TO 250614Z SEP.\n"
    "NNNN"
)
TEXTS = {
    "hydropac": HYDROPAC,
    "cancels": CANCELS,
    "navarea": NAVAREA,
    "dated": DATED,
    "notam": NOTAM,
    "bare": BARE,
    "zczc": ENVELOPE,
}


def readings_of(file: str) -> list[Reading]:
    found = list(read_all(file, RECEIVED))
    assert not [each for each in found if isinstance(each, TooLong)]
    return [each for each in found if isinstance(each, Reading)]


@pytest.mark.parametrize(("first", "second"), list(permutations(TEXTS, 2)))
@pytest.mark.parametrize("between", ["\n\n", "\n\n\n", "\n"])
def test_two_texts_of_any_form_are_told_apart(first: str, second: str, between: str) -> None:
    file = TEXTS[first] + between + TEXTS[second] + "\n"
    line = TEXTS[first].count("\n") + len(between) + 1
    assert list(split(file)) == [Text(1, TEXTS[first]), Text(line, TEXTS[second])]


def test_texts_without_numbers_are_parted_by_blank_lines() -> None:
    first = "ROCKET LAUNCHING 250014Z TO 250614Z SEP IN AREA BOUND BY\n23-45N 120-12E, 24-15N 120-12E, 24-15N 120-42E."
    second = "GUNNERY EXERCISES 260014Z TO 260614Z SEP."
    assert [piece.text for piece in split(f"{first}\n\n{second}\n")] == [first, second]


def test_a_daily_file_gives_a_reading_for_each_message() -> None:
    file = "\n\n".join((DATED, HYDROPAC, CANCELS, NOTAM, NAVAREA, ENVELOPE)) + "\n"
    readings = readings_of(file)
    assert [reading.id for reading in readings] == [
        "HYDROLANT 1800/24",
        "HYDROPAC 2345/24",
        "HYDROPAC 2346/24",
        "A1234/24",
        "NAVAREA XI 531/24",
        "NAVAREA XI 571/24",
    ]
    assert readings[0].issued == datetime(2024, 9, 22, 12, 34, tzinfo=UTC)
    assert readings[2].cancels == ("HYDROPAC 2301/24", "HYDROPAC 2302/24")


@pytest.mark.parametrize("form", ["notam", "navigational"])
def test_every_text_of_the_corpus_is_of_its_form_and_is_one_text(form: str) -> None:
    for path in sorted((CORPUS / form).glob("*.txt")):
        text = path.read_text("utf-8")
        assert is_notam(text) == (form == "notam"), path.name
        assert len(list(split(text))) == 1, path.name


def test_the_whole_corpus_in_one_file_comes_apart_again() -> None:
    texts = [path.read_text("utf-8").strip() for path in sorted((CORPUS / "navigational").glob("*.txt"))]
    # A paragraph without a number belongs to the warning before it.
    texts = [
        text
        for text in texts
        if re.search(r"^(\w+ ){0,4}(NAVAREA|HYDRO|AUSCOAST)\S*( [IVX]+)?( WARNING)?( NR)? \d", text, re.MULTILINE)
    ]
    assert len(texts) > 60
    assert [piece.text for piece in split("\n\n".join(texts))] == texts


def test_a_text_of_no_form_is_unread_and_not_refused() -> None:
    (reading,) = readings_of("Dinner is at 1900 in the mess.\n")
    assert (reading.form, reading.series, reading.windows) == ("navigational", None, ())
    assert reading.unread


def test_nothing_gives_nothing() -> None:
    assert list(read_all("\n \n\n", RECEIVED)) == []


def test_a_text_that_is_too_long_is_refused_with_its_place_and_the_others_are_read() -> None:
    long = "HYDROPAC 2347/24.\n" + "GUNNERY EXERCISES.\n" * (LONGEST // 19 + 1)
    file = f"{DATED}\n\n{long}\n{CANCELS}\n"
    found = list(read_all(file, RECEIVED))
    assert [each.id for each in found if isinstance(each, Reading)] == ["HYDROLANT 1800/24", "HYDROPAC 2346/24"]
    (refused,) = [each for each in found if isinstance(each, TooLong)]
    assert (refused.line, refused.length) == (5, len(long.rstrip()))
    assert refused.head.startswith("HYDROPAC 2347/24.")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*"\n".join(TEXTS.values()).split("\n"), "", "NNNN", "ZCZC", "(", ")", "Ünïcode ß"]), max_size=30)
)
def test_no_line_is_lost_whatever_the_order(lines: list[str]) -> None:
    file = "\n".join(lines)
    kept = [line for piece in split(file) for line in piece.text.split("\n") if line.strip()]
    assert kept == [line for line in lines if line.strip()]
    for piece in split(file):
        assert piece.text.strip()
        assert file.split("\n")[piece.line - 1] == piece.text.split("\n")[0]
    list(read_all(file, RECEIVED))


def test_after_its_last_word_and_a_blank_line_another_warning_begins_without_a_heading_too() -> None:
    first = "NAVAREA XI 24-0531 (97)\n\nROCKET LAUNCHING 250014Z TO 250614Z SEP.\n\n"
    first += "AREA WITHIN 5 MILES OF 23-45N 120-12E.\nCANCEL THIS MSG 250714Z SEP."
    second = "GUNNERY EXERCISES 260014Z TO 260614Z SEP WITHIN 5 MILES OF 20-45N 110-12E."
    assert [piece.text for piece in split(f"{first}\n\n{second}\n")] == [first, second]


@pytest.mark.parametrize("start", ["NAVAREA XI 123/24\n", "(A1234/24 NOTAMN\n", "{blanks}NAVAREA XI 123/24\n", ""])
def test_a_file_of_many_paragraphs_is_split_in_time_with_its_length(start: str) -> None:
    def seconds(paragraphs: int) -> float:
        file = start.format(blanks="\n" * paragraphs) + "A\n\n" * paragraphs
        best = 99.0
        for _ in range(3):
            began = time.process_time()
            list(split(file))
            best = min(best, time.process_time() - began)
        return best

    # Four times the file may cost eight times the time (noise), not sixteen.
    assert seconds(8_000) < 8 * seconds(2_000)
