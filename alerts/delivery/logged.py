"""The receiver ``log``: a line in the desk's own log, for trials and as the last stand-in."""

import structlog

from alerts.delivery.ports import Message

_log = structlog.stdlib.get_logger(__name__)


class LogReceiver:
    """Says it in the log."""

    async def deliver(self, message: Message) -> None:
        """Deliver; see ``Port``."""
        sending = message.sending
        _log.warning(
            "page",
            key=sending.key,
            page=sending.page,
            kind=sending.kind,
            severity=str(sending.severity),
            receiver=sending.receiver,
            title=message.title,
            body=message.body,
        )

    async def close(self) -> None:
        """Nothing is open."""
