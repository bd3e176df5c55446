"""A desk that is killed at a step of one's choice: ``python -m tests.alerts.service.dying FOLDER URL``.

Imports once, and forks a process for each life: a real one, which kills itself with SIGKILL before or after its so-manieth
write to the file or word to the receiver. For each step: one life that ends there, and one that goes on from its file. What
was reached is printed, a line of JSON for each step.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from alerts.delivery.apprising import AppriseReceiver
from alerts.delivery.opening import open_ports
from alerts.delivery.ports import Message
from alerts.service import embedded as embedded_desk
from alerts.service.embedded import Embedded
from alerts.service.store import Store
from streams.allowing import AllowList
from tests.alerts.build import lapse
from tests.alerts.delivery.running import QUICK
from tests.alerts.service.behaviours import OVER, ack, came
from tests.alerts.service.policies import policy
from tests.alerts.service.test_embedded import Handed, now

MOST = 40
"""More steps than there are: the last life of all ends by itself."""


class Death:
    """Counts steps, and ends at one of them."""

    def __init__(self, at: int, told: Path) -> None:
        self._left = at
        self._told = told

    def step(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            self._told.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, call: Callable[..., None]) -> Callable[..., None]:
        def run(*arguments: object) -> None:
            self.step(f"before {name}")
            call(*arguments)
            self.step(f"after {name}")

        return run


async def life(folder: Path, url: str, death: Death) -> None:
    """An alarm, an acknowledgement, an all-clear, from wherever the file is."""
    embedded_desk.POLL = 0.01
    rules = policy(url)
    source, faults = Handed(), list[BaseException]()
    with Store(folder / "watch.desk.db") as store:
        store.append = death.around("the journal", store.append)  # type: ignore[method-assign]
        ports = open_ports(rules.receivers, folder, AllowList.of(["127.0.0.0/8"]), now)
        hook = ports["hook"]
        assert isinstance(hook, AppriseReceiver)
        deliver = hook.deliver

        async def delivered(message: Message) -> None:
            death.step(f"before the {message.sending.kind}")
            await deliver(message)
            death.step(f"after the {message.sending.kind}")

        hook.deliver = delivered  # type: ignore[method-assign]
        embedded = Embedded(store, rules, source, ports, clock=now, crash=faults.append, patience=QUICK)
        runner = embedded.runner
        station = runner.station
        embedded.start()
        source.lapses.append(lapse())
        await came(lambda: bool(station.desk.pages(settled=True)) and not station.pending, "the alarm")
        if not store.actions():
            action = ack(runner)
            death.step("before the acknowledgement")
            await embedded.act(action)
            death.step("after the acknowledgement")
        await came(lambda: any(deed.by == "ann" for deed in station.desk.pages(settled=True)[0].deeds), "the acknowledgement")
        source.lapses.append(lapse(**OVER))
        await came(lambda: not station.desk.pages() and not station.pending, "the all-clear")
        await embedded.stop()
    assert not faults


def fork(folder: Path, url: str, death: Death) -> int:
    """A life in a process of its own; how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(life(folder, url, death))
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, url: str) -> None:
    # Apprise reads its hundred services when the first address is looked at: once, and not in every life.
    open_ports(policy(url).receivers, folder, AllowList.of([]), now)
    for step in range(1, MOST):
        own, told = folder / str(step), folder / str(step) / "died"
        own.mkdir()
        at = f"{url.rsplit('/', 1)[0]}/{step}"
        first = fork(own, at, Death(step, told))
        second = fork(own, at, Death(0, told)) if first else first
        died = told.read_text() if told.exists() else None
        print(json.dumps({"step": step, "died": died, "ended": [first, second]}))  # noqa: T201 - for the test that asked
        if first == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
