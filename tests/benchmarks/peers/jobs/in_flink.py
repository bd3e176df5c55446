"""The job by PyFlink in its embedded mini cluster, at parallelism 1: the runtime is Java, the steps are Python in its threads.

As its guide has it: a ``FileSource`` of lines, a ``map`` that decodes, watermarks that lie thirty seconds behind the newest
event, and a ``KeyedProcessFunction`` with state and timers in the events' time. Tuned: the execution mode ``thread``, which
spares the way to another process, one keyed step for the three rules, large bundles, and no checkpoints.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pyflink.common import Configuration, Duration, Types, WatermarkStrategy
from pyflink.common.watermark_strategy import TimestampAssigner
from pyflink.datastream import KeyedProcessFunction, MapFunction, StreamExecutionEnvironment
from pyflink.datastream.connectors.file_system import FileSource, StreamFormat
from pyflink.datastream.state import ValueStateDescriptor

from tests.benchmarks.events import Check, Event, Incident, Launch, Notice, read
from tests.benchmarks.oracle import CONTACT_WITHIN, LONGEST_GAP, Lapse
from tests.benchmarks.peers.duties import KEPT, LATEST, owner, pair
from tests.benchmarks.peers.job import begun

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GAP, WITHIN = LONGEST_GAP // _MILLISECOND, CONTACT_WITHIN // _MILLISECOND

Told = tuple[str, int, str, str, int, int, int]
"""Whose event it is; when; what kind; its subject; of a notice when it was received and when its window opens and closes.

Times are milliseconds since 1970.
"""


class Decode(MapFunction):
    """Lines to what the rules look at."""

    def open(self, context: Any) -> None:
        begun()

    def map(self, value: str) -> Told:
        event = read(value)
        return (owner(event), _ms(event.time), *_told(event))


def _told(event: Event) -> tuple[str, str, int, int, int]:
    if isinstance(event, Check):
        return "check", event.data.channel, 0, 0, 0
    if isinstance(event, Launch):
        return "launch", f"{event.data.party}/{event.data.launch}/WATCH", 0, 0, 0
    if isinstance(event, Notice):
        window = event.data.window
        return "notice", "", _ms(event.data.recipients[0].received), _ms(window.opens), _ms(window.closes)
    if isinstance(event, Incident):
        return "incident", f"{pair(event.data.parties)}/{event.data.incident}", 0, 0, 0
    return "contact", "", 0, 0, 0


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


class Time(TimestampAssigner):
    """When an event happened."""

    def extract_timestamp(self, value: Told, record_timestamp: int) -> int:
        return value[1]


class Duties(KeyedProcessFunction):
    """The three rules, of whatever the key is: a channel, a party, a pair of parties.

    ``kept`` holds what fulfils: recent checks, notices, contacts; ``owed`` what asks for it: launches and incidents, each
    with its time. A timer fires once no event up to its moment can still come.
    """

    def open(self, runtime_context: Any) -> None:
        self.kept = runtime_context.get_state(ValueStateDescriptor("kept", Types.PICKLED_BYTE_ARRAY()))
        self.owed = runtime_context.get_state(ValueStateDescriptor("owed", Types.PICKLED_BYTE_ARRAY()))

    def process_element(self, value: Told, ctx: Any) -> None:
        _, at, kind, subject, received, opens, closes = value
        if kind == "check":
            times = self.kept.value() or []
            if at not in times:
                self.kept.update([*times, at])
                ctx.timer_service().register_event_time_timer(at + GAP + 1)
        elif kind in ("notice", "contact"):
            told = (received, opens, closes) if kind == "notice" else at
            self.kept.update([*(self.kept.value() or []), told][-KEPT:])
        else:
            self.owed.update({**(self.owed.value() or {}), (kind, subject): at})
            ctx.timer_service().register_event_time_timer(at + 1 if kind == "launch" else at + WITHIN + 1)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[tuple[str, str, int]]:
        owed = self.owed.value()
        if owed is None:
            last = timestamp - 1 - GAP
            after = [at for at in self.kept.value() if at > last]
            self.kept.update(after)
            if not any(at <= last + GAP for at in after):
                yield "check", ctx.get_current_key(), last + GAP
            return
        kept = self.kept.value() or []
        for (kind, subject), at in list(owed.items()):
            if kind == "launch" and timestamp == at + 1:
                if not any(received < at and opens <= at <= closes for received, opens, closes in kept):
                    yield "notice", subject, at
            elif kind == "incident" and timestamp == at + WITHIN + 1:
                if not any(at < contact <= at + WITHIN for contact in kept):
                    yield "contact", subject, at
            else:
                continue
            del owed[kind, subject]
        self.owed.update(owed)


def found(path: str) -> list[Lapse]:
    """Run the flow to its end."""
    settings = Configuration()
    settings.set_string("python.execution-mode", "thread")
    settings.set_string("python.fn-execution.bundle.size", "10000")
    flow = StreamExecutionEnvironment.get_execution_environment(settings)
    flow.set_python_executable(sys.executable)
    flow.set_parallelism(1)
    lines = flow.from_source(
        FileSource.for_record_stream_format(StreamFormat.text_line_format(), path).build(),
        WatermarkStrategy.no_watermarks(),
        "lines",
    )
    long, string = Types.LONG(), Types.STRING()
    late = WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_millis(LATEST // _MILLISECOND))
    events = lines.map(Decode(), Types.TUPLE([string, long, string, string, long, long, long]))
    timed = events.assign_timestamps_and_watermarks(late.with_timestamp_assigner(Time()))
    judged = timed.key_by(lambda event: event[0], string).process(Duties(), Types.TUPLE([string, string, long]))
    with judged.execute_and_collect() as lapses:
        return [(rule, subject, _EPOCH + onset * _MILLISECOND) for rule, subject, onset in lapses]
