"""Makes the ways out that a policy names."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from alerts.delivery.alertmanager import AlertmanagerReceiver
from alerts.delivery.apprising import AppriseReceiver
from alerts.delivery.logged import LogReceiver
from alerts.delivery.ports import Port
from alerts.policy import Receiver
from streams.allowing import AllowList


def open_ports(receivers: Iterable[Receiver], base: Path, allow: AllowList, clock: Callable[[], datetime]) -> dict[str, Port]:
    """A way out for each receiver, by its id; nothing is connected yet.

    Args:
        receivers: Those of the policy.
        base: The folder in which their files of addresses are.
        allow: Hosts within this machine or its networks that may be called.
        clock: The time of day, UTC.

    Raises:
        ReceiverError: when one cannot be used.
    """
    ports: dict[str, Port] = {}
    for receiver in receivers:
        match receiver.kind:
            case "apprise":
                ports[receiver.id] = AppriseReceiver(receiver, base, allow)
            case "alertmanager":
                ports[receiver.id] = AlertmanagerReceiver(receiver, base, allow, clock=clock)
            case "log":
                ports[receiver.id] = LogReceiver()
    return ports
