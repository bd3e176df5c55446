"""The small stack, without Kafka and InfluxDB: a gateway and a desk on one SQLite log, and a disk that can be filled."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from alerts.journal import LapseEntry, decode_entry
from alerts.service.embedded import desk_file
from alerts.service.store import Store
from deploy.replaying.replay import Edges, replay
from streams.agreements.model import Agreement
from streams.lapses import encode_lapse
from streams.log.sqlite import Log
from streams.watch import Watch
from tests.chaos.house import STARTED_WITHIN, House
from tests.chaos.live import agreements_of, lived, rules_in, timeless
from tests.chaos.rounds import Round
from tests.chaos.servers import SmallDisk
from tests.chaos.surviving import PATIENCE, REST, Survived, judged, waited
from tests.chaos.verdict import Difference, Outcome, compare, told_of
from tests.live.running import Told, until

_DISK_MB = 8


class Cottage(House):
    """A gateway that appends to a file, and a desk that judges it as it grows. The file, and all beside it, on a small disk."""

    words = {**House.words, "desk": "the desk's API listens"}

    def _start(self) -> None:
        self.disk = SmallDisk(self.folder / "disk", _DISK_MB)
        self._stack.callback(self.disk.gone)
        self._open_hook()
        self.log = self.disk.folder / "log.db"
        Log(self.log).close()
        rules = () if self.rules is None else ("--rules", str(self.rules))
        self._keep("gateway", self._gateway(str(self.log), self.disk.folder))
        self._keep("desk", self._desk("--log", str(self.log), *rules))
        until(self._at_work, lambda: f"the house\n{self.said()}", STARTED_WITHIN)

    def lapses(self) -> list[bytes]:
        """What the desk heard of."""
        entries = map(decode_entry, self.journal())
        return [encode_lapse(entry.lapse) for entry in entries if isinstance(entry, LapseEntry)]

    def journal(self) -> list[bytes]:
        """What the desk took in."""
        with Store(desk_file(self.log), create=False) as store:
            return list(store.journal())

    def events(self) -> list[bytes]:
        """The log as it stands."""
        with Log(self.log) as log:
            return [record.data for record in log.read()]


def survive(one: Round, folder: Path) -> Survived:
    """Let the faults of a round happen, and hold what is found against the undisturbed run."""
    rules = rules_in(folder)
    agreements = agreements_of(rules)
    began = time.monotonic()
    with Cottage(folder, None, rules=rules) as house, lived(one, house, agreements) as (source, expected, mid):
        came = waited(lambda: source.waiting() == 0 and len(house.lapses()) >= len(expected.lapses), PATIENCE)
        came = waited(lambda: {each.key for each in house.sendings()} <= set(house.hook.keys()), PATIENCE) and came
        time.sleep(REST)
        keys, lapses = house.hook.keys(), house.lapses()
        found = Outcome([timeless(record) for record in lapses], told_of(house.sendings(), keys))
        differences = [*compare(expected, found), *by_log(house.events(), lapses, agreements)]
        return Survived(
            mid=mid,
            lapses=len(set(lapses)),
            pages=len(set(keys)),
            repeated=len(keys) - len(set(keys)),
            differences=judged(differences, came=came),
            seconds=time.monotonic() - began,
            said="" if came and not differences else house.said(),
        )


def by_log(events: Sequence[bytes], lapses: Sequence[bytes], agreements: Sequence[Agreement]) -> list[Difference]:
    """What differs, byte for byte, from what the embedded replay makes of the log as it stands, ticks and all."""
    result = replay(Watch(agreements), Told(events), Edges(clock=lambda: 0.0))
    again = Outcome([encode_lapse(lapse) for some in result.history.values() for lapse in some], told_of(()))
    return [each._replace(which=f"{each.which}, by the log") for each in compare(again, replace(again, lapses=lapses))]
