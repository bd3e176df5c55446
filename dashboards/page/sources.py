"""Where the live floor comes from."""

from typing import Protocol

from dashboards.page.floor import Floor
from dashboards.page.pulse import Pulse
from dashboards.page.reel import TimeLine
from dashboards.page.why import Why


class Live(Protocol):
    """Something that is followed. ``read`` is called by one thread, again and again; the others by any."""

    @property
    def name(self) -> str:
        """What to call it."""

    def read(self) -> tuple[Floor, Pulse]:
        """Take in what is new, and say how everything stands and how old that is."""

    def why(self, name: str) -> Why | None:
        """One lapse in full."""

    def time_line(self) -> TimeLine | None:
        """Who was reachable when."""

    def close(self) -> None:
        """Let go of it; called by the thread that reads."""
