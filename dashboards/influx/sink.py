"""Points into InfluxDB: every one of them, each once, for as long as it takes.

The database takes what is written again as the same, so whatever is in doubt is written again. Four things can happen:

- a batch is taken: 204, and nothing else says so;
- the database is away, busy or broken (no connection, a time-out, 429, 5xx), or will not have this writer (401, 403, 404: a
  token or a bucket that is not there yet), or somebody else answers in its place, a proxy's page with 200. That is nothing
  about the points: they are kept and tried again, ever more rarely, until they are taken or the writer ends;
- it is refused (400, 413, 422). The database says that some point is bad, not which, and may have taken the others. The batch
  is halved until the bad one is alone; that becomes a dead letter, and the rest is in;
- points of minutes are older than their bucket keeps. They would be deleted at once, and are left out.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import islice
from threading import Event
from types import TracebackType
from typing import Self

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set
from tenacity.nap import sleep_using_event
from tenacity.wait import wait_random_exponential
from urllib3.exceptions import HTTPError

from dashboards.influx.columns import bucket_of, point
from dashboards.influx.points import Timed
from dashboards.influx.schema import MINUTES, MINUTES_KEPT
from dashboards.influx.vitals import Vitals

log = logging.getLogger(__name__)

AT_ONCE = 5_000
"""Points of one request, at most."""
_TIMEOUT_MS = 20_000
_LONGEST_WAIT = 15.0
_MARGIN = timedelta(hours=1)
_BAD = frozenset((HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY))
Refuse = Callable[[str, str, str], None]
"""Told of a point that the database refused: its bucket, its line, and why."""


class Stopped(Exception):  # noqa: N818 - not an error: the writer was asked to end before all was written
    """The writer was asked to end while the database would not take what it had."""


class _Away(Exception):  # noqa: N818 - it says what is the matter
    """The database cannot take anything now."""


class _Refused(Exception):  # noqa: N818 - the field's word
    """Something in the batch is bad."""


class Sink:
    """One database. Use it as a context manager."""

    def __init__(
        self,
        url: str,
        org: str,
        token: str,
        *,
        refuse: Refuse,
        stop: Event,
        vitals: Vitals,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; nothing is asked of the database yet.

        Args:
            url: Where it is.
            org: The organisation.
            token: What lets this writer write.
            refuse: Told of every point that the database refused; returns once that is on record.
            stop: Set where the writer is to end.
            vitals: Told of what happens.
            wall: The time of day, seconds since 1970.
        """
        # It would try again by itself in ways of its own; here nothing may be given up.
        self._client = InfluxDBClient(url=url, token=token, org=org, timeout=_TIMEOUT_MS, enable_gzip=True, retries=False)
        self._org = org
        self._api = WriteService(self._client.api_client)
        self._refuse = refuse
        self._stop = stop
        self._vitals = vitals
        self._wall = wall

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def write(self, rows: Iterable[Timed]) -> None:
        """Write all of the rows; returns once the database has them, or they are dead letters.

        Raises:
            Stopped: when the writer was asked to end before that.
        """
        for some in _cut(rows):
            lines: defaultdict[str, list[str]] = defaultdict(list)
            for row, moment in some:
                bucket = bucket_of(row)
                if bucket == MINUTES and moment < self._oldest():
                    self._vitals.expired += 1
                else:
                    lines[bucket].append(point(row, moment).to_line_protocol())
            for bucket, points in lines.items():
                self._put(bucket, points)

    def _oldest(self) -> int:
        """The time of the oldest minute that is worth writing, nanoseconds since 1970."""
        oldest = datetime.fromtimestamp(self._wall(), UTC) - MINUTES_KEPT + _MARGIN
        return int(oldest.timestamp()) * 1_000_000_000

    def _put(self, bucket: str, lines: Sequence[str]) -> None:
        try:
            self._persist(bucket, lines)
        except _Refused as refused:
            if len(lines) > 1:
                half = len(lines) // 2
                self._put(bucket, lines[:half])
                self._put(bucket, lines[half:])
                return
            self._refuse(bucket, lines[0], str(refused))
            self._vitals.letters += 1
            return
        self._vitals.wrote(len(lines))

    def _persist(self, bucket: str, lines: Sequence[str]) -> None:
        """Try until the database has an answer about these points."""
        trying = Retrying(
            retry=retry_if_exception_type(_Away),
            wait=wait_random_exponential(multiplier=0.2, max=_LONGEST_WAIT),
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            before_sleep=self._told,
            retry_error_callback=_ended,
        )
        trying(self._try, bucket, lines)

    def _try(self, bucket: str, lines: Sequence[str]) -> None:
        try:
            _, status, _ = self._api.post_write_with_http_info(
                org=self._org,
                bucket=bucket,
                body="\n".join(lines).encode(),
                precision=WritePrecision.NS,
                content_type="text/plain; charset=utf-8",
            )
        except ApiException as error:
            why = f"{error.status} {_said(error)}"
            if error.status in _BAD:
                raise _Refused(why) from None
            raise _Away(f"InfluxDB does not take points for {bucket}: {why}") from None
        except (HTTPError, OSError) as error:
            raise _Away(f"InfluxDB is away: {type(error).__name__}: {error}") from None
        if status != HTTPStatus.NO_CONTENT:
            raise _Away(f"what answers is not InfluxDB, or has not taken points for {bucket}: {status}")

    def _told(self, state: RetryCallState) -> None:
        assert state.outcome is not None
        why = str(state.outcome.exception())
        if self._vitals.trouble is None:
            log.warning("%s; nothing is dropped, the log keeps it until it can be written", why)
        self._vitals.failed(why)


def _ended(_: RetryCallState) -> None:
    raise Stopped


def _said(error: ApiException) -> str:
    """What the database said, without the headers of its answer."""
    body = error.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return text.strip()[:1_000] or str(error.reason)


def _cut(rows: Iterable[Timed]) -> Iterator[list[Timed]]:
    remaining = iter(rows)
    while some := list(islice(remaining, AT_ONCE)):
        yield some
