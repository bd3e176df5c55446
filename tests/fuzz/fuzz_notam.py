"""Fuzzes the NOTAM reader: ``python -m tests.fuzz.fuzz_notam -runs=20000``. Only our own code is instrumented."""

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["producers.warnings"]):
    from producers.warnings.notam import read
    from producers.warnings.spoken import as_json

RECEIVED = datetime(2026, 9, 24, tzinfo=UTC)


def one(data: bytes) -> None:
    """Read any text: no crash, the text kept, every unread part in its place."""
    text = data.decode("utf-8", errors="replace")[:20_000]
    reading = read(text, RECEIVED)
    assert reading.text == text
    lines = text.split("\n")
    for part in reading.unread:
        assert part.text
        assert part.line <= len(lines)
    as_json(reading)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
