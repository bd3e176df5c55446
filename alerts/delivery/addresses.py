"""Where a receiver is: its address from the policy or from a file, and whether it may be called."""

import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from alerts.delivery.ports import ReceiverError, UndeliveredError
from alerts.policy import Receiver
from streams.allowing import AllowList, literal

_LONGEST = 8_192
_TELLING = 4
"""Parts of an address that are shorter hide nothing, and would be found in every other word."""

Lookup = Callable[[str], Iterable[str]]


def address_of(receiver: Receiver, base: Path) -> str:
    """The receiver's address: a secret, often. A file is read again each time, so that a new one needs no restart.

    Args:
        receiver: Whose it is.
        base: The folder in which a relative ``url_file`` is.

    Raises:
        ReceiverError: when it has none, or its file cannot be read.
    """
    if receiver.url is not None:
        return receiver.url
    if receiver.url_file is None:
        raise ReceiverError(f"receiver {receiver.id}: expected url or url_file")
    path = base / receiver.url_file
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise ReceiverError(f"receiver {receiver.id}: url_file {path}: {why}") from None
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise ReceiverError(f"receiver {receiver.id}: url_file {path}: expected one address on one line")
    return text


def without_secrets(reason: str, address: str) -> str:
    """A reason in which no part of an address stands that might be a secret: all but its scheme and host."""
    parts = urlsplit(address)
    network, _, host = parts.netloc.rpartition("@")
    pieces = [*network.split(":"), *parts.path.split("/"), parts.query, parts.fragment]
    pieces += [value for _, value in parse_qsl(parts.query)]
    if "." not in host and host.partition(":")[0] != "localhost":
        # Where services have no host of their own, a token stands in its place.
        pieces += [host, *host.split(":")]
    told = reason
    for piece in sorted({each for text in pieces for each in (text, unquote(text)) if len(each) >= _TELLING}, key=len)[::-1]:
        told = told.replace(piece, "***")
    return told


def look_up(host: str) -> list[str]:
    """The addresses of a host, by this machine's resolver."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


def refuse_unmeant(host: str, allow: AllowList, lookup: Lookup = look_up) -> None:
    """Refuse a host within this machine or its networks, unless it was allowed.

    What a name resolves to is looked up again when it is called: a name server that answers otherwise then is not caught.

    Raises:
        UndeliveredError: when it is not to be called, or has no address.
    """
    try:
        found = [host.strip("[]")] if literal(host) is not None else list(lookup(host))
    except OSError as error:
        raise UndeliveredError(f"no address for {host}: {error.strerror or error}") from None
    for text in found:
        address = literal(text)
        why = "an address of no kind that is known" if address is None else allow.refusal(address)
        if why is not None:
            raise UndeliveredError(f"{host} is not called: {why} (--allow)")
