"""One page to one receiver, to see whether it gets there. It is an exercise, and says so at both ends."""

from pathlib import Path

from alerts.delivery.opening import open_ports
from alerts.delivery.ports import Message
from alerts.policy import Policy
from alerts.sendings import Sending, page_id, sending_key
from alerts.service.runner import wording
from streams.allowing import AllowList
from streams.daytime import utc
from streams.severity import Severity


async def tried(policy: Policy, base: Path, receiver: str, allow: AllowList, name: str) -> str:
    """Send it; its key.

    Args:
        policy: Whose receiver it is.
        base: The folder in which its file of an address is.
        receiver: Its id.
        allow: Hosts within this machine or its networks that may be called.
        name: Tells this page from all others.

    Raises:
        ReceiverError: when the receiver cannot be used.
        UndeliveredError: when it does not take it.
    """
    page = page_id("test", name)
    sending = Sending(
        key=sending_key(page, 1, receiver),
        page=page,
        number=1,
        kind="alarm",
        receiver=receiver,
        at=utc(),
        severity=Severity.INFO,
        lapses=(),
        because="this is a test page: somebody wants to see whether it gets here",
        exercise=True,
    )
    (port,) = open_ports([each for each in policy.receivers if each.id == receiver], base, allow, utc).values()
    try:
        await port.deliver(Message(sending, *wording(policy)(sending)))
    finally:
        await port.close()
    return sending.key
