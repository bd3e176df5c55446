"""Whether the other side is who it ought to be: authorities, pins, and how long the certificate still holds."""

import hashlib
import ssl
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from producers.probes.attempt import Attempt, Wrong, shown
from producers.probes.model import Trust


def fingerprint(text: str) -> bytes:
    """A pin as bytes.

    Raises:
        ValueError: when it is no SHA-256 in hexadecimal digits.
    """
    plain = text.strip().lower().removeprefix("sha256:").replace(":", "")
    try:
        found = bytes.fromhex(plain)
    except ValueError:
        found = b""
    if len(found) != hashlib.sha256().digest_size:
        raise ValueError(f"expected a SHA-256 of 64 hexadecimal digits, with colons or without, got {text!r}")
    return found


def context(trust: Trust | None, base: Path) -> ssl.SSLContext:
    """What a handshake is held against.

    Args:
        trust: What the target says of certificates.
        base: The directory to which its file is relative.

    Raises:
        OSError: when the file of authorities cannot be read or holds none.
    """
    return _context(None if trust is None or trust.ca is None else str(base / trust.ca))


@lru_cache(maxsize=256)
def _context(ca: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def check(trust: Trust | None, connection: ssl.SSLObject | ssl.SSLSocket | None, attempt: Attempt) -> None:
    """Hold the certificate against pins and its last day, once the handshake is done.

    Raises:
        Wrong: when it is another certificate than the pinned one, or there is none.
    """
    if connection is None:
        raise Wrong("no TLS")
    der = connection.getpeercert(binary_form=True)
    if der is None:
        raise Wrong("no certificate")
    found = hashlib.sha256(der).digest()
    if trust is not None and trust.pin and found not in [fingerprint(pin) for pin in trust.pin]:
        raise Wrong(f"another certificate than the pinned one: sha256:{found.hex()}")
    last = (connection.getpeercert() or {}).get("notAfter")
    attempt.saw(f"{connection.version()}, certificate sha256:{found.hex()[:16]}")
    if not isinstance(last, str):
        return
    ends = ssl.cert_time_to_seconds(last)
    days = (ends - time.time()) / 86_400
    when = datetime.fromtimestamp(ends, UTC)
    attempt.saw(f"it ends {when:%Y-%m-%d}")
    if trust is not None and trust.min_days is not None and days < trust.min_days:
        attempt.concern = f"the certificate ends in {days:.1f} days, on {when:%Y-%m-%d}; expected {trust.min_days:g} at least"


def refused(error: ssl.SSLError) -> Wrong:
    """A handshake that failed, as an answer that is wrong."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Wrong(f"TLS: the certificate is not trusted: {shown(error.verify_message)}")
    return Wrong(f"TLS: no handshake: {shown(error.reason or str(error))}")
