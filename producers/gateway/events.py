"""``POST /v1/events``: one event, a batch of them, or a stream of lines."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from producers.gateway.bodies import Body, Cutter, GoneError, Receive, SlowError, TooLargeError
from producers.gateway.buckets import Buckets
from producers.gateway.foresight import Foresight
from producers.gateway.intake import AwayError, BusyError, Intake
from producers.gateway.limits import Limits
from producers.gateway.metrics import Metrics
from producers.gateway.permits import Regimes
from producers.gateway.problems import ProblemError, Receipt
from producers.gateway.sending import PARCEL, Sending, events_of
from producers.gateway.tokens import Keyring, Token, TokensError
from streams.events.decode import MAX_BYTES
from streams.web.buckets import Bucket
from streams.web.problems import RETRY

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
STREAM = "application/x-ndjson"
BINARY = "application/json"
_SOON = {"Retry-After": "1"}
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="steadyline"'}
_UNKNOWABLE = "the gateway's tokens cannot be read"
_ATTRIBUTE = "ce-"
_MOST_ATTRIBUTES = 40
_STREAM_BYTES = 1_048_576


class Headers:
    """The headers of a request, by their names in lower case."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._all = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]

    def get(self, name: str) -> str:
        """The value of a header, empty where there is none; of several, none is believed."""
        found = [value for each, value in self._all if each == name]
        return found[0].strip() if len(found) == 1 else ""

    def attributes(self) -> dict[str, Any]:
        """The CloudEvents attributes of the binary mode. Source: CloudEvents 1.0.2, HTTP protocol binding, 3.1.3."""
        return {
            name.removeprefix(_ATTRIBUTE): unquote(value.strip(), errors="replace")
            for name, value in self._all
            if name.startswith(_ATTRIBUTE)
        }


