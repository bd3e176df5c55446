"""Who is let in to the desk's API.

A person signs in with a token (bearer) or with their id and password (basic). Who may look is a viewer, who may act an
officer. What was tried with a wrong secret is slowed down for everybody at that address. A right token is let in all the same:
nobody guesses one, and behind a proxy everybody has one address.
"""

import asyncio
import base64
import binascii
import math
from collections.abc import Callable
from datetime import datetime

from alerts.people import Account, Doorkeeper, PeopleError, Role
from streams.web.buckets import Bucket
from streams.web.handling import Asked
from streams.web.problems import RETRY, ProblemError

MOST_ADDRESSES = 1_000
"""People and addresses of which it is known how much they asked; the first ones of more are forgotten."""
_RATE, _AT_ONCE = 5.0, 50.0
_WRONG_RATE, _WRONG_AT_ONCE = 0.2, 10.0
_SIGN_IN = {"WWW-Authenticate": 'Bearer realm="steadyline", Basic realm="steadyline"'}
_GUESSED = "too many wrong secrets from this address"
_CHECKED = 4
"""Passwords that are checked at the same time: each takes 64 MiB."""


class Gate:
    """Lets in who may come in."""

    def __init__(self, doors: Doorkeeper, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._doors = doors
        self._clock = clock
        self._monotonic = monotonic
        self._people: dict[str, Bucket] = {}
        self._wrong: dict[str, Bucket] = {}
        self._checked = asyncio.Semaphore(_CHECKED)

    async def person(self, request: Asked, role: Role) -> Account:
        """Who asks.

        Raises:
            ProblemError: when it is nobody, or nobody who may.
        """
        address = request.client.host if request.client is not None else ""
        wrong = self._bucket(self._wrong, address, _WRONG_RATE, _WRONG_AT_ONCE)
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        try:
            account = self._by_token(kind, secret.strip())
            if account is None:
                self._room(wrong, _GUESSED)
                account = await self._by_password(kind, secret.strip(), wrong)
        except PeopleError:
            raise ProblemError(503, "the file of people cannot be read", headers=RETRY) from None
        if account is None:
            wrong.take(1, self._monotonic())
            raise ProblemError(401, "expected a token (bearer) or an id and its password (basic)", headers=_SIGN_IN)
        if not account.may(role):
            raise ProblemError(403, f"{account.id} is {account.role}: this takes {role}")
        own = self._bucket(self._people, account.id, _RATE, _AT_ONCE)
        self._room(own, "too many requests")
        own.take(1, self._monotonic())
        return account

    def _by_token(self, kind: str, secret: str) -> Account | None:
        return self._doors.by_token(secret, self._clock()) if kind.lower() == "bearer" and secret else None

    async def _by_password(self, kind: str, secret: str, wrong: Bucket) -> Account | None:
        if kind.lower() != "basic":
            return None
        try:
            person, separator, password = base64.b64decode(secret, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not separator:
            return None
        async with self._checked:
            # Those that waited here together are not all let off because none had failed when they came.
            self._room(wrong, _GUESSED)
            return await asyncio.to_thread(self._doors.by_password, person, password)

    def _room(self, bucket: Bucket, why: str) -> None:
        if (wait := bucket.wait(1, self._monotonic())) > 0:
            raise ProblemError(429, why, headers={"Retry-After": str(max(1, math.ceil(wait)))})

    def _bucket(self, known: dict[str, Bucket], name: str, rate: float, size: float) -> Bucket:
        if name not in known:
            while len(known) >= MOST_ADDRESSES:
                del known[next(iter(known))]
            known[name] = Bucket(rate, size)
        return known[name]
