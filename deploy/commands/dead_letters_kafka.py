"""``steadyline dead-letters --bootstrap``: the same for the dead letters on Kafka."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec
import typer

from deploy.consoles import emit, out, safe, words
from deploy.exits import BAD_INPUT, FINE, bad_input, bad_use
from deploy.mending import Mended, vetted
from deploy.replaying.session import rules_or_leave
from streams.events import AnyEvent, Tick
from streams.events.decode import Refused
from streams.events.times import spoken
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.watch import Watch

if TYPE_CHECKING:
    from deploy.kafka.letters import Found, Sent

_LISTED = 60
"""Characters of a dead letter that ``list`` prints."""
_NAMED = 200
"""Characters of its place and reason, each."""


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Leave with 2 where something is not there, with 3 where the broker is away."""
    # The client takes longer to import than all other commands together take to run.
    from deploy.kafka.letters import NoLettersError
    from producers.publish import PublishError
    from streams.log.admin import BrokerError, hushed
    from streams.log.kafka import KafkaLogError

    try:
        with hushed():
            yield
    except NoLettersError as error:
        bad_use(str(error))
    except PublishError as error:
        bad_input(f"{error}; retry once more: what has arrived already counts once")
    except (BrokerError, KafkaLogError) as error:
        bad_input(str(error))


def list_kafka(bootstrap: str, run: str | None, *, as_json: bool) -> None:
    """One line for each letter as it is read: there may be more of them than a table holds."""
    from deploy.kafka.letters import letters

    found = False
    console = out()
    with _asking():
        for letter in letters(bootstrap, run):
            found = True
            if as_json:
                emit(msgspec.json.encode(letter.row()))
                continue
            text = safe(letter.text[: _LISTED + 1]) if letter.data is not None else "(no bytes)"
            told = (_short(letter.where, _NAMED), _short(letter.letter.why, _NAMED), _short(text, _LISTED))
            console.print(words(f"{letter.number:>6}  {'  '.join(told)}"), soft_wrap=True)
    if not found and not as_json:
        console.print("no dead letters")


def show_kafka(bootstrap: str, run: str | None, number: int, *, as_json: bool) -> None:
    """All of one letter."""
    from deploy.kafka.letters import chosen

    with _asking():
        (letter,) = chosen(bootstrap, run, [number])
    if as_json:
        emit(msgspec.json.encode(letter.row()))
        return
    seen = "" if letter.first_seen is None else f", first seen {datetime.fromisoformat(letter.first_seen):%Y-%m-%d %H:%M}Z"
    for line in (
        f"{letter.number}. {letter.where}{seen}",
        letter.letter.why,
        "(a record without bytes)" if letter.data is None else letter.text,
    ):
        out().print(words(line), soft_wrap=True)


def retry_kafka(
    bootstrap: str, run: str | None, numbers: Sequence[int], texts: dict[int, bytes], rules: Path | None, *, as_json: bool
) -> NoReturn:
    """Vet letters again and send those that are events now; leaves with 0, or 3 where one is still refused."""
    from deploy.kafka.letters import chosen, send

    agreements = rules_or_leave(rules)
    watch, now = Watch(agreements), datetime.now(UTC)
    refused: dict[int, str] = {}
    mended: dict[int, Mended] = {}
    with _asking():
        for letter in chosen(bootstrap, run, dict.fromkeys(numbers)):
            try:
                mended[letter.number] = _again(watch, letter, texts, now, live=run is None)
            except Refused as error:
                refused[letter.number] = str(error)
        sent = send(bootstrap, run, Homes.of(RuleBook(agreements)), list(mended.values())) if mended else []
    places = dict(zip(mended, sent, strict=True))
    for number in dict.fromkeys(numbers):
        reason = refused.get(number)
        event = None if reason is not None else mended[number].event
        if as_json:
            row = {
                "number": number,
                "state": "waiting" if event is None else "mended",
                "reason": reason,
                "event": None if event is None else event.id,
                "needs_tick": None if event is None else _waits(event, places[number]),
            }
            emit(msgspec.json.encode(row))
        else:
            told = f"still refused: {reason}"
            if event is not None:
                told = f"mended, in the log as {event.id}, {_judged(event, places[number], run)}"
            out().print(words(f"{number}: {told}"), soft_wrap=True)
    raise typer.Exit(BAD_INPUT if refused else FINE)


def _again(watch: Watch, letter: "Found", texts: dict[int, bytes], now: datetime, *, live: bool) -> Mended:
    """A letter's event, from its mended text or from its own bytes.

    Raises:
        Refused: when it still is none that may be sent.
    """
    data = texts.get(letter.number, letter.data)
    if data is None:
        raise Refused("it has no bytes: give its text with --with")
    mended = vetted(watch, data, now)
    if live and isinstance(mended.event, Tick) and not mended.event.exercise:
        raise Refused("the live log has a clock of its own: a tick of another would set the watch's time")
    return mended


def _waits(event: AnyEvent, sent: "Sent") -> bool:
    """Whether more ticks must come before an event that was sent is judged; a drill's clock is not asked."""
    return sent.time is None or event.occurred.earliest > sent.time


def _judged(event: AnyEvent, sent: "Sent", run: str | None) -> str:
    """When an event that was sent is judged."""
    if run is None:
        return "judged at the live clock's next tick"
    if sent.time is None:
        return "judged by nobody before the run's next tick"
    if _waits(event, sent):
        return f"judged by nobody yet: it is later than the run's last tick, {spoken(sent.time)}, which was sent again after it"
    return "judged by the run's workers at the tick sent after it"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."
