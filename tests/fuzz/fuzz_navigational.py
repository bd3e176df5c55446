"""Fuzzes the navigational reader: ``python -m tests.fuzz.fuzz_navigational -max_total_time=60``.

Only our code is instrumented.
"""

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["producers.warnings"]):
    from producers.warnings.navigational import read
    from producers.warnings.notices import Ledger
    from producers.warnings.spoken import as_json
    from producers.warnings.texts import read_all

from streams.events.decode import decode, encode

RECEIVED = datetime(2024, 9, 24, tzinfo=UTC)


def one(data: bytes) -> None:
    """Read any text: no crash, the text kept, every unread part in its place, events that decode."""
    text = data.decode("utf-8", errors="replace")[:20_000]
    reading = read(text, RECEIVED)
    assert reading.text == text
    lines = text.split("\n")
    for part in reading.unread:
        from_there = " ".join("\n".join(lines[part.line - 1 :])[part.column - 1 :].split())
        assert from_there.startswith(part.text.removesuffix(" ..."))
    assert all(span.end is None or span.end >= span.start for span in reading.windows)
    as_json(reading)
    for event in Ledger().events(reading, party=None, source="fuzz", received=RECEIVED):
        assert decode(encode(event)) == event
    list(read_all(text, RECEIVED))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
