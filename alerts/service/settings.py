"""How a desk runs, and what it needs before it can."""

from dataclasses import dataclass
from pathlib import Path

from alerts.delivery.opening import open_ports
from alerts.delivery.outbox import Patience
from alerts.delivery.ports import Port
from alerts.policy import Policy
from alerts.service.server import BIND
from streams.allowing import AllowList
from streams.daytime import utc


@dataclass(frozen=True, kw_only=True)
class DeskSettings:
    """How a desk runs.

    Attributes:
        policy: Whom to tell what.
        base: The folder in which the policy's files of addresses are.
        people: The file of people.
        allow: Hosts within this machine or its networks that receivers may be at.
        run: The replay or drill that it serves: all of it goes to the exercise route.
        bind: ``HOST:PORT`` of its API.
        hosts: Names by which the API may be asked.
        patience: The outbox's.
    """

    policy: Policy
    base: Path
    people: Path
    allow: AllowList
    run: str | None = None
    bind: str = BIND
    hosts: tuple[str, ...] = ()
    patience: Patience | None = None

    def ports(self) -> dict[str, Port]:
        """The ways out; nothing is connected yet.

        Raises:
            ReceiverError: when one cannot be used.
        """
        return open_ports(self.policy.receivers, self.base, self.allow, utc)
