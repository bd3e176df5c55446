"""A file of warnings to events: what is sent, what is faulty, what was passed over or waits for a person's word."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from producers.warnings.reading import Reading
from producers.warnings.remembering import Remembered
from producers.warnings.texts import LONGEST, read, split
from streams.agreements.problems import Problem
from streams.events.decode import Refused, decode, encode
from streams.events.envelope import Party
from streams.events.launches import LaunchNotice

Hazard = Literal["launch", "debris"]
MOST_TEXTS = 10_000


class Said(NamedTuple):
    """What is said of all texts of a file.

    Attributes:
        received: When they came in, UTC.
        source: Who says so.
        party: Who launches; ``None`` to take whom each text names.
        hazard: What endangers, where a text does not say it.
        may_be_none: Whether a file without a warning is no fault: on some days none is broadcast.
    """

    received: datetime
    source: str
    party: Party | None = None
    hazard: Hazard | None = None
    may_be_none: bool = False


class Filed(NamedTuple):
    """What became of a file.

    Attributes:
        events: In the order of the texts.
        problems: What is to be mended.
        remarks: What was passed over, and what went in without being fully understood.
        unclear: Texts that were left out since they do not say what endangers; each has a remark.
    """

    events: list[LaunchNotice]
    problems: list[Problem]
    remarks: list[Problem]
    unclear: int


def filed(name: str, data: bytes, said: Said, remembered: Remembered) -> Filed:
    """Read a file of warnings.

    Args:
        name: What to call it.
        data: Its bytes. What is no UTF-8 stays visible as such; the readers know no such characters and say so.
        said: What is said of all texts.
        remembered: Which notice each text stands for; what is new is noted there, and not yet kept.
    """
    result = Filed([], [], [], 0)
    unclear = number = 0
    for number, (line, text) in enumerate(split(data.decode("utf-8-sig", "replace")), 1):
        if number > MOST_TEXTS:
            result.problems.append(Problem(name, line, "", f"expected at most {MOST_TEXTS:,} warnings in a file, got more"))
            break
        if len(text) > LONGEST:
            result.problems.append(
                Problem(name, line, "", f"expected a warning of at most {LONGEST:,} characters, got {len(text):,}")
            )
            continue
        reading = read(text, said.received)
        if not reading.named and said.hazard is not None:
            reading = msgspec.structs.replace(reading, kind=said.hazard, named=True)
        called = reading.id or "a text without a number"
        try:
            # Through the one door that every event comes through.
            events = remembered.events(reading, party=said.party, source=said.source, received=said.received)
            for event in events:
                decode(encode(event))
        except Refused as error:
            result.problems.append(Problem(name, line, called, str(error)))
            continue
        result.events.extend(events)
        unclear += not reading.named
        result.remarks.extend(Problem(name, line, called, remark) for remark in _remarks(reading, events))
    if not number and not said.may_be_none:
        result.problems.append(Problem(name, None, "", "expected a warning, got none"))
    return result._replace(unclear=unclear)


def _remarks(reading: Reading, events: list[LaunchNotice]) -> Iterator[str]:
    if not reading.named:
        yield "left out: it does not say what endangers; --hazard launch or debris says it"
    elif not events:
        yield f"passed over: {reading.kind} is no launch"
    for part in dict.fromkeys(part for event in events for part in event.data.unread):
        yield f"goes in, marked: {part}"
