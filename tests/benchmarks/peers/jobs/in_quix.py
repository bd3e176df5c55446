"""The job by Quix Streams, on the log that the workers of the live benchmark read too; run as a module.

As its guide has it: a dataframe a topic, JSON read by msgspec, ``apply`` with state in RocksDB that is kept for each key and
written to a changelog, and what it yields sent to a topic. It cannot look through the state of other keys, so what a tick looks
for is remembered beside it, by partition. Its lapses are told as the idiomatic Faust agent tells its own.
"""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from quixstreams import Application, State, message_context
from quixstreams.models import JSONDeserializer

from streams.topics import CHANNELS, INCIDENTS, LAUNCHES, in_run
from tests.benchmarks.events import Check, Contact, Event, Incident, Notice
from tests.benchmarks.oracle import CONTACT_WITHIN, LONGEST_GAP
from tests.benchmarks.peers.duties import KEPT, pair
from tests.benchmarks.peers.job import begun

GAP, ANSWER = LONGEST_GAP.total_seconds(), CONTACT_WITHIN.total_seconds()


class Tick(msgspec.Struct, tag_field="type", tag="org.steadyline.tick.v1"):
    time: datetime


Told = dict[str, Any]
read = msgspec.json.Decoder(Event | Tick).decode
seen: dict[int, dict[str, float]] = {}
"""By partition, the channels by their last check: what a tick in that partition looks through."""
due: dict[int, dict[str, dict[str, float]]] = {}
"""By partition and pair, incidents that wait for contact, by when they happened."""
gone: set[tuple[str, float]] = set()
"""Channels and their last check, of which it was said that they are missing."""
silent: set[str] = set()
"""Incidents of which it was said that no contact came."""
handled = {"at": 0.0}
"""When the last tick so far had been handled: with one the log ends."""


def told(rule: str, subject: str, onset: float, *, withdrawn: bool = False) -> Told:
    return {"rule": rule, "subject": subject, "onset": onset, "withdrawn": withdrawn}


def check(event: Check | Tick, state: State) -> Iterator[Told]:
    if not seen:
        begun()
    at, here = event.time.timestamp(), seen.setdefault(message_context().partition, {})
    if isinstance(event, Tick):
        for channel, last in here.items():
            if at - last > GAP and (channel, last) not in gone:
                gone.add((channel, last))
                yield told("check", channel, last + GAP)
        handled["at"] = time.monotonic()
        return
    name = event.data.channel
    last = state.get(name, 0.0)
    if at > last:
        if last and at - last > GAP and (name, last) not in gone:
            yield told("check", name, last + GAP)
        here[name] = at
        state.set(name, at)


def launch(event: Any, state: State) -> Iterator[Told]:
    if isinstance(event, Tick):
        handled["at"] = time.monotonic()
        return
    party, at = event.data.party, event.time.timestamp()
    notices = state.get(party, [])
    if isinstance(event, Notice):
        span = event.data.window
        window = [moment.timestamp() for moment in (event.data.recipients[0].received, span.opens, span.closes)]
        state.set(party, [*notices, window][-KEPT:])
    elif not any(received < at and opens <= at <= closes for received, opens, closes in notices):
        yield told("notice", f"{party}/{event.data.launch}/WATCH", at)


def incident(event: Incident | Contact | Tick, state: State) -> Iterator[Told]:
    at, here = event.time.timestamp(), due.setdefault(message_context().partition, {})
    if isinstance(event, Tick):
        for name, waiting in here.items():
            for subject, since in waiting.items():
                if at - since > ANSWER and subject not in silent:
                    silent.add(subject)
                    yield told("contact", f"{name}/{subject}", since)
        handled["at"] = time.monotonic()
        return
    parties = pair(event.data.parties)
    waiting, asked = here.setdefault(parties, {}), state.get(parties, [])
    if isinstance(event, Incident):
        state.set(parties, [*asked, [event.data.incident, at]][-KEPT:])
        waiting[event.data.incident] = at
        return
    state.set(parties, [each for each in asked if not 0 < at - each[1] <= ANSWER])
    for subject in [subject for subject, since in waiting.items() if 0 < at - since <= ANSWER]:
        if subject in silent:
            yield told("contact", f"{parties}/{subject}", waiting[subject], withdrawn=True)
        del waiting[subject]


def main() -> None:
    """Judge until told to end."""
    group, run = os.environ["BENCH_GROUP"], os.environ.get("BENCH_RUN")
    app = Application(
        broker_address=os.environ["STEADYLINE_KAFKA"],
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=os.environ["STEADYLINE_DATADIR"],
        loglevel="WARNING",
    )
    lapses = app.topic(f"{group}-lapses", value_serializer="json")
    for name, judged in ((CHANNELS, check), (LAUNCHES, launch), (INCIDENTS, incident)):
        frame = app.dataframe(app.topic(in_run(name, run), value_deserializer=JSONDeserializer(loads=read)))
        frame.apply(judged, stateful=True, expand=True).to_topic(lapses)
    app.run()
    Path(os.environ["BENCH_LAST"]).write_text(str(handled["at"]), encoding="ascii")


if __name__ == "__main__":
    main()
