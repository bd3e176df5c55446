"""One attempt at a target: how far it came, and what that says of the channel.

| what happened | outcome | transport |
|---|---|---|
| no such name, no route, refused, no connection in time | ``no-carrier`` | down |
| connected; no answer, a wrong one, or no TLS | ``unanswered`` | up |
| UDP: the port is reported closed (ICMP) | ``no-carrier`` | down |
| UDP: silence, which a lost packet and a deaf server cause alike | ``unanswered`` | unknown |
| the right answer | ``answered`` | up |
| not on the allow list, no socket left, no permission: our own fault | ``not-made`` | unknown |

``unanswered`` is what holds of silence over UDP in either case: nobody answered. ``not-made`` is no claim about the channel.
"""

import errno
import os
import ssl
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

Outcome = Literal["answered", "unanswered", "no-carrier", "not-made"]
Transport = Literal["up", "down", "unknown"]
LONGEST = 500
"""Characters of evidence that are kept."""
MOST = 65_536
"""Bytes of an answer that are looked at."""

_OURS = frozenset(
    getattr(errno, name)
    for name in ("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EADDRNOTAVAIL", "EACCES", "EPERM", "EAFNOSUPPORT", "EINVAL")
)
"""Errors that tell of this machine and not of the other side."""


class Result(NamedTuple):
    """What came of an attempt.

    Attributes:
        latency_ms: From our first packet to the end of the right answer, milliseconds; a name's look-up is not counted.
        evidence: What was seen, ASCII, at most ``LONGEST`` characters.
        concern: What somebody ought to see to although it answered: a certificate that ends soon.
    """

    outcome: Outcome
    transport: Transport
    latency_ms: float | None
    evidence: str
    concern: str | None = None

    @property
    def liveness(self) -> Literal["answered", "unanswered", "unknown"]:
        """Whether somebody answered; unknown where nobody could be asked."""
        return self.outcome if self.outcome in ("answered", "unanswered") else "unknown"


class Wrong(Exception):  # noqa: N818 - an answer, not a fault of the program
    """The other side took the connection and did not give the right answer."""


class NoCarrier(Exception):  # noqa: N818 - a finding, not a fault of the program
    """There was no way to the other side."""


class NotMade(Exception):  # noqa: N818 - a finding, not a fault of the program
    """The attempt was not made, by a fault of our own."""


class Attempt:
    """How far an attempt has come. Whoever makes it keeps this up to date, and it is read where the attempt ends."""

    def __init__(self, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            timeout: Seconds for the whole of it.
            clock: Monotonic seconds.
        """
        self.timeout = timeout
        self.transport: Transport = "down"
        self.doing = "looking up the name"
        self.seen: list[str] = []
        self.concern: str | None = None
        self._clock = clock
        self._start = clock()
        self._sent: float | None = None

    @property
    def left(self) -> float:
        """Seconds that are left, at least none."""
        return max(0.0, self._start + self.timeout - self._clock())

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the first packet."""
        return (self._clock() - (self._start if self._sent is None else self._sent)) * 1_000

    def knocking(self, where: str) -> None:
        """The first packet goes out, or the first to the next address."""
        if self._sent is None:
            self._sent = self._clock()
        self.doing = f"connecting to {where}"

    def connected(self, where: str) -> None:
        """The transport is up."""
        self.transport = "up"
        self.seen.append(f"connected to {where} in {self.elapsed_ms:.1f} ms")
        self.doing = "waiting for an answer"

    def saw(self, what: str) -> None:
        """Something that the evidence ought to tell."""
        self.seen.append(what)

    def answered(self) -> Result:
        """The right answer has come."""
        latency = self.elapsed_ms
        concern = [] if self.concern is None else [self.concern]
        return Result("answered", "up", latency, _joined([*concern, *self.seen]), self.concern)

    def failed(self, error: BaseException) -> Result:
        """What an attempt that ended with an error says of the channel."""
        outcome, reason = self._read(error)
        transport: Transport = {"no-carrier": "down", "not-made": "unknown"}.get(outcome, self.transport)  # type: ignore[assignment]
        return Result(outcome, transport, None, _joined([reason, *self.seen]))

    def _read(self, error: BaseException) -> tuple[Outcome, str]:
        reached: Outcome = "no-carrier" if self.transport == "down" else "unanswered"
        match error:
            case NotMade():
                return "not-made", str(error)
            case NoCarrier():
                return "no-carrier", str(error)
            case Wrong():
                return "unanswered", str(error)
            case TimeoutError() if error.errno is None:
                return reached, f"nothing within {self.timeout:g} s while {self.doing}"
            case OSError() if ours(error):
                return "not-made", f"this machine's own fault while {self.doing}: {reason_of(error)}"
            case OSError():
                return reached, f"{reason_of(error)} while {self.doing}"
            case _:
                # A fault of the program must not pass for one of the channel.
                return "not-made", f"{type(error).__name__} while {self.doing}: {shown(str(error))}"


def ours(error: OSError) -> bool:
    """Whether the error tells of this machine and not of the other side."""
    return error.errno in _OURS


def reason_of(error: BaseException) -> str:
    """What the error says, in words fit for evidence."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0 and not isinstance(error, ssl.SSLError):
        # The loop puts addresses where the system's word for the error should be.
        return os.strerror(error.errno)
    return shown(str(getattr(error, "strerror", None) or error) or type(error).__name__)


def shown(text: str | bytes, longest: int = 120) -> str:
    """What the other side sent, in printable ASCII and cut to size."""
    if isinstance(text, bytes):
        text = text[: longest + 1].decode("latin-1")
    cut = text[:longest]
    plain = cut if cut.isascii() and cut.isprintable() else cut.encode("unicode_escape").decode()
    return plain if len(text) <= longest else f"{plain}..."


def quoted(text: str | bytes, longest: int = 120) -> str:
    """The same in quotes."""
    return f"'{shown(text, longest)}'"


def _joined(parts: list[str]) -> str:
    return "; ".join(parts)[:LONGEST]
