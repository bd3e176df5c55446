"""Opening the spool and its targets for a command, with what the command line and the environment say."""

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple
from urllib.parse import quote

import typer

from deploy.consoles import note
from deploy.exits import bad_input, bad_use
from deploy.places import state_log, state_spool
from deploy.replaying.session import rules_or_leave
from streams.events import AnyEvent
from streams.rulebook import RuleBook

if TYPE_CHECKING:
    from producers.delivery.sender import Sender
    from producers.delivery.spool import Spool

PATIENCE_S = 5.0
"""Seconds that somebody at a terminal is kept waiting for a target that is away."""

To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="TARGET",
        envvar="STEADYLINE_TO",
        help="A gateway (https://HOST), or the log itself (kafka://HOST:PORT, a file). Without it: the embedded log.",
        show_default=False,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", help="The gateway's token. Else $STEADYLINE_TOKEN_FILE or $STEADYLINE_TOKEN."),
]
PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="Let http:// go over a network: whoever listens there reads the token.")
]
SpoolFile = Annotated[
    Path | None,
    typer.Option("--spool", metavar="FILE", help="The spool. Without it: $XDG_STATE_HOME/steadyline/spool/spool.db."),
]
Patience = Annotated[
    float, typer.Option("--patience", metavar="SECONDS", min=0, max=86_400, help="How long a target that is away is asked.")
]


def target_or_leave(to: str | None, *, plain: bool) -> str:
    """What ``--to`` means, as the spool writes it; leaves with 2 where it means nothing."""
    from producers.delivery.target import named

    try:
        return named(str(state_log()) if to is None else to, plain=plain)
    except ValueError as error:
        bad_use(str(error))


def spool_or_leave(path: Path | None) -> "Spool":
    """The user's spool, or the one that was named; leaves with 3 where it cannot be used."""
    from producers.delivery.spool import Spool, SpoolError

    try:
        return Spool(path or state_spool())
    except SpoolError as error:
        bad_input(str(error))


def sender(
    spool: "Spool", target: str, rules: Path | None, token_file: Path | None, *, plain: bool, answer_s: float | None = None
) -> "Sender":
    """What empties the spool into this target."""
    from producers.delivery.sender import Sender
    from producers.delivery.target import ANSWER_S, Access, open_target

    book: Callable[[], RuleBook] = lambda: RuleBook(rules_or_leave(rules))  # noqa: E731 - asked for on Kafka only
    access = Access(book, token_file, plain, answer_s or ANSWER_S)
    return Sender(spool, target, partial(open_target, target, access))


class Handed(NamedTuple):
    """What became of an event.

    Attributes:
        state: The target has it, it waits in the spool, or it was refused for good and is a dead letter of the spool.
        why: What was wrong.
    """

    event: AnyEvent
    state: Literal["sent", "kept", "refused"]
    why: str | None = None

    def told(self, target: str) -> str:
        """The same in words."""
        said = {
            "sent": f"handed over to {target}",
            "kept": "kept, will be sent: steadyline spool send",
            "refused": f"refused by {target}, and kept among the dead letters: steadyline spool dead-letters",
        }
        return f"{'EXERCISE ' if self.event.exercise else ''}{self.event.id}: {said[self.state]}"

    def row(self, target: str) -> dict[str, object]:
        """The same for a machine."""
        event = self.event
        return {"id": event.id, "source": event.source, "to": target, "state": self.state, "why": self.why, "event": event}


def handed_over(
    events: Sequence[AnyEvent],
    target: str,
    path: Path | None,
    rules: Path | None,
    token_file: Path | None,
    *,
    plain: bool,
    feed: str | None = None,
) -> list[Handed]:
    """Keep events in the spool, all or none, then send them; what became of each, in order.

    Args:
        events: What is handed over.
        target: To whom, as ``target_or_leave`` gives it.
        path: The spool, unless it is the user's own.
        rules: Agreements over the built-in ones.
        token_file: The gateway's token.
        plain: Whether ``http://`` may go over a network.
        feed: The feed whose evidence they are: its sign of life waits for them.
    """
    from producers.delivery.spool import SpoolError

    now = datetime.now(UTC)
    with spool_or_leave(path) as spool:
        try:
            spool.append(events, target, now, feed)
        except SpoolError as error:
            bad_input(str(error))

        def waits(event: AnyEvent) -> bool:
            return spool.waits(target, event.source, event.id)

        try:
            with sender(spool, target, rules, token_file, plain=plain, answer_s=PATIENCE_S) as sending:
                # In this order the first that is asked about says it, nearly always.
                drained = sending.drain(PATIENCE_S, enough=lambda: not any(map(waits, reversed(events))))
            letters = {
                (letter.source, letter.id): letter.reason
                for letter in spool.dead_letters()
                if letter.target == target and datetime.fromisoformat(letter.refused_at) >= now
            }
            waiting = [waits(event) for event in events]
        except SpoolError as error:
            return [Handed(event, "kept", str(error)) for event in events]
        except KeyboardInterrupt:
            note(f"{events[0].id if len(events) == 1 else f'{len(events):,} events'} kept: steadyline spool send")
            raise
    found = []
    for event, still in zip(events, waiting, strict=True):
        refused = letters.get((event.source, event.id))
        if still:
            found.append(Handed(event, "kept", drained.why))
        else:
            found.append(Handed(event, "sent") if refused is None else Handed(event, "refused", refused))
    return found


def user_source() -> str:
    """Who reports where nobody says: ``urn:steadyline:report:USER``."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        # No such user in the system's list, as in many containers.
        user = "unknown"
    return f"urn:steadyline:report:{quote(user, safe='')}"
