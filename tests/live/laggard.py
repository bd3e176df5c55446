"""A worker whose broker says that the changelog is created, and has it a good while later."""

import asyncio
import os
from typing import Any

from faust.transport.drivers.aiokafka import Producer

from streams.live import logs
from streams.live.settings import from_environment
from streams.live.worker import create_app

_create = Producer.create_topic
under_way: set[asyncio.Task[None]] = set()


async def create_later(self: Producer, topic: str, *args: Any, **kwargs: Any) -> None:
    async def create() -> None:
        await asyncio.sleep(2.0)
        await _create(self, topic, *args, **kwargs)

    under_way.add(asyncio.create_task(create()))


Producer.create_topic = create_later  # type: ignore[method-assign]
settings = from_environment(os.environ)
app = create_app(settings, logs=logs.configure(form="json", run=settings.run))
