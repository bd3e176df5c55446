"""A house: the whole stack, each part a process of its own, on a broker and a database that nobody else uses."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Self

from alerts.journal import decode_entry
from alerts.policies import load, read
from alerts.sendings import Sending
from alerts.station import Station
from deploy.stack.influx import Influx
from producers.gateway.tokens import new_token
from streams.topics import DESK, LAPSES
from tests.alerts.receivers import free_port, webhook
from tests.chaos.links import Link, Network
from tests.chaos.servers import LinkedKafka, Server, SmallDisk
from tests.conftest import database_of
from tests.gateway.running import a_token, put
from tests.influx.ground import prepared, writer
from tests.live.faults import QUICK, owned
from tests.live.keeping import Kept
from tests.live.running import READY, Ground, Worker, until, worker

PARTITIONS = 3
WORKERS = ("worker", "second")
LINES = (*WORKERS, "desk", "writer", "gateway")
"""Who has a line of its own to the broker."""
DISK_MB = 96
STARTED_WITHIN = 180.0
POLICY = """
gather = "0 s"
exercise = ["drill"]
trouble = ["receiver:log"]
[flapping]
changes = 100
[[receivers]]
id = "phone"
url = "{url}"
[[receivers]]
id = "drill"
url = "{url}"
exercise = true
[[receivers]]
id = "log"
kind = "log"
[[people]]
id = "ann"
name = "Ann"
receivers = ["phone"]
[[routes]]
id = "all"
steps = [{{ to = ["person:ann"] }}]
"""
"""Everything is said at once and to one receiver, so that what is said follows from the lapses and their order alone."""


class House:
    """The stack of one round: a worker (live: two), the desk, the writer, live a gateway; the broker and the database."""

    words = {"worker": READY, "second": READY, "desk": "the desk is live", "gateway": "the gateway listens"}
    """What each part says once it is at work."""

    def __init__(self, folder: Path, run: str | None, *, small_disk: bool = False, rules: Path | None = None) -> None:
        """Start nothing yet.

        Args:
            folder: Where its files go.
            run: The run that is served; the live topics without one, and then with a gateway and a second worker.
            small_disk: Give the broker a disk that can be filled.
            rules: Agreements laid over the built-in ones.
        """
        self.folder = folder
        self.run = run
        self.rules = rules
        self.kept: dict[str, Kept] = {}
        self.links: dict[str, Link] = {}
        self.small_disk = small_disk
        self.disk: SmallDisk | None = None
        self.struck = ""
        """The worker that was killed because it kept the clock."""
        self.gateway_url = ""
        self.secret = new_token()
        self._stack = ExitStack()
        self._policy = folder / "policy.toml"

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        network = self._stack.enter_context(Network())
        self.links = {name: network.link() for name in LINES}
        self.broker = Server(LinkedKafka({name: link.port for name, link in self.links.items()}), self.folder)
        self.database = Server(Influx(), self.folder)
        if self.small_disk:
            self.disk = SmallDisk(self.broker.home, DISK_MB)
            self._stack.callback(self.disk.gone)
        self._stack.callback(self.broker.gone)
        self._stack.callback(self.database.gone)
        bootstrap = str(self.broker.up().facts["bootstrap"])
        for name, link in self.links.items():
            link.target = self.broker.ports[name]
        self.influx = prepared(database_of(self.database.up()), self.folder / "secrets")
        self.ground = Ground(bootstrap, self.run, PARTITIONS)
        self._open_hook()
        own = {} if self.rules is None else {"STEADYLINE_AGREEMENTS": str(self.rules)}
        told = {**own, **QUICK}
        if self.run is not None:
            self._keep("worker", partial(worker, self.ground, STEADYLINE_KAFKA=self.links["worker"].address, **told))
        else:
            self.leap(0.0)
            for name in WORKERS:
                leaping = {"app": "tests.chaos.leaping:app", "TEST_LEAP": str(self._leap_of(name))}
                line = {"STEADYLINE_KAFKA": self.links[name].address}
                self._keep(name, partial(worker, self.ground, **leaping, **line, **told))
        run = () if self.run is None else ("--run", self.run)
        self._keep("desk", self._desk("--bootstrap", self.links["desk"].address, *run))
        self._keep("writer", lambda: writer(self.ground, self.influx, STEADYLINE_KAFKA=self.links["writer"].address, **own))
        if self.run is None:
            self._keep("gateway", self._gateway(f"kafka://{self.links['gateway'].address}"))
        until(self._at_work, lambda: f"the house\n{self.said()}", STARTED_WITHIN)

    def _open_hook(self) -> None:
        self.hook = self._stack.enter_context(webhook())
        self._policy.write_text(POLICY.format(url=self.hook.url), encoding="utf-8")

    def _keep(self, name: str, start: Callable[[], AbstractContextManager[Worker]]) -> None:
        self.kept[name] = kept = Kept(start)
        self._stack.callback(kept.stop)

    def _at_work(self) -> bool:
        return all(self.words.get(name, "") in kept.said() for name, kept in self.kept.items())

    def _desk(self, *log: str) -> Callable[[], AbstractContextManager[Worker]]:
        people = str(self.folder / "people.json")
        command = ("alerts", "run", str(self._policy), "--json", *log, "--people", people, "--bind", "127.0.0.1:0")
        return partial(program, *command, "--allow", "127.0.0.0/8", **QUICK)

    def _gateway(self, to: str, home: Path | None = None) -> Callable[[], AbstractContextManager[Worker]]:
        tokens, bind = self.folder / "tokens.json", f"127.0.0.1:{free_port()}"
        put(tokens, tokens=[a_token(self.secret, parties=("*",))])
        self.gateway_url = f"http://{bind}"
        rules = () if self.rules is None else ("--rules", str(self.rules))
        ledger = str((home or self.folder) / "ledger.db")
        command = ("gateway", "run", "--to", to, "--bind", bind, "--json", "--tokens", str(tokens), "--ledger", ledger)
        return partial(program, *command, *rules)

    def said(self) -> str:
        """The last words of every part."""
        return "\n".join(f"--- {name}, start {kept.starts}\n{kept.said()[-3_000:]}" for name, kept in self.kept.items())

    def kill(self, name: str) -> None:
        """``kill -9`` of a part that is a process of ours; dead until ``release``."""
        self.kept[name].kill()

    def release(self, name: str) -> None:
        """Let a part that was killed be started again."""
        self.kept[name].release()

    def clock(self) -> str:
        """The worker that keeps the clock: it has partition number 0."""
        return next(name for name in WORKERS if (now := self.kept[name].now) is not None and 0 in owned(now))

    def leap(self, seconds: float) -> None:
        """Let the time of day of the worker that keeps the clock be so far from what it is; of none, where that is nought."""
        leaping = self.clock() if seconds else None
        for name in WORKERS:
            path = self._leap_of(name)
            # Each worker reads its own twice a second, and must not find half of it.
            fresh = path.with_suffix(".new")
            fresh.write_text(str(seconds if name == leaping else 0.0))
            fresh.replace(path)

    def _leap_of(self, name: str) -> Path:
        return self.folder / f"leap-{name}"

    def lapses(self) -> list[bytes]:
        """What was found, in the order in which it was told."""
        return self.ground.records(LAPSES)

    def journal(self) -> list[bytes]:
        """What the desk took in."""
        return self.ground.records(DESK)

    def sendings(self) -> list[Sending]:
        """All that the desk's journal says was to be said."""
        station = Station(load(self._policy), run=self.run)
        return [sending for entry in self.journal() for sending in station.take(decode_entry(entry))]


def undisturbed_desk(run: str | None) -> Station:
    """A desk by the policy of every house, in this process: nothing happens to it."""
    return Station(read("policy", POLICY.format(url="json://127.0.0.1:9/").encode(), str), run=run)


@contextmanager
def program(*arguments: str, **environment: str) -> Iterator[Worker]:
    """A command of ours as a person starts it, with files of its own; killed at the end where it still runs."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        told = {name: value for name, value in os.environ.items() if not name.startswith("STEADYLINE_")}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(Path(sys.executable).parent / "steadyline"), *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**told, "STEADYLINE_DATADIR": folder, **environment},
            )
        try:
            yield Worker(process, log)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)
