"""Fuzz the readers of structured notices with atheris: ``python tests/fuzz/fuzz_structured.py -max_total_time=60``.

No file may raise, hang or grow: it is read, or everything that is wrong with it is told.
"""

import sys

import atheris

with atheris.instrument_imports():
    from producers.structured.flat import Usual
    from producers.structured.reading import FORMS, form_of, read
    from streams.events.decode import decode, encode

USUAL = Usual("urn:fuzz", "PRC")
_MOST_TOLD = 1_100


def one(data: bytes) -> None:
    """Read one input in the form that its first byte chooses."""
    form, rest = FORMS[data[0] % len(FORMS)] if data else FORMS[0], data[1:]
    form_of("standard input", rest)
    result = read("fuzz", rest, form, USUAL)
    assert bool(result.events) != bool(result.problems)
    assert len(result.problems) <= _MOST_TOLD
    assert all(problem.message and len(str(problem)) < 4_000 for problem in result.problems)
    for event in result.events:
        assert decode(encode(event)) == event


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
