"""The yardstick of the live path: the same three rules as a Faust user would write them by Faust's own guide.

Typed records, one event at a time, state in tables, a write to a table for each event, a tick to notice what did not come.
Loaded by ``faust -A tests.benchmarks.live.idiomatic:app worker``. It knows the synthetic load alone: it takes back nothing,
explains nothing, orders nothing, and what it counts on (no event is later than thirty seconds) is true of that load.
"""

import os
from datetime import datetime

import faust

from streams.topics import CHANNELS, INCIDENTS, LAUNCHES, in_run
from tests.benchmarks.oracle import CONTACT_WITHIN, LONGEST_GAP

GAP = LONGEST_GAP.total_seconds()
ANSWER = CONTACT_WITHIN.total_seconds()
KEPT = 8


class Window(faust.Record):
    opens: str
    closes: str


class Recipient(faust.Record):
    party: str
    received: str


class Data(faust.Record):
    channel: str | None = None
    party: str | None = None
    launch: str | None = None
    window: Window | None = None
    recipients: list[Recipient] | None = None
    parties: list[str] | None = None
    incident: str | None = None


class Event(faust.Record):
    id: str
    type: str
    time: str
    data: Data


class Found(faust.Record):
    rule: str
    subject: str
    onset: float
    withdrawn: bool = False


_run = os.environ.get("BENCH_RUN")
app = faust.App(
    os.environ.get("BENCH_GROUP", "idiomatic"),
    broker=f"kafka://{os.environ.get('STEADYLINE_KAFKA', '127.0.0.1:9092')}",
    topic_partitions=int(os.environ.get("BENCH_PARTITIONS", "8")),
    topic_replication_factor=1,
    topic_disable_leader=True,
    store="memory://",
    consumer_auto_offset_reset="earliest",
    stream_wait_empty=False,
    broker_commit_interval=1.0,
    datadir=os.environ.get("STEADYLINE_DATADIR"),
)
channels = app.topic(in_run(CHANNELS, _run), value_type=Event, key_type=bytes)
launches = app.topic(in_run(LAUNCHES, _run), value_type=Event, key_type=bytes)
incidents = app.topic(in_run(INCIDENTS, _run), value_type=Event, key_type=bytes)
lapses = app.topic(f"{os.environ.get('BENCH_GROUP', 'idiomatic')}-lapses", value_type=Found, partitions=1)

checked = app.Table("checked", default=float)
told = app.Table("told", default=list)
asked = app.Table("asked", default=list)
seen: dict[int, dict[str, float]] = {}
"""By partition, the channels by their last check: what a tick in that partition looks through."""
due: dict[int, dict[str, dict[str, float]]] = {}
"""By partition and pair, incidents that wait for contact, by when they happened."""
gone: set[tuple[str, float]] = set()
"""Channels and their last check, of which it was said that they are missing."""
silent: set[str] = set()
"""Incidents of which it was said that no contact came."""


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def kind(event: Event) -> str:
    return event.type.removeprefix("org.steadyline.")


def partition() -> int:
    current = faust.current_event()
    assert current is not None
    return int(current.message.partition)


@app.agent(channels)
async def check(events: faust.StreamT[Event]) -> None:
    async for event in events:
        at, here = moment(event.time), seen.setdefault(partition(), {})
        if kind(event) == "tick.v1":
            for channel, last in here.items():
                if at - last > GAP and (channel, last) not in gone:
                    gone.add((channel, last))
                    await lapses.send(value=Found("check", channel, last + GAP))
            continue
        name = event.data.channel
        assert name is not None
        last = checked[name]
        if at > last:
            if last and at - last > GAP and (name, last) not in gone:
                await lapses.send(value=Found("check", name, last + GAP))
            checked[name] = here[name] = at


@app.agent(launches)
async def launch(events: faust.StreamT[Event]) -> None:
    async for event in events:
        data, at = event.data, moment(event.time)
        if kind(event) == "launch.notice.v1":
            assert data.recipients is not None
            assert data.window is not None
            window = (moment(data.recipients[0].received), moment(data.window.opens), moment(data.window.closes))
            told[data.party] = [*told[data.party], window][-KEPT:]
        elif kind(event) == "launch.observation.v1" and not any(
            received < at and opens <= at <= closes for received, opens, closes in told[data.party]
        ):
            await lapses.send(value=Found("notice", f"{data.party}/{data.launch}/WATCH", at))


@app.agent(incidents)
async def incident(events: faust.StreamT[Event]) -> None:
    async for event in events:
        data, at, here = event.data, moment(event.time), due.setdefault(partition(), {})
        if kind(event) == "tick.v1":
            for pair, waiting in here.items():
                for name, since in waiting.items():
                    if at - since > ANSWER and name not in silent:
                        silent.add(name)
                        await lapses.send(value=Found("contact", f"{pair}/{name}", since))
            continue
        assert data.parties is not None
        pair = "-".join(sorted(data.parties))
        waiting = here.setdefault(pair, {})
        if kind(event) == "incident.report.v1":
            assert data.incident is not None
            asked[pair] = [*asked[pair], [data.incident, at]][-KEPT:]
            waiting[data.incident] = at
            continue
        asked[pair] = [each for each in asked[pair] if not 0 < at - each[1] <= ANSWER]
        for name in [name for name, since in waiting.items() if 0 < at - since <= ANSWER]:
            if name in silent:
                await lapses.send(value=Found("contact", f"{pair}/{name}", waiting[name], withdrawn=True))
            del waiting[name]
