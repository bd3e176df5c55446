"""A worker that takes its time between the seek to the beginning of its state and the reading of it."""

import asyncio
import os
from typing import Any

from faust.tables.recovery import Recovery

from streams.live import logs
from streams.live.settings import from_environment
from streams.live.worker import create_app

_seek = Recovery._seek_offsets


async def seek_and_rest(self: Recovery, *args: Any, **kwargs: Any) -> None:
    await _seek(self, *args, **kwargs)
    await asyncio.sleep(0.5)


Recovery._seek_offsets = seek_and_rest  # type: ignore[method-assign]
settings = from_environment(os.environ)
app = create_app(settings, logs=logs.configure(form="json", run=settings.run))
