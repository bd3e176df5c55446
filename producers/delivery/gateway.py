"""The gateway's client: one batch of events over HTTP, and what came of it."""

import os
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import httpx

from producers.delivery.answers import AwayError, DeniedError, judged
from streams.trusting import TrustError, trusting

CONNECT_S = 5.0
ANSWER_S = 30.0
"""Seconds that the gateway is given to be reached, and to answer."""
MOST_ANSWER = 4_194_304
"""Bytes of an answer that are read."""
MOST_TOKEN = 4_096
_EVENTS = "/v1/events"
_BATCH = "application/cloudevents-batch+json"


class AddressError(ValueError):
    """What is given as a gateway's address or token is none."""


class Address(NamedTuple):
    """Where a gateway is, without a path of ours and without a secret."""

    url: str
    loopback: bool


def address(text: str, *, plain: bool = False) -> Address:
    """A gateway's address: ``https://host``, or ``http://`` on this machine.

    Args:
        text: What was given.
        plain: Whether ``http://`` may go over a network: whoever listens then reads the token and the events.

    Raises:
        AddressError: when it is none, has a name and password in it, or would send a token in the clear.
    """
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise AddressError(f"expected a gateway's address such as https://gateway.example: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise AddressError(f"expected a gateway's address such as https://gateway.example, got {url.scheme}://{url.host}")
    if url.userinfo:
        # Its text is not repeated: it is a secret by now.
        raise AddressError(f"a name and password do not belong into the address of {url.host}: a token comes from a file")
    if url.query or url.fragment:
        raise AddressError(
            f"expected the address of a gateway without ? and #, got {url.copy_with(query=None, fragment=None)}?..."
        )
    loopback = _is_loopback(url.host)
    if url.scheme == "http" and not loopback and not plain:
        raise AddressError(f"http to {url.host} would send the token in the clear: use https, or say --plain-http")
    return Address(str(url).rstrip("/"), loopback)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def token_from(file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """The token, from a file or from the environment: ``STEADYLINE_TOKEN_FILE``, then ``STEADYLINE_TOKEN``.

    Raises:
        AddressError: when there is none, or what is there is none. The token itself is never told.
    """
    named = file or (Path(name) if (name := environment.get("STEADYLINE_TOKEN_FILE")) else None)
    if named is not None:
        try:
            with named.open("rb") as stream:
                text = stream.read(MOST_TOKEN + 1).decode("ascii", "replace").strip()
        except OSError as error:
            raise AddressError(f"{named}: cannot read the token: {error.strerror or error}") from None
        where = str(named)
    else:
        text, where = environment.get("STEADYLINE_TOKEN", "").strip(), "STEADYLINE_TOKEN"
    if not text:
        raise AddressError(
            f"{where}: expected a token, got nothing"
            if named is not None
            else "a gateway asks for a token: put it in a file and name that with --token-file or STEADYLINE_TOKEN_FILE"
        )
    if len(text) > MOST_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise AddressError(f"{where}: expected one token, in letters, digits and signs without spaces")
    return text


class Gateway:
    """An open connection to a gateway. TLS is verified, and no redirect is followed."""

    def __init__(self, where: Address, token: str, *, answer_s: float = ANSWER_S) -> None:
        """Prepare.

        Raises:
            AddressError: when it is not known whose certificates are to be believed.
        """
        self._url = where.url + _EVENTS
        try:
            believed = trusting()
        except TrustError as error:
            raise AddressError(str(error)) from None
        self._client = httpx.Client(
            follow_redirects=False,
            timeout=httpx.Timeout(answer_s, connect=min(CONNECT_S, answer_s)),
            headers={"Authorization": f"Bearer {token}", "Content-Type": _BATCH, "Accept": "application/json"},
            verify=believed,
            # What is on this machine is not asked for by way of a proxy.
            trust_env=not where.loopback,
        )

    def hand_over(self, batch: Sequence[bytes]) -> Mapping[int, str]:
        """Send one batch, once; see ``producers.delivery.target.Target``."""
        body = b"[" + b",".join(batch) + b"]"
        try:
            with self._client.stream("POST", self._url, content=body) as response:
                read = bytearray()
                for piece in response.iter_bytes():
                    read += piece
                    if len(read) > MOST_ANSWER:
                        raise DeniedError(f"expected a gateway's answer, got more than {MOST_ANSWER:,} bytes")
                status, retry_after = response.status_code, response.headers.get("retry-after")
        except httpx.TransportError as error:
            if _certificate(error):
                raise DeniedError(f"the gateway at {self._url} cannot prove who it is: {error}") from None
            # It may have taken the batch and not got round to saying so: the same ids count once.
            raise AwayError(f"no answer from the gateway at {self._url}: {str(error) or type(error).__name__}") from None
        except httpx.DecodingError as error:
            raise DeniedError(f"expected a gateway's answer, got something unreadable: {error}") from None
        return judged(status, bytes(read), len(batch), retry_after, datetime.now(UTC))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _certificate(error: BaseException) -> bool:
    """Whether a connection failed because a certificate does not hold: to ask again would not help."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
