"""A worker that in its first life fetches no more after a while, and goes on answering its group."""

import os
from typing import Any

import faust
import msgspec

from streams.live import logs
from streams.live.settings import from_environment
from streams.live.watchdog import HISTORY
from streams.live.worker import create_app

settings = msgspec.structs.replace(from_environment(os.environ), stall=4.0)
app = create_app(settings, logs=logs.configure(form="json", run=settings.run))
_take = app.take
taken = 0


async def take(event: faust.EventT[Any]) -> None:
    global taken
    await _take(event)
    taken += 1
    # On a busy machine that many may be read before the first is done with.
    committed = any(app.consumer._committed_offset.values())  # type: ignore[attr-defined]
    if taken >= 40 and committed and HISTORY not in os.environ:
        app.consumer.pause_partitions(set(app.consumer.assignment()))


app.take = take  # type: ignore[method-assign]
