"""Where a producer's events go: a gateway (``https://``, ``http://``) or the log itself (``kafka://``, or a file)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from producers.appending import KAFKA, TAKEN, AppendError, Arrival, open_log
from producers.delivery.answers import AwayError
from streams.events.decode import decode
from streams.rulebook import RuleBook
from streams.topics import LAUNCHES, in_run

if TYPE_CHECKING:
    from producers.appending import Appender

ANSWER_S = 30.0
"""Seconds that the other side is given to take a batch in."""
_RUN = "?run="
_OTHER_SCHEMES = "expected --to https://HOST, kafka://HOST:PORT or the path of a log, got"


class Target(Protocol):
    """The other side, open for writing. Use it in the thread that opened it."""

    def hand_over(self, batch: Sequence[bytes]) -> Mapping[int, str]:
        """Hand over events in order; all but those that are returned are durable there when this returns.

        Args:
            batch: Each a line of CloudEvents JSON. One that was handed over before counts once.

        Returns:
            The events that are refused for good, by their index, with the reason.

        Raises:
            AwayError: when the other side is away; some may have arrived.
            RefusedError: when the whole batch is refused for good.
            DeniedError: when it takes nothing from us like this, whatever it is.
        """

    def close(self) -> None:
        """Let go of it."""


class Access(NamedTuple):
    """How a target is opened, beside its name.

    Attributes:
        book: Gives the rules; they decide where on Kafka an event belongs.
        token_file: The file with the gateway's token; the environment says where it is without.
        plain: Whether ``http://`` may go over a network.
        answer_s: Seconds that the other side is given to take a batch in.
    """

    book: Callable[[], RuleBook]
    token_file: Path | None = None
    plain: bool = False
    answer_s: float = ANSWER_S


def is_gateway(target: str) -> bool:
    """Whether it is a gateway's address, and not the log itself."""
    return target.lower().startswith(("http://", "https://"))


def named(text: str, *, plain: bool = False) -> str:
    """A target as the spool writes it: the same for whoever means the same, wherever he calls from.

    Args:
        text: What was given; of Kafka also ``kafka://HOST:PORT?run=ID``, for the topics of one replay or drill.
        plain: Whether ``http://`` may go over a network.

    Raises:
        ValueError: when it names no target. No secret is in the message.
    """
    if is_gateway(text):
        from producers.delivery.gateway import address

        return address(text, plain=plain).url
    if text.startswith(KAFKA):
        brokers, run = _split(text)
        servers = [server.strip() for server in brokers.rstrip("/").split(",")]
        if not all(servers) or any(set(server) & set("@/?#") for server in servers):
            raise ValueError(f"{_OTHER_SCHEMES} another address of Kafka")
        in_run(LAUNCHES, run)
        return KAFKA + ",".join(servers) + ("" if run is None else _RUN + run)
    if "://" in text:
        raise ValueError(f"{_OTHER_SCHEMES} {text.partition('://')[0]}://...")
    if not text:
        raise ValueError(f"{_OTHER_SCHEMES} nothing")
    return str(Path(text).absolute())


def open_target(target: str, access: Access) -> Target:
    """Open a target.

    Args:
        target: As ``named`` writes it.
        access: How it is opened.

    Raises:
        AwayError: when the log cannot be opened.
        ValueError: when it names no target, or there is no token for it.
    """
    if is_gateway(target):
        from producers.delivery.gateway import Gateway, address, token_from

        return Gateway(address(target, plain=access.plain), token_from(access.token_file), answer_s=access.answer_s)
    try:
        if not target.startswith(KAFKA):
            return _Log(open_log(target, access.book(), patience=access.answer_s))
        servers, run = _split(target)
        return _Log(open_log(KAFKA + servers, access.book(), run=run, patience=access.answer_s))
    except AppendError as error:
        raise AwayError(str(error)) from error


def _split(target: str) -> tuple[str, str | None]:
    """The brokers of a target on Kafka, and the replay or drill whose topics are meant."""
    servers, found, run = target.removeprefix(KAFKA).partition(_RUN)
    return servers, run if found else None


class _Log:
    """The log itself as a target. It refuses an event whose id another one has: what is none never came into the spool."""

    def __init__(self, appender: "Appender") -> None:
        self._appender = appender

    def hand_over(self, batch: Sequence[bytes]) -> Mapping[int, str]:
        try:
            taken = self._appender.append([Arrival(decode(data), data) for data in batch])
        except AppendError as error:
            raise AwayError(str(error)) from error
        return dict.fromkeys(taken, TAKEN)

    def close(self) -> None:
        self._appender.close()
