"""Navigational warnings in the published formats, with the whole reading expected of each."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.warnings.navigational import read
from producers.warnings.spoken import as_json

CORPUS = Path(__file__).parent / "corpus" / "navigational"
TEXTS = sorted(CORPUS.glob("*.txt"))
RECEIVED = datetime(2024, 9, 24, tzinfo=UTC)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_warning_is_read_as_expected(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert as_json(read(path.read_text("utf-8"), RECEIVED)) == expected


def test_the_corpus_has_a_reading_for_every_text_and_no_other() -> None:
    assert len(TEXTS) >= 60
    assert {path.stem for path in TEXTS} == {path.stem for path in CORPUS.glob("*.json")}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_what_was_not_read_stands_where_the_reading_says(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = text.split("\n")
    for part in read(text, RECEIVED).unread:
        from_there = " ".join("\n".join(lines[part.line - 1 :])[part.column - 1 :].split())
        assert from_there.startswith(part.text)
        assert part.expected


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_line_ends_and_capitals_change_nothing(path: Path) -> None:
    text = path.read_text("utf-8")
    plain = read(text, RECEIVED)
    for changed in (text.replace("\n", "\r\n"), text.lower()):
        found = read(changed, RECEIVED)
        assert (found.windows, found.areas, found.cancels, found.kind) == (
            plain.windows,
            plain.areas,
            plain.cancels,
            plain.kind,
        )
        assert len(found.unread) == len(plain.unread)
