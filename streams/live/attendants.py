"""What attends a worker: its page of health, its dead man's ping, its watchdog. They look at it and judge nothing."""

import logging
import os
from collections.abc import Mapping

from streams.live import pings
from streams.live.health import Health
from streams.live.metrics import registry
from streams.live.pings import Pinger
from streams.live.progress import Vitals
from streams.live.settings import WorkerSettings
from streams.live.watchdog import Watchdog, broker
from streams.topics import CHANNELS

log = logging.getLogger(__name__)


class Attendants:
    """Those that the settings ask for."""

    def __init__(self, settings: WorkerSettings, vitals: Vitals, environment: Mapping[str, str] = os.environ) -> None:
        """Prepare; nothing runs yet.

        Raises:
            ValueError: when the address to ping cannot be used; the message does not hold it.
            OSError: when the file that holds it cannot be read.
        """
        self._settings = settings
        self._vitals = vitals
        self._url = pings.address(environment)
        self._health: Health | None = None
        self._pinger: Pinger | None = None
        self._dog: Watchdog | None = None
        if settings.health is not None:
            shown = registry(vitals, run=settings.run)
            self._health = Health(vitals, shown, bind=settings.health, hosts=settings.health_hosts)
        if settings.stall is not None:
            self._dog = Watchdog(
                vitals,
                broker(settings.bootstrap),
                name=settings.topic,
                some=(settings.topic(CHANNELS), 0),
                stall_after=settings.stall,
            )

    @property
    def page(self) -> str | None:
        """Where the page is; ``None`` where there is none."""
        return None if self._health is None else f"http://{self._health.bind}"

    async def start(self, partitions: int) -> None:
        """Begin, in the worker's loop.

        Args:
            partitions: How many partition numbers there are.

        Raises:
            OSError: when nothing can listen where the page is to be.
            ValueError: when the address to ping is none.
        """
        if self._health is not None:
            await self._health.start()
            log.info("health, readiness and metrics at %s", self.page)
        if self._dog is not None:
            self._dog.start()
        if self._url is not None:
            self._pinger = Pinger(self._url, self._vitals, partitions=partitions, every=self._settings.ping)
            await self._pinger.start()

    async def leave(self) -> None:
        """Look no more: the worker is about to end in good order. The page stays, and says so."""
        if self._dog is not None:
            self._dog.stop()
        if self._pinger is not None:
            await self._pinger.stop()

    async def stop(self) -> None:
        """Take the page down too."""
        if self._health is not None:
            await self._health.stop()
