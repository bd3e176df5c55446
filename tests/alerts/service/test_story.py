"""A story on a real broker, judged by a worker and paged by a desk, each a process of its own; the desk is killed meanwhile."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from alerts.journal import decode_entry
from alerts.policies import load
from alerts.sendings import CLEARING, Sending
from alerts.station import Station
from producers.history.story import find_story, load_story
from streams.events.decode import encode
from streams.topics import DESK, LAPSES
from tests.alerts.receivers import Alertmanager, alertmanager, mailbox, webhook
from tests.live.faults import QUICK
from tests.live.running import Ground, planned, until, worker

POLICY = """
gather = "1 s"
exercise = ["drill-hook", "drill-mail", "drill-bell"]
trouble = ["receiver:log"]
[[receivers]]
id = "phone"
url = "{phone}"
[[receivers]]
id = "log"
kind = "log"
[[receivers]]
id = "drill-hook"
url = "{hook}"
exercise = true
[[receivers]]
id = "drill-mail"
url = "{mail}"
exercise = true
[[receivers]]
id = "drill-bell"
kind = "alertmanager"
url = "{bell}"
exercise = true
[[people]]
id = "ann"
name = "Ann"
receivers = ["phone"]
[[routes]]
id = "all"
steps = [{{ to = ["person:ann"] }}]
"""


class Desk:
    """A desk of a run, in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def at_work(self) -> bool:
        """Whether the partition is its own; the other one waits."""
        return "the desk is live" in self.said()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextmanager
def desk(ground: Ground, folder: Path, name: str) -> Iterator[Desk]:
    """A desk of that run; killed at the end where it still runs."""
    command = [str(Path(sys.executable).parent / "steadyline"), "alerts", "run", str(folder / "policy.toml"), "--json"]
    command += ["--bootstrap", ground.bootstrap, "--run", str(ground.run), "--people", str(folder / "people.json")]
    command += ["--bind", "127.0.0.1:0", "--allow", "127.0.0.0/8"]
    told = {key: value for key, value in os.environ.items() if not key.startswith("STEADYLINE_")}
    log = folder / f"log-{name}"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**told, **QUICK, "STEADYLINE_DATADIR": str(folder / f"faust-{name}")}
        )
    found = Desk(process, log)
    try:
        yield found
    finally:
        found.kill()


def told(ground: Ground, folder: Path) -> tuple[Station, list[Sending]]:
    """What the journal says: the desk as it stands, and what was to be sent."""
    station = Station(load(folder / "policy.toml"), run=ground.run)
    return station, [sending for entry in ground.records(DESK) for sending in station.take(decode_entry(entry))]


def test_a_story_is_paged_by_mail_webhook_and_alertmanager_though_the_desk_is_killed_and_another_takes_over(
    kafka: str, run: str, tmp_path: Path
) -> None:
    ground = Ground(kafka, run, 2)
    lines = [encode(event) for event in load_story(find_story("us-china-2022")).events]
    with webhook() as phone, webhook() as hook, mailbox() as box, alertmanager(tmp_path) as bell:
        policy = POLICY.format(phone=phone.url, hook=hook.url, mail=box.url, bell=bell.url)
        (tmp_path / "policy.toml").write_text(policy)
        with (
            worker(ground, **QUICK) as judge,
            desk(ground, tmp_path, "one") as one,
            desk(ground, tmp_path, "other") as other,
        ):
            desks = [one, other]
            judge.ready()
            until(lambda: any(each.at_work() for each in desks), one.said)
            hook.answer = lambda number: killed(desks) if number == 1 else 200
            ground.send(planned(lines, run, 2))
            station, sendings = told(ground, tmp_path)

            def all_there() -> bool:
                nonlocal station, sendings
                station, sendings = told(ground, tmp_path)
                of_hook = {each.key for each in sendings if each.receiver == "drill-hook"}
                of_mail = {each.key for each in sendings if each.receiver == "drill-mail"}
                delivered = len(of_hook) >= 2 and of_hook == set(hook.keys()) and of_mail == mailed(box.mails)
                return delivered and firing(bell) == standing(sendings)

            def why() -> str:
                lapses = len(ground.records(LAPSES))
                ended = [each.process.poll() for each in desks]
                return (
                    f"{lapses} lapses, {len(sendings)} sendings, {len(hook.calls)} calls, {ended}\n{one.said()}\n{other.said()}"
                )

            until(all_there, why)
            assert [each.process.poll() for each in desks].count(None) == 1
            assert firing(bell) == standing(sendings)
        assert phone.calls == []
        assert {each["labels"]["exercise"] for each in bell.firing()} <= {"yes"}
    twice = {key for key, count in Counter(hook.keys()).items() if count > 1}
    assert len(twice) <= 1
    assert max(Counter(mail["X-Steadyline-Key"] for mail in box.mails).values()) <= 2
    # The eight suspensions of one announcement are one page.
    announced = [page for page in station.desk.pages(settled=True) if any(lapse.group for lapse in page.lapses)]
    assert [len(page.lapses) for page in announced] == [8]
    assert all(call.body["title"].startswith("EXERCISE") for call in hook.calls)


def killed(desks: list[Desk]) -> int:
    """The receiver has it, and the desk that sent it will never know."""
    next(each for each in desks if each.at_work()).kill()
    return 200


def mailed(mails: list[EmailMessage]) -> set[str]:
    return {str(mail["X-Steadyline-Key"]) for mail in mails}


def firing(bell: Alertmanager) -> set[str]:
    """The pages that fire there."""
    return {each["labels"]["page"] for each in bell.firing()}


def standing(sendings: list[Sending]) -> set[str]:
    """The pages of which Alertmanager was told last that they stand."""
    last = {each.page: each for each in sendings if each.receiver == "drill-bell"}
    return {page for page, each in last.items() if each.kind not in CLEARING}
