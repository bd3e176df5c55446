"""Faults strike in mid-story and are healed; what is told of a round afterwards."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from influxdb_client.client.exceptions import InfluxDBError
from kafka.errors import KafkaError
from urllib3.exceptions import HTTPError

from streams.log.admin import BrokerError
from tests.chaos.faults import FAULTS
from tests.chaos.house import House
from tests.chaos.rounds import Round
from tests.chaos.verdict import Difference
from tests.live.running import until

PATIENCE = 200.0
"""Seconds in which everything must be there after the story was told."""
REST = 2.0
"""Seconds more, in which what comes once too often would come."""


@dataclass
class Survived:
    """What came of a round.

    Attributes:
        mid: How many revisions of how many were told when the first fault struck.
        lapses: Revisions that were found.
        pages: Words that were delivered.
        repeated: Words that were delivered a second time, under the same key.
        points: Points in the database.
        differences: What was not as in the undisturbed run.
        seconds: From the start of its stack to the verdict.
        said: What the parts of the house said, where the end of the story did not come.
    """

    mid: tuple[int, int] = (0, 0)
    lapses: int = 0
    pages: int = 0
    repeated: int = 0
    points: int = 0
    differences: Sequence[Difference] = ()
    seconds: float = 0.0
    said: str = ""


class Teller(Protocol):
    """Who tells the story."""

    sent: int
    """How many of its records or events were told."""


def strike(one: Round, house: House, teller: Teller, total: int, revisions: int) -> tuple[int, int]:
    """Let the faults strike and be healed; how many revisions were told when the first one did, and how many there will be.

    Raises:
        AssertionError: when that was not in mid-story: then the round proves nothing.
    """
    if not one.strikes:
        return 0, revisions
    until(lambda: teller.sent >= one.strikes[0].at * total and bool(house.lapses()), f"mid-story\n{house.said()}")
    mid = len(set(house.lapses()))
    assert mid < revisions, f"all {mid} revisions were told already: this was not mid-story"
    struck = time.monotonic()
    for each in one.strikes:
        FAULTS[each.fault].strike(house)
    for each in sorted(one.strikes, key=lambda each: each.holds):
        time.sleep(max(0.0, struck + each.holds - time.monotonic()))
        FAULTS[each.fault].heal(house)
    return mid, revisions


def waited(condition: Callable[[], bool], patience: float) -> bool:
    """Wait for a condition that may be impossible to tell while a server comes back; whether it came true."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(KafkaError, BrokerError, HTTPError, InfluxDBError, OSError):
            if condition():
                return True
        time.sleep(0.5)
    return False


def judged(differences: Sequence[Difference], *, came: bool) -> Sequence[Difference]:
    """The differences, and where there is none that the end did not come: nothing is survived by being out of sight."""
    if differences or came:
        return differences
    return [Difference("end", "missing", f"it was not all there, or could not be looked at, after {PATIENCE:g} s")]
