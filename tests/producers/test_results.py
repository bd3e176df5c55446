"""The results of the benchmarks: one part is measured anew, and the others stay as they are."""

from tests.benchmarks.__main__ import HEADINGS, RESULTS, put_together, taken_apart


def test_the_results_come_apart_and_together_again() -> None:
    written = RESULTS.read_text(encoding="utf-8")
    parts = taken_apart(written)
    assert put_together(parts) == written
    assert list(parts) == ["embedded", *HEADINGS]
    changed = taken_apart(put_together(parts | {"warnings": "anew"}))
    assert changed["warnings"].strip() == "anew"
    assert {name: text.strip() for name, text in (parts | changed).items() if name != "warnings"} == {
        name: text.strip() for name, text in parts.items() if name != "warnings"
    }
