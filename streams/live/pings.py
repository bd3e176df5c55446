"""A dead man's switch: calls to an outside address that stop when the watch stands still, so that the outside raises the alarm.

An address with ``{partition}`` in it stands for as many checks as there are partition numbers; whoever owns a number pings
its check, and a number that nobody owns falls silent. An address without it speaks for all of them, so only a worker that
owns all pings it; with several workers it would hide the one that hangs, and therefore stays silent until it is told apart.
No worker keeps the clock's own check: where the clock stands still, no tick passes anywhere, and all of them fall silent.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import structlog
from yarl import URL

from streams.live.progress import Partition, Vitals

EVERY = 60.0
"""Seconds between two pings, at least."""
PATIENCE = 10.0
"""Seconds that the other side is given to answer."""
MARK = "{partition}"
_HOPS = 3
_LOOK = 1.0
_log = structlog.stdlib.get_logger(__name__)


def address(environment: Mapping[str, str]) -> str | None:
    """The address to ping: ``STEADYLINE_PING_URL``, or the content of the file that ``STEADYLINE_PING_URL_FILE`` names.

    Raises:
        ValueError: when both are set, or the file cannot be read.
    """
    url, file = environment.get("STEADYLINE_PING_URL"), environment.get("STEADYLINE_PING_URL_FILE")
    if url and file:
        raise ValueError("expected STEADYLINE_PING_URL or STEADYLINE_PING_URL_FILE, got both")
    if not file:
        return url or None
    try:
        return Path(file).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise ValueError(f"expected STEADYLINE_PING_URL_FILE to name a readable file, got {file}: {reason}") from None


class Pinger:
    """Pings for one worker."""

    def __init__(
        self,
        url: str,
        vitals: Vitals,
        *,
        partitions: int,
        every: float = EVERY,
        patience: float = PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: What to call, http or https; it holds a token, so it is logged by its host alone. The environment's
                proxies are used.
            vitals: Whether ticks move.
            partitions: How many partition numbers there are.
            every: Seconds between two pings. The outside should wait for three times as long.
            patience: Seconds for each answer.
            monotonic: The clock by which the vitals are told, seconds.

        Raises:
            ValueError: when the address is no http or https URL; the message does not hold it.
        """
        try:
            parsed = URL(url.replace(MARK, "0"))
        except ValueError:
            parsed = URL()
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("expected an http or https URL to ping")
        self.host = parsed.host
        self._url = url
        self._vitals = vitals
        self._partitions = partitions
        self._every = every
        self._patience = patience
        self._monotonic = monotonic
        self._sent: dict[int | None, float] = {}
        self._outcomes: dict[int | None, str] = {}
        self._task: asyncio.Task[None] | None = None
        self.pinging = False
        """Whether an answer is waited for."""

    async def start(self) -> None:
        """Ping from now on, in a task of its own."""
        self._task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """Ping no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def run(self) -> None:
        """Ping until cancelled; whatever fails is logged once, and tried again."""
        timeout = aiohttp.ClientTimeout(total=self._patience)
        look = min(_LOOK, self._every / 4)
        async with aiohttp.ClientSession(
            timeout=timeout, trust_env=True, auto_decompress=False, headers={"User-Agent": "steadyline"}
        ) as session:
            while True:
                due = self.due(self._monotonic())
                self.pinging = True
                await asyncio.gather(*(self._ping(session, check) for check in due))
                self.pinging = False
                await asyncio.sleep(look)

    def due(self, at: float) -> list[int | None]:
        """The checks to ping now, by partition number, ``None`` for the one that stands for all; they count as pinged."""
        partitions = self._vitals.partitions()
        for gone in [check for check in self._sent if check is not None and check not in partitions]:
            # Somebody else's from now on. Where it comes back, it has to move anew.
            del self._sent[gone]
        checks: list[int | None]
        if MARK in self._url:
            checks = [number for number, partition in partitions.items() if self._moved(number, partition, at)]
        elif len(partitions) < self._partitions:
            if partitions:
                self._tell(
                    None,
                    f"no ping: this worker owns {len(partitions)} of {self._partitions} partitions and cannot speak for all;"
                    f" expected {MARK} in the address",
                )
            checks = []
        else:
            checks = [None] if all(self._moved(None, partition, at) for partition in partitions.values()) else []
        for check in checks:
            self._sent[check] = at
        return checks

    def _moved(self, check: int | None, partition: Partition, at: float) -> bool:
        last = self._sent.get(check)
        if partition.moves == 0:
            return False
        return last is None or (at - last >= self._every and partition.moved > last)

    async def _ping(self, session: aiohttp.ClientSession, check: int | None) -> None:
        url = URL(self._url.replace(MARK, "" if check is None else str(check)))
        try:
            outcome = await self._answer(session, url)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # The text of some of these holds the whole address.
            system = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
            told = getattr(system, "strerror", None)
            outcome = f"failed: {'no answer in time' if isinstance(error, TimeoutError) else told or type(error).__name__}"
        self._tell(check, outcome)

    async def _answer(self, session: aiohttp.ClientSession, url: URL) -> str:
        for _ in range(_HOPS):
            async with session.get(url, allow_redirects=False) as response:
                if response.status not in (301, 302, 303, 307, 308):
                    return "ok" if response.ok else f"failed: status {response.status}"
                onward = url.join(URL(response.headers.get("Location", "")))
            if onward.host != url.host or onward.scheme not in (url.scheme, "https"):
                return "failed: sent on to another host"
            url = onward
        return "failed: sent on too often"

    def _tell(self, check: int | None, outcome: str) -> None:
        known = self._outcomes.get(check)
        self._outcomes[check] = outcome
        if outcome == known:
            return
        where = {} if check is None else {"partition": check}
        if outcome == "ok":
            _log.info("pings arrive", host=self.host, **where)
        else:
            _log.warning("ping " + outcome if outcome.startswith("failed") else outcome, host=self.host, **where)
