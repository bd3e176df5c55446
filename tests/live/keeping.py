"""Processes that are started again whenever they end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.live.running import Ground, Worker, worker


class Kept:
    """A process that is started again whenever it ends, as Compose keeps it."""

    def __init__(self, start: Callable[[], AbstractContextManager[Worker]]) -> None:
        self._begin = start
        self._ending = threading.Event()
        self._allowed = threading.Event()
        self._allowed.set()
        self.now: Worker | None = None
        self.starts = 0
        self.logs: list[str] = []
        self.codes: list[int] = []
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._ending.is_set():
            if not self._allowed.wait(0.1):
                continue
            with self._begin() as now:
                self.starts += 1
                self.now = now
                while now.process.poll() is None and not self._ending.wait(0.1):
                    pass
                if now.process.poll() is None:
                    self.codes.append(now.end(30))
                else:
                    self.codes.append(now.process.returncode)
                self.logs.append(now.said())
            self._ending.wait(0.5)

    def kill(self) -> None:
        """``kill -9``; it stays dead until ``release``."""
        self._allowed.clear()
        now = self.now
        if now is not None and now.process.poll() is None:
            now.process.kill()

    def release(self) -> None:
        """Let it be started again."""
        self._allowed.set()

    def said(self) -> str:
        """What all its lives have said."""
        now = self.now
        return "\n--- and again\n".join([*self.logs, "" if now is None or not now.log.exists() else now.said()])

    def stop(self) -> None:
        """End it, whether it wants to or not."""
        self._ending.set()
        if (now := self.now) is not None and now.process.poll() is None:
            now.process.kill()
        self._thread.join(60)

    def end(self) -> int:
        """End it, and return its exit code."""
        self._ending.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.codes[-1]


@contextmanager
def kept(ground: Ground, **environment: str) -> Iterator[Kept]:
    """A worker that is kept; ended at the end."""
    keeper = Kept(lambda: worker(ground, **environment))
    try:
        yield keeper
    finally:
        keeper.stop()
