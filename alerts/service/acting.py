"""How a person's action gets to the desk: by its API, or straight onto the trail of an embedded desk's file."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import httpx
import msgspec

from alerts.api import Asking, Done
from alerts.audit import Head
from alerts.handover import Handover, handover
from alerts.people import Account, Doorkeeper
from alerts.policy import Policy
from alerts.service.recalling import caught_up
from alerts.service.store import Store, StoreError
from alerts.station import Station
from streams.actions import Action, AnyDeed
from streams.allowing import repeatable
from streams.daytime import utc
from streams.trusting import TrustError, trusting
from streams.web.problems import Problem
from streams.web.serving import is_loopback

TOKEN, TOKEN_FILE = "STEADYLINE_DESK_TOKEN", "STEADYLINE_DESK_TOKEN_FILE"
_TIMEOUT = 20.0
_LONGEST_TOKEN = 1_000


class ActingError(Exception):
    """It was not done. The message says why, for the person who tried it."""


class UnreachableError(ActingError):
    """The desk does not answer, or its file cannot be used."""


class Told(NamedTuple):
    """What was done, and the trail's head then."""

    action: Action
    head: Head


class Desk(Protocol):
    """A desk to act on."""

    def act(self, deed: AnyDeed, *, exercise: bool) -> Told:
        """Do something.

        Raises:
            ActingError: when it was not done.
        """

    def handover(self) -> Handover:
        """What is open, who has it, what comes next.

        Raises:
            ActingError: when it cannot be told.
        """

    def close(self) -> None:
        """Let go of it."""


def token_of(file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """The person's token, from a file or from the environment, never from the arguments of a command.

    Raises:
        ActingError: when there is none.
    """
    named = file or (Path(name) if (name := environment.get(TOKEN_FILE)) else None)
    if named is None:
        text = environment.get(TOKEN, "")
    else:
        try:
            text = named.read_text(encoding="utf-8")[:_LONGEST_TOKEN]
        except (OSError, UnicodeDecodeError) as error:
            raise ActingError(f"{named}: {getattr(error, 'strerror', None) or 'no text'}") from None
    if not (token := text.strip()):
        raise ActingError(f"who are you? Put your token in a file and name that with --token-file or {TOKEN_FILE}")
    return token


class ByApi:
    """By the API of a desk that runs."""

    def __init__(self, url: str, token: str, *, plain: bool = False) -> None:
        """Prepare.

        Args:
            url: Where the API is.
            token: The person's.
            plain: Send the token without TLS to elsewhere too.

        Raises:
            ActingError: when it is no address, or the token would be seen on its way.
        """
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL:
            address = httpx.URL("")
        if address.scheme not in ("http", "https") or not address.host or "@" in url or address.query or address.fragment:
            got = repeatable(url, address.query)
            raise ActingError(f"expected the address of the desk's API, such as http://127.0.0.1:8091, got {got}")
        if address.scheme == "http" and not plain and not is_loopback(address.host):
            raise ActingError(f"{url}: your token would go there without TLS: expected https, or --plain-http")
        try:
            self._trusting = trusting()
        except TrustError as error:
            raise ActingError(str(error)) from None
        self._url = str(address).rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def act(self, deed: AnyDeed, *, exercise: bool) -> Told:
        """Do something; see ``Desk``."""
        # With an id of ours, so that it counts once however often it is sent.
        asking = Asking(deed=deed, id=f"cli/{uuid.uuid4()}", exercise=exercise)
        done = msgspec.json.decode(self._ask("POST", "/v1/actions", msgspec.json.encode(asking)), type=Done)
        return Told(done.action, Head(done.number, done.digest))

    def handover(self) -> Handover:
        """What is open; see ``Desk``."""
        return msgspec.json.decode(self._ask("GET", "/v1/handover"), type=Handover)

    def close(self) -> None:
        """Nothing is open."""

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        try:
            answer = httpx.request(
                method,
                self._url + path,
                content=body,
                headers=self._headers,
                timeout=_TIMEOUT,
                verify=self._trusting,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise UnreachableError(f"{self._url}: the desk does not answer: {type(error).__name__}") from None
        if answer.is_success:
            return answer.content
        try:
            why = msgspec.json.decode(answer.content, type=Problem).detail
        except msgspec.DecodeError:
            why = ""
        kind = UnreachableError if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR else ActingError
        raise kind(why or f"{self._url}: answered {answer.status_code}")


class ByFile:
    """Straight onto the trail of an embedded desk, whether it runs or not; it takes it in when it does."""

    def __init__(self, path: Path, policy: Policy, people: Path, token: str) -> None:
        """Sign in, and open the file.

        Raises:
            ActingError: when the person is not known, or may not act.
            UnreachableError: when the file cannot be used.
            PeopleError: when the file of people cannot be.
        """
        account = Doorkeeper(people).by_token(token, utc())
        if account is None:
            raise ActingError(f"{people}: nobody has this token")
        self._account: Account = account
        self._policy = policy
        try:
            self._store = Store(path, create=False)
        except StoreError as error:
            raise UnreachableError(str(error)) from error

    def act(self, deed: AnyDeed, *, exercise: bool) -> Told:
        """Do something; see ``Desk``."""
        account = self._account
        if not account.may("officer"):
            raise ActingError(f"{account.id} is {account.role}: this takes officer")
        action = Action(id=f"cli/{uuid.uuid4()}", at=utc(), by=account.id, deed=deed, via="cli", exercise=exercise)
        if (why := self._station().desk.refusal(action)) is not None:
            raise ActingError(why)
        try:
            return Told(action, self._store.act(action))
        except StoreError as error:
            raise UnreachableError(str(error)) from error

    def handover(self) -> Handover:
        """What is open; see ``Desk``."""
        station = self._station()
        return handover(station.desk, utc(), waiting=len(station.pending), failing={}, trail=self._store.head())

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def _station(self) -> Station:
        try:
            return caught_up(self._store, self._policy)
        except StoreError as error:
            raise UnreachableError(str(error)) from error
