"""The job by Bytewax, whose runtime is Rust and whose steps are Python, tuned: every step takes whole batches.

A source of lines, a step that decodes a batch, items that are pairs of a key and a value, and one ``stateful_batch`` step,
whose logic keeps what it likes for its key. Bytewax has no timers in the events' time for such a step (``notify_at`` is the
machine's clock), so a key's own events move its time on, and ``on_eof`` tells what is open at the end.
"""

from typing import Any

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from tests.benchmarks.events import Event, read
from tests.benchmarks.oracle import Lapse
from tests.benchmarks.peers.duties import Duty, duty_of, owner
from tests.benchmarks.peers.job import begun


class _Logic(op.StatefulBatchLogic[Any, Lapse, Any]):
    """A duty: which one, the first event says."""

    def __init__(self, duty: Duty | None) -> None:
        self._duty = duty

    def on_batch(self, values: list[Any]) -> tuple[list[Lapse], bool]:
        if self._duty is None:
            self._duty = duty_of(values[0])
        return self._duty.take(values), False

    def on_eof(self) -> tuple[list[Lapse], bool]:
        return [] if self._duty is None else self._duty.end(), True

    def snapshot(self) -> Any:
        return self._duty


def keyed(lines: list[str]) -> list[tuple[str, Event]]:
    """The events of these lines with what they bear on."""
    return [(owner(event := read(line)), event) for line in lines]


def found(path: str) -> list[Lapse]:
    """Run the flow to its end."""
    flow = Dataflow("steadyline")
    lines = op.input("lines", flow, FileSource(path))
    events = op.flat_map_batch("decode", lines, keyed)
    lapses: list[Lapse] = []
    judged = op.stateful_batch("judge", events, _Logic)
    op.output("lapses", op.key_rm("lapse", judged), TestingSink(lapses))
    begun()
    run_main(flow)
    return lapses
