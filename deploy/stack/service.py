"""What the stack asks of a server that it runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

Ports = Mapping[str, int]
"""The ports of a service, by what they are for."""
Tell = Callable[[str], None]
"""Where remarks for people go."""


class StackError(Exception):
    """The stack cannot do what was asked of it; the message says why and what helps."""


class MissingError(StackError):
    """This machine lacks a program that is needed."""


class Silent(Exception):  # noqa: N818 - no fault: a server that starts is silent at first
    """The server does not answer, or not yet."""


class Command(NamedTuple):
    """How a server is started."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = {}


class Service(Protocol):
    """A server: how it is had, started and asked. All its files are in the one folder it is given."""

    name: str
    version: str
    ports: tuple[str, ...]
    """What it needs ports for; the first is the one that clients use."""
    logs: tuple[str, ...]
    """Files in its folder whose ends tell why it did not start."""

    def prepare(self, folder: Path, tell: Tell) -> None:
        """Fetch what is missing and lay out the folder. Done again, or after a crash, it comes to the same.

        Raises:
            StackError: when that cannot be done on this machine.
        """

    def command(self, folder: Path, ports: Ports) -> Command:
        """Write its settings into the folder and say how it is started; the folder will be its working directory.

        Raises:
            StackError: when that cannot be done on this machine.
        """

    def ask(self, folder: Path, ports: Ports, patience: float) -> dict[str, str | int]:
        """Ask the server itself how it is; facts for people and machines, its address among them.

        Raises:
            Silent: when it gives no answer within ``patience`` seconds.
        """