class Events:
    """What is done with events that are sent."""

    def __init__(
        self,
        intake: Intake,
        keyring: Keyring,
        regimes: Regimes,
        foresight: Foresight,
        buckets: Buckets,
        limits: Limits,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._intake = intake
        self._keyring = keyring
        self._regimes = regimes
        self._foresight = foresight
        self._buckets = buckets
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._active: Counter[str] = Counter()

    def token(self, headers: Headers) -> Token:
        """The token that a request brings.

        Raises:
            ProblemError: 401 where it brings none that is valid, 503 where nobody can tell.
        """
        scheme, _, secret = headers.get("authorization").partition(" ")
        try:
            token = self._keyring.token(secret.strip(), self._clock()) if scheme.lower() == "bearer" else None
        except TokensError:
            raise ProblemError(503, _UNKNOWABLE, headers=RETRY) from None
        if token is None:
            detail = "expected a valid token: Authorization: Bearer TOKEN"
            raise ProblemError(401, detail, headers=_CHALLENGE)
        return token

    async def post(self, raw_headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> Receipt:
        """Take in what a request brings; all of it is durable when this returns.

        Raises:
            ProblemError: when not all is well; it says what was taken in all the same.
        """
        headers = Headers(raw_headers)
        token = self.token(headers)
        if headers.get("content-encoding").lower() not in ("", "identity"):
            raise ProblemError(415, "expected a body that is not compressed", headers={"Accept-Encoding": "identity"})
        kind = headers.get("content-type").partition(";")[0].strip().lower()
        if kind not in (ONE, BATCH, STREAM) and not (kind == BINARY and headers.get("ce-specversion")):
            raise ProblemError(415, f"expected {ONE}, {BATCH}, {STREAM}, or {BINARY} with ce-* headers")
        sending = Sending(self._intake, token, self._regimes, self._foresight, self._clock)
        with self._one_of(token.name):
            try:
                body = Body(receive, self._limits.idle_seconds, self._limits.body_seconds)
                if kind == STREAM:
                    await self._stream(body, token, sending)
                elif kind == BATCH:
                    await self._batch(body, token, sending, headers)
                else:
                    await self._one(body, token, sending, headers, binary=kind == BINARY)
            except BusyError as error:
                raise ProblemError(503, str(error), headers=_SOON, receipt=sending.receipt()) from None
            except AwayError:
                # Why is the operator's business: it may name what is behind the gateway.
                detail = "the log does not take events in; send them again"
                raise ProblemError(503, detail, headers=RETRY, receipt=sending.receipt()) from None
            except SlowError as error:
                raise ProblemError(408, str(error), receipt=sending.receipt()) from None
            except TooLargeError as error:
                raise ProblemError(413, str(error)) from None
            except GoneError as error:
                raise ProblemError(400, str(error)) from None
            finally:
                self._metrics.took(token.name, sending.receipt())
        return _answer(sending.receipt(), single=kind in (ONE, BINARY))

    @contextmanager
    def _one_of(self, name: str) -> Iterator[None]:
        if self._active[name] >= self._limits.at_once_of_one:
            raise ProblemError(429, f"{self._active[name]} requests of this token are being served already", headers=_SOON)
        self._active[name] += 1
        try:
            yield
        finally:
            self._active[name] -= 1
            if not self._active[name]:
                del self._active[name]

    async def _one(self, body: Body, token: Token, sending: Sending, headers: Headers, *, binary: bool) -> None:
        self._within(self._bytes(token), _length(headers, MAX_BYTES))
        record = await body.all(MAX_BYTES)
        self._bytes(token).take(len(record), time.monotonic())
        self._charge(token, 1)
        if not binary:
            await sending.take([record])
            return
        attributes = headers.attributes()
        if len(attributes) > _MOST_ATTRIBUTES:
            raise ProblemError(413, f"expected at most {_MOST_ATTRIBUTES} ce-* headers")
        if attributes.get("exercise") in ("true", "false"):
            attributes["exercise"] = attributes["exercise"] == "true"
        try:
            attributes["data"] = _json(record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            await sending.take([record])
            return
        # What is kept of it where it is refused must hold all of it.
        await sending.take_attributes(attributes, msgspec.json.encode(attributes))

    async def _batch(self, body: Body, token: Token, sending: Sending, headers: Headers) -> None:
        self._within(self._bytes(token), _length(headers, self._limits.batch_bytes))
        whole = await body.all(self._limits.batch_bytes)
        self._bytes(token).take(len(whole), time.monotonic())
        events = events_of(whole)
        if events is None:
            # It counts as one event that is none, and is kept as such.
            self._charge(token, 1)
            await sending.take_unreadable(whole, "expected a JSON array of events")
            return
        if len(events) > self._limits.batch_events:
            raise ProblemError(413, f"expected at most {self._limits.batch_events} events, got {len(events)}")
        self._charge(token, len(events))
        await sending.take([memoryview(event) for event in events])

    async def _stream(self, body: Body, token: Token, sending: Sending) -> None:
        """Lines, of any number: written as they come, and slowed down rather than refused."""
        bytes_, events = self._bytes(token), self._events(token)
        self._within(bytes_, 1)
        self._within(events, 1)
        cutter = Cutter()
        held: list[bytes] = []
        size = 0
        while True:
            try:
                piece = await body.piece(self._limits.linger_seconds if held else None)
            except SlowError:
                if not held:
                    raise
                # What came so far is written while the next line is waited for.
                await self._lines(token, sending, held, events)
                held, size = [], 0
                continue
            if piece is None:
                lines = cutter.last()
            else:
                bytes_.take(len(piece), time.monotonic())
                lines = cutter.cut(piece)
            for line, dropped in lines:
                if dropped:
                    await self._lines(token, sending, held, events)
                    held, size = [], 0
                    self._still(token, sending)
                    events.take(1, time.monotonic())
                    await sending.take_overlong(line, dropped)
                elif line.strip():
                    held.append(line)
                    size += len(line)
                if len(held) >= PARCEL or size >= _STREAM_BYTES:
                    await self._lines(token, sending, held, events)
                    held, size = [], 0
            if piece is None:
                await self._lines(token, sending, held, events)
                return
            await asyncio.sleep(bytes_.wait(1, time.monotonic()))

    async def _lines(self, token: Token, sending: Sending, lines: list[bytes], bucket: Bucket) -> None:
        if not lines:
            return
        await asyncio.sleep(bucket.wait(len(lines), time.monotonic()))
        self._still(token, sending)
        bucket.take(len(lines), time.monotonic())
        await sending.take(lines)

    def _still(self, token: Token, sending: Sending) -> None:
        """Hold a token against the file once more: a stream may outlive what its token is worth.

        Raises:
            ProblemError: 401 where it is not what it was when it was let in, 503 where nobody can tell.
        """
        try:
            holds = self._keyring.holds(token, self._clock())
        except TokensError:
            raise ProblemError(503, _UNKNOWABLE, headers=RETRY, receipt=sending.receipt()) from None
        if not holds:
            detail = "the token was revoked, changed or has expired: what came before that was taken in"
            raise ProblemError(401, detail, headers=_CHALLENGE, receipt=sending.receipt())

    def _bytes(self, token: Token) -> Bucket:
        return self._buckets.bytes(token.name, token.events_per_second)

    def _events(self, token: Token) -> Bucket:
        return self._buckets.events(token.name, token.events_per_second)

    def _charge(self, token: Token, events: int) -> None:
        bucket = self._events(token)
        self._within(bucket, events)
        bucket.take(events, time.monotonic())

    @staticmethod
    def _within(bucket: Bucket, amount: int) -> None:
        wait = bucket.wait(amount, time.monotonic())
        if wait > 0:
            headers = {"Retry-After": str(max(1, math.ceil(wait)))}
            raise ProblemError(429, "this token sends more than it may; wait for as long as Retry-After says", headers=headers)


def _length(headers: Headers, most: int) -> int:
    """How many bytes are announced; 1 where nothing is.

    Raises:
        ProblemError: 413 where that is too many.
    """
    told = headers.get("content-length")
    if not (told.isascii() and told.isdigit()):
        return 1
    # A number of a million digits is not looked at.
    if len(told) > len(str(most)) + 20 or int(told) > most:
        raise ProblemError(413, f"expected at most {most} bytes")
    return int(told)


def _answer(receipt: Receipt, *, single: bool) -> Receipt:
    if receipt.accepted or receipt.duplicates or not receipt.refused_total:
        return receipt
    first = receipt.refused[0]
    if single:
        where = f" - at `{first.field}`" if first.field else ""
        raise ProblemError(first.status, first.reason + where, receipt=receipt)
    raise ProblemError(422, "none of the events was taken in", receipt=receipt)


_json = msgspec.json.Decoder().decode
