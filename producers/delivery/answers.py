"""What the other side's answer to a batch means. Pure: no network, no clock.

Three things can be wrong, and each is somebody else's fault. The event's: it is refused for good, now and for ever. The
other side's: it is away, or has too much to do, and is to be asked again. Ours: the token or the address is wrong, so that
nothing is said about any event: all of it is kept until somebody mends that.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec

from streams.web.problems import title_of

LONGEST_WAIT = 3_600.0
"""Seconds after which the other side is asked again, however long it asked to be left alone."""
_MOST_WORDS = 300
_AGAIN = frozenset({408, 425, 429})
_OURS = frozenset({401, 402, 404, 405, 406, 407, 410, 411, 415, 417, 421, 426, 431, 451})
"""Nothing was said about an event: the token, the address, a proxy on the way, or how this program asks."""


class AwayError(Exception):
    """The other side cannot take anything now; ask again.

    Attributes:
        wait: Seconds for which it asked to be left alone, where it did.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class DeniedError(Exception):
    """The other side takes nothing from us like this: the token, the address or a setting is wrong."""


class RefusedError(Exception):
    """The other side refuses the batch as a whole, for good. With one event in it, that event is refused."""


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    index: int
    field: str | None = None
    reason: str = "refused without a reason"

    def __str__(self) -> str:
        return f"{self.reason} - at `{self.field}`" if self.field else self.reason


class _Receipt(msgspec.Struct, frozen=True, kw_only=True):
    accepted: int
    duplicates: int = 0
    refused: tuple[_Refusal, ...] = ()

    def adds_up(self, events: int) -> bool:
        """Whether it speaks of each event of the batch. To believe it otherwise would be to lose one."""
        refused = {refusal.index for refusal in self.refused}
        told = self.accepted + self.duplicates + len(refused)
        return told == events and min(self.accepted, self.duplicates) >= 0 and all(0 <= index < events for index in refused)

    def reasons(self) -> Mapping[int, str]:
        """Why each event was refused, by its index."""
        return {refusal.index: str(refusal) for refusal in self.refused}


class _Problem(msgspec.Struct, frozen=True):
    detail: str = ""


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_receipt = msgspec.json.Decoder(_Receipt).decode
_problem = msgspec.json.Decoder(_Problem).decode


def judged(status: int, body: bytes, events: int, retry_after: str | None, now: datetime) -> Mapping[int, str]:
    """The events of a batch that were refused for good, by their index, with the reason; the others are in the log.

    Args:
        status: The status code of the gateway's answer.
        body: Its body.
        events: How many events the batch had.
        retry_after: The header ``Retry-After``, where there is one.
        now: The time, with its zone.

    Raises:
        AwayError: when the batch is to be sent again.
        RefusedError: when the batch as a whole is refused for good.
        DeniedError: when the answer says nothing about the events: what is wrong is not theirs.
    """
    if status == HTTPStatus.ACCEPTED:
        return _refused(body, events)
    said = f"{status} {title_of(status)}{_words(body)}"
    if status in _AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise AwayError(f"the gateway says {said}", _wait(retry_after, now))
    if status in _OURS:
        raise DeniedError(f"the gateway says {said}")
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        receipt = _enclosed(body)
        if receipt is not None and receipt.adds_up(events):
            # None of them was taken in, and the gateway says of each why.
            return receipt.reasons()
        raise RefusedError(said)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise DeniedError(f"the address sends us elsewhere ({said}), and events go only where they were addressed")
    raise DeniedError(f"expected a gateway's answer (202), got {said}")


def _refused(body: bytes, events: int) -> Mapping[int, str]:
    try:
        receipt = _receipt(body)
    except _UNREADABLE as error:
        raise DeniedError(f"expected a gateway's answer, got 202 with something else: {error}") from None
    if not receipt.adds_up(events):
        raise DeniedError(
            f"the gateway's answer does not add up: of {events} events {receipt.accepted} accepted,"
            f" {receipt.duplicates} duplicates, {len(receipt.refused)} refused"
        )
    return receipt.reasons()


def _enclosed(body: bytes) -> _Receipt | None:
    """The receipt in a problem's document, where there is one."""
    try:
        return _receipt(body)
    except _UNREADABLE:
        return None


def _words(body: bytes) -> str:
    """The gateway's own words, where it has some."""
    try:
        detail = _problem(body).detail
    except _UNREADABLE:
        return ""
    return f": {detail[:_MOST_WORDS]}" if detail else ""


def _wait(header: str | None, now: datetime) -> float | None:
    """Seconds to wait, from the header: a number of them or a date. Source: RFC 9110, 10.2.3."""
    if header is None:
        return None
    text = header.strip()[:64]
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT)
