"""How a desk runs, and what it needs before it can."""

from dataclasses import dataclass
from pathlib import Path

from alerts.delivery.opening import open_ports
from alerts.delivery.outbox import Patience
from alerts.delivery.ports import Port
from alerts.people import Doorkeeper
from alerts.policy import Policy
from alerts.service.deskside import Side
from alerts.service.server import BIND, Server
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
        certificate: A file of certificates in PEM: the API speaks TLS, with the ``key`` in a file of its own.
        patience: The outbox's.
    """

    policy: Policy
    base: Path
    people: Path
    allow: AllowList
    run: str | None = None
    bind: str = BIND
    hosts: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    patience: Patience | None = None

    def server(self, side: Side, doors: Doorkeeper) -> Server:
        """Its API; nothing listens yet.

        Raises:
            ValueError: when it is told to listen nowhere.
        """
        return Server(
            side,
            doors,
            bind=self.bind,
            hosts=self.hosts,
            certificate=self.certificate,
            key=self.key,
            clock=utc,
        )

    def ports(self) -> dict[str, Port]:
        """The ways out; nothing is connected yet.

        Raises:
            ReceiverError: when one cannot be used.
        """
        return open_ports(self.policy.receivers, self.base, self.allow, utc)
