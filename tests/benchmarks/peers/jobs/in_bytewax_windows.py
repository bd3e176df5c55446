"""The job by Bytewax with its windows by the events' time, which are what its guide has for events that come late.

A session window for each channel ends where a check is missing: ``fold_window`` with an ``EventClock`` that waits thirty
seconds. Launches and incidents, of which there are few, are judged as in the job one event at a time.
"""

from datetime import datetime
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as windowing
from bytewax.dataflow import Stream

from tests.benchmarks.events import Check
from tests.benchmarks.oracle import LONGEST_GAP, Lapse
from tests.benchmarks.peers.duties import LATEST
from tests.benchmarks.peers.jobs import in_bytewax_items


def _later(last: datetime | None, check: Check) -> datetime:
    return check.time if last is None or check.time > last else last


def _silences(checks: Stream[Check]) -> Stream[Lapse]:
    keyed = op.key_on("check-owner", checks, lambda check: check.data.channel)
    clock: Any = windowing.EventClock(lambda check: check.time, wait_for_system_duration=LATEST)
    sessions = windowing.fold_window("check", keyed, clock, windowing.SessionWindower(LONGEST_GAP), lambda: None, _later, max)
    return op.map("check-lapse", sessions.down, lambda each: ("check", each[0], each[1][1] + LONGEST_GAP))


def found(path: str) -> list[Lapse]:
    """Run the flow to its end."""
    return in_bytewax_items.found(path, _silences)
