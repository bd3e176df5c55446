"""NOTAMs in the published formats, with the whole reading expected of each."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.warnings.notam import read
from producers.warnings.spoken import as_json

CORPUS = Path(__file__).parent / "corpus" / "notam"
TEXTS = sorted(CORPUS.glob("*.txt"))
RECEIVED = datetime(2026, 9, 24, tzinfo=UTC)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_notam_is_read_as_expected(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert as_json(read(path.read_bytes().decode(), RECEIVED)) == expected


def test_the_corpus_has_a_reading_for_every_text_and_no_other() -> None:
    assert len(TEXTS) >= 35
    assert {path.stem for path in TEXTS} == {path.stem for path in CORPUS.glob("*.json")}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_what_was_not_read_stands_where_the_reading_says(path: Path) -> None:
    text = path.read_bytes().decode()
    lines = text.split("\n")
    for part in read(text, RECEIVED).unread:
        assert "\n".join(lines[part.line - 1 :])[part.column - 1 :].replace("\r", "").startswith(part.text)
