"""The job by Bytewax with its windows by the events' time, which are what its guide has for events that come late.

A session window for each channel ends where a check is missing: ``fold_window`` with an ``EventClock`` that waits thirty
seconds. Launches and incidents, of which there are few, are judged as in the job one event at a time.
"""

from datetime import datetime
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as windowing
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink, run_main

from tests.benchmarks.events import Check, Launch, Notice, read
from tests.benchmarks.oracle import LONGEST_GAP, Lapse
from tests.benchmarks.peers.duties import LATEST, Unannounced, Unanswered, pair
from tests.benchmarks.peers.job import begun
from tests.benchmarks.peers.jobs.in_bytewax_items import judged


def _later(last: datetime | None, check: Check) -> datetime:
    return check.time if last is None or check.time > last else last


def _silences(checks: Stream[Check]) -> Stream[Lapse]:
    keyed = op.key_on("check-owner", checks, lambda check: check.data.channel)
    clock: Any = windowing.EventClock(lambda check: check.time, wait_for_system_duration=LATEST)
    sessions = windowing.fold_window("check", keyed, clock, windowing.SessionWindower(LONGEST_GAP), lambda: None, _later, max)
    return op.map("check-lapse", sessions.down, lambda each: ("check", each[0], each[1][1] + LONGEST_GAP))


def found(path: str) -> list[Lapse]:
    """Run the flow to its end."""
    flow = Dataflow("steadyline")
    events = op.map("decode", op.input("lines", flow, FileSource(path)), read)
    checks = op.branch("checks", events, lambda event: isinstance(event, Check))
    launches = op.branch("launches", checks.falses, lambda event: isinstance(event, Launch | Notice))
    lapses: list[Lapse] = []
    merged = op.merge(
        "judged",
        _silences(checks.trues),
        judged("notice", launches.trues, lambda event: event.data.party, Unannounced),
        judged("contact", launches.falses, lambda event: pair(event.data.parties), Unanswered),
    )
    op.output("lapses", merged, TestingSink(lapses))
    begun()
    run_main(flow)
    return lapses
