"""What the API sees of a desk, whatever keeps its journal."""

from collections.abc import Awaitable, Callable

from alerts.audit import Head
from alerts.handover import Handover, handover
from alerts.service.runner import Runner
from alerts.station import Station
from streams.actions import Action


class Side:
    """The desk of this process, while it runs here."""

    def __init__(
        self,
        act: Callable[[Action], Awaitable[Head]],
        head: Callable[[], Head],
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Nothing runs yet.

        Args:
            act: Puts an action on the trail.
            head: The head of the trail.
            trouble: Why no lapses come in now; ``None`` where they do.
        """
        self.runner: Runner | None = None
        self.fault: BaseException | None = None
        self._act = act
        self.head = head
        self._trouble = trouble

    @property
    def station(self) -> Station | None:
        """The desk; ``None`` while it does not run here."""
        return self.runner.station if self.runner is not None and self.runner.live else None

    async def act(self, action: Action) -> Head:
        """Put an action on the trail, durably."""
        return await self._act(action)

    def handover(self) -> Handover:
        """What is open, who has it, what comes next."""
        assert self.runner is not None
        outbox = self.runner.outbox
        return handover(
            self.runner.station.desk,
            self.runner.clock(),
            waiting=len(self.runner.station.pending),
            failing=dict(outbox.failing),
            trail=self.head(),
        )

    def alive(self) -> str | None:
        """Why the desk is none any more; ``None`` where it is one."""
        return None if self.fault is None else f"{type(self.fault).__name__}: see the log"

    def ready(self) -> list[str]:
        """Why it does not work now; empty where it does."""
        if self.runner is None:
            return ["the desk does not run here now"]
        if not self.runner.live:
            return ["the journal is still being read"]
        trouble = self._trouble()
        return [] if trouble is None else [f"no lapses come in: {trouble}"]
