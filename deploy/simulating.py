"""What an alert desk would have said, had it watched a stretch of history. Nothing is sent.

The watch looks whenever something falls due, and the desk whenever it asks to, as both do live; so the times are those at which
people would have been called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path

from alerts.desk import Desk
from alerts.journal import ActionEntry, LapseEntry
from alerts.policy import Policy
from alerts.sendings import Sending
from deploy.replaying.session import Session, run
from streams.actions import Acknowledge, Action
from streams.lapses import Lapse
from streams.watch import Watch


@dataclass
class Simulation:
    """What would have been said.

    Attributes:
        session: The replay.
        desk: The desk at its end.
        sendings: All that it said, in order.
    """

    session: Session
    desk: Desk
    sendings: list[Sending]


def simulate(
    name: str,
    policy: Policy,
    rules: Path | None = None,
    *,
    until: datetime | None = None,
    ack_after: timedelta | None = None,
) -> Simulation:
    """Replay what ``name`` stands for before a desk; leaves with 2 or 3 where there is nothing to replay.

    Args:
        name: A story, a file, a directory, or ``-``.
        policy: Whom to tell what.
        rules: Agreements over the built-in ones.
        until: When the replay ends; the story's end without it.
        ack_after: So long after an alarm whoever got it acknowledges it; nobody ever does without it.
    """
    watched = _Watched(Desk(policy), ack_after)
    session = run(name, rules, until=until, progress=False, heard=watched.hear)
    if session.result.end is not None:
        watched.advance(session.result.end)
    return Simulation(session, watched.desk, watched.sendings)


class _Watched:
    """A desk, its time and the people who answer it."""

    def __init__(self, desk: Desk, ack_after: timedelta | None) -> None:
        self.desk = desk
        self.sendings: list[Sending] = []
        self._ack_after = ack_after
        self._acks: list[tuple[datetime, int, Sending]] = []

    def hear(self, watch: Watch, changes: Sequence[Lapse]) -> None:
        """Take in what the watch says, at the watch's time."""
        assert watch.now is not None
        self.advance(watch.now)
        for lapse in changes:
            self._said(self.desk.take(LapseEntry(at=watch.now, lapse=lapse)))

    def advance(self, now: datetime) -> None:
        """Let the time be ``now``, with a tick and an answer whenever one is due."""
        while True:
            wake = self.desk.wake
            ack = self._acks[0][0] if self._acks else None
            due = min((moment for moment in (wake, ack) if moment is not None), default=None)
            if due is None or due > now:
                break
            if due == ack:
                self._acknowledge(*heappop(self._acks))
            else:
                self._said(self.desk.advance(due))
        self._said(self.desk.advance(now))

    def _said(self, sendings: Sequence[Sending]) -> None:
        self.sendings += sendings
        for sending in sendings:
            if self._ack_after is not None and sending.kind in ("alarm", "unknown") and not sending.exercise:
                heappush(self._acks, (sending.at + self._ack_after, len(self.sendings) + len(self._acks), sending))

    def _acknowledge(self, at: datetime, number: int, sending: Sending) -> None:
        by = sending.person or "somebody"
        action = Action(id=f"simulated-{number}-{sending.key}", at=at, by=by, deed=Acknowledge(target=sending.page))
        if self.desk.refusal(action) is None:
            self._said(self.desk.take(ActionEntry(at=at, action=action)))
