"""What is delivered, and what a way out must be able to do."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from alerts.sendings import Sending

Wording = Callable[[Sending], tuple[str, str]]
"""Puts a sending into words: a title of one line, and a text. Harmless ones, whatever the events say."""


class Message(NamedTuple):
    """A sending in words."""

    sending: Sending
    title: str
    body: str

    @property
    def ends(self) -> bool:
        """Whether it takes back the last of what the receiver was told about the page."""
        return self.sending.ends


class UndeliveredError(Exception):
    """A receiver did not take a message. The text says why, and holds no secret."""


class Port(Protocol):
    """One way out."""

    async def deliver(self, message: Message) -> None:
        """Deliver; returns once the receiver has it.

        Raises:
            UndeliveredError: when it does not, or nobody can tell.
        """

    async def close(self) -> None:
        """Let go of what is open."""


class ReceiverError(Exception):
    """A receiver of the policy cannot be used. The message names it and what was expected, and holds no secret."""
