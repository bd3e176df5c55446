"""Alertmanager, by version 2 of its API: an alert for each page, fired again and again until it is over.

Alertmanager forgets an alert that nobody repeats. So each that fires is posted anew every so often with an end a few minutes
ahead, and the all-clear with an end that has come: should the desk die for good, Alertmanager calls it over by itself. Labels
are what an alert is known by: they stay as they were when it first fired. Only its severity can change; then the alert of
the old severity ends in the same post in which the new one begins.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import structlog

from alerts.delivery.addresses import Lookup, address_of, look_up, refuse_unmeant, without_secrets
from alerts.delivery.ports import Message, ReceiverError, UndeliveredError
from alerts.policy import Receiver
from alerts.sendings import PASSING, Sending
from streams.allowing import AllowList

TIMEOUT = 10.0
"""Seconds for each post."""
AGAIN = timedelta(minutes=1)
"""From one post of an alert that fires to the next."""
HOLDS = timedelta(minutes=5)
"""How far ahead its end is put each time."""
_AT_ONCE = 200
_log = structlog.stdlib.get_logger(__name__)


class _Firing(NamedTuple):
    since: datetime
    labels: dict[str, str]
    message: Message


class AlertmanagerReceiver:
    """One receiver of the kind ``alertmanager``."""

    def __init__(
        self,
        receiver: Receiver,
        base: Path,
        allow: AllowList,
        *,
        clock: Callable[[], datetime],
        again: timedelta = AGAIN,
        lookup: Lookup = look_up,
    ) -> None:
        """Prepare, and see that its address is one.

        Args:
            receiver: Of the policy; its address is that of Alertmanager's root, ``http://HOST:9093``.
            base: The folder in which its ``url_file`` is.
            allow: Hosts within this machine or its networks that may be called.
            clock: The time of day, UTC.
            again: From one post of what fires to the next.
            lookup: Finds the addresses of a host.

        Raises:
            ReceiverError: when it has no address of the web.
        """
        self._receiver = receiver
        self._base = base
        self._allow = allow
        self._clock = clock
        self._again = again
        self._lookup = lookup
        self._firing: dict[str, _Firing] = {}
        self._ending: dict[str, _Firing] = {}
        """What is over, though Alertmanager has not heard of it yet: it is repeated no more, and its labels are still known."""
        self._repeating: asyncio.Task[None] | None = None
        # An all-clear must not be overtaken by a repetition from before it.
        self._posting = asyncio.Lock()
        self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False)
        self._address()

    def resume(self, message: Message, first: Sending | None = None) -> None:
        """Take up an alert that it was told of before a restart; it is known by what ``first`` said of it."""
        page = message.sending.page
        if first is not None:
            self._firing[page] = self._next(message._replace(sending=first))
        self._firing[page] = self._next(message)
        self._repeat()

    async def deliver(self, message: Message) -> None:
        """Deliver; see ``Port``."""
        async with self._posting:
            await self._deliver(message)

    async def _deliver(self, message: Message) -> None:
        page, now = message.sending.page, self._clock()
        if message.ends:
            ending = self._firing.get(page) or self._ending.get(page) or self._next(message)
            self._firing.pop(page, None)
            self._ending[page] = ending
            await self._post([_alert(ending, message, until=now)])
            self._ending.pop(page, None)
            return
        before, after = self._firing.get(page), self._next(message)
        passing = message.sending.kind in PASSING
        if message.sending.clears:
            # Something else on the page stands: that is what fires, and in its words. Where nothing fired it was no alarm.
            passing = before is None
            after = after if before is None else after._replace(message=before.message)
        told = [_alert(after, after.message, until=now + HOLDS)]
        if before is not None and before.labels != after.labels and not passing:
            told.append(_alert(before, before.message, until=now))
        await self._post(told)
        if passing:
            # Said once, it ends by itself; and what fires besides goes on.
            return
        self._firing[page] = after
        self._repeat()

    async def close(self) -> None:
        """Repeat nothing any more. What fires ends by itself, unless a desk takes it up again."""
        if self._repeating is not None:
            self._repeating.cancel()
        await self._client.aclose()

    def _next(self, message: Message) -> _Firing:
        sending = message.sending
        severity = str(sending.stands or sending.severity)
        known = self._firing.get(sending.page)
        if known is not None:
            return _Firing(known.since, {**known.labels, "severity": severity}, message)
        labels = {
            "alertname": "SteadylineLapse",
            "page": sending.page,
            "severity": severity,
            "exercise": "yes" if sending.exercise else "no",
        }
        if sending.lapses:
            first = sending.lapses[0]
            labels |= {"agreement": first.agreement, "dyad": "-".join(sorted(first.parties))}
        return _Firing(sending.at, labels, message)

    def _repeat(self) -> None:
        if self._repeating is None:
            self._repeating = asyncio.create_task(self._keep_firing())

    async def _keep_firing(self) -> None:
        while True:
            await asyncio.sleep(self._again.total_seconds())
            for start in range(0, len(self._firing), _AT_ONCE):
                async with self._posting:
                    until = self._clock() + HOLDS
                    firing = list(self._firing.values())[start : start + _AT_ONCE]
                    try:
                        await self._post([_alert(each, each.message, until=until) for each in firing])
                    except UndeliveredError as error:
                        # The next time is soon enough: an end stands some minutes ahead.
                        _log.warning("what fires could not be repeated", receiver=self._receiver.id, why=str(error))

    async def _post(self, alerts: list[dict[str, object]]) -> None:
        try:
            url = self._address()
        except ReceiverError as error:
            raise UndeliveredError(str(error)) from None
        await asyncio.to_thread(refuse_unmeant, url.host, self._allow, self._lookup)
        try:
            answer = await self._client.post(url, json=alerts)
        except httpx.HTTPError as error:
            raise UndeliveredError(without_secrets(f"{type(error).__name__}: {error}", str(url))) from None
        if answer.status_code != httpx.codes.OK:
            why = f"answered {answer.status_code}: {' '.join(answer.text[:300].split())}"
            raise UndeliveredError(without_secrets(why, str(url)))

    def _address(self) -> httpx.URL:
        text = address_of(self._receiver, self._base)
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise ReceiverError(f"receiver {self._receiver.id}: expected Alertmanager's address, such as http://127.0.0.1:9093")
        return url.copy_with(path=url.path.rstrip("/") + "/api/v2/alerts")


def _alert(firing: _Firing, message: Message, *, until: datetime) -> dict[str, object]:
    return {
        "labels": firing.labels,
        "annotations": {"summary": message.title, "description": message.body, "key": message.sending.key},
        "startsAt": min(firing.since, until).isoformat(),
        "endsAt": until.isoformat(),
    }
