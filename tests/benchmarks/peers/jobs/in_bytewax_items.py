"""The job by Bytewax one event at a time: a branch for each rule, ``key_on``, and a ``stateful`` step of one's own.

The step keeps the events' time itself, as in the job by batches, which gives up this form for speed.
"""

from collections.abc import Callable
from typing import Any

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink, run_main

from tests.benchmarks.events import Check, Launch, Notice, read
from tests.benchmarks.oracle import Lapse
from tests.benchmarks.peers.duties import Duty, Silence, Unannounced, Unanswered, pair
from tests.benchmarks.peers.job import begun


class _Logic(op.StatefulLogic[Any, Lapse, Any]):
    """One duty of one owner."""

    def __init__(self, duty: Duty) -> None:
        self._duty = duty

    def on_item(self, value: Any) -> tuple[list[Lapse], bool]:
        return self._duty.take([value]), False

    def on_eof(self) -> tuple[list[Lapse], bool]:
        return self._duty.end(), True

    def snapshot(self) -> Any:
        return self._duty


def judged(rule: str, events: Stream[Any], owner: Callable[[Any], str], duty: type[Duty]) -> Stream[Lapse]:
    """What a stateful step for each owner finds."""
    keyed = op.key_on(f"{rule}-owner", events, owner)
    return op.key_rm(f"{rule}-lapse", op.stateful(rule, keyed, lambda kept: _Logic(duty() if kept is None else kept)))


def silences(checks: Stream[Check]) -> Stream[Lapse]:
    """What is found of checks, by the step."""
    return judged("check", checks, lambda check: check.data.channel, Silence)


def found(path: str, by: Callable[[Stream[Check]], Stream[Lapse]] = silences) -> list[Lapse]:
    """Run the flow to its end.

    Args:
        path: The load.
        by: How checks are judged.
    """
    flow = Dataflow("steadyline")
    events = op.map("decode", op.input("lines", flow, FileSource(path)), read)
    checks = op.branch("checks", events, lambda event: isinstance(event, Check))
    launches = op.branch("launches", checks.falses, lambda event: isinstance(event, Launch | Notice))
    lapses: list[Lapse] = []
    merged = op.merge(
        "judged",
        by(checks.trues),
        judged("notice", launches.trues, lambda event: event.data.party, Unannounced),
        judged("contact", launches.falses, lambda event: pair(event.data.parties), Unanswered),
    )
    op.output("lapses", merged, TestingSink(lapses))
    begun()
    run_main(flow)
    return lapses
