"""Doing something about a lapse: from the page to the trail of a real alert desk that runs beside it, and back."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from alerts import people
from alerts.people import Account
from alerts.policies import load
from alerts.service.embedded import desk_file
from alerts.service.store import Store
from dashboards.page.ports import Member
from dashboards.page.serve import Page
from deploy.watching.desk import DeskPeople, FileDesk, LogReports
from streams.actions import Match, Note, Silence
from streams.log.sqlite import Log
from streams.rulebook import RuleBook
from tests.page.serving import OFFICER, VIEWER, agreements, append, client, served, suspended
from tests.page.test_browser import ago, faults

POLICY = """
gather = "0 s"
trouble = ["receiver:bell"]
exercise = ["drill-bell"]

[[receivers]]
id = "bell"
kind = "log"

[[receivers]]
id = "drill-bell"
kind = "log"
exercise = true

[[people]]
id = "ole"
name = "Ole, watch officer"
receivers = ["bell"]

[[people]]
id = "ben"
name = "Ben, his relief"
receivers = ["bell"]

[[rotas]]
id = "watch"
people = ["ole", "ben"]
start = 1999-01-04

[[routes]]
id = "all"
steps = [{ to = ["person:ole"] }]
"""
PASSWORD = "a calm night on the line"


def utc() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a log, a policy, people, and a desk that runs."""
    folder = tmp_path_factory.mktemp("desk")
    append(folder / "log.db", suspended("off-1", "us-china-theater", ago(hours=30)))
    (folder / "policy.toml").write_text(POLICY)
    accounts = (
        Account(id="ole", name="Ole", role="officer", created=utc(), password=people.hashed(PASSWORD)),
        Account(id="vera", name="Vera", role="viewer", created=utc(), password=people.hashed(PASSWORD)),
    )
    people.change(folder / "people.json", lambda _: people.Kept(people=accounts))
    command = [sys.executable, "-c", "from deploy.cli import main; main()", "alerts", "run", str(folder / "policy.toml")]
    command += ["--log", str(folder / "log.db"), "--people", str(folder / "people.json"), "--bind", "127.0.0.1:0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as desk:
        assert desk.stdout is not None
        assert "url" in json.loads(desk.stdout.readline())
        yield folder
        desk.send_signal(signal.SIGTERM)


@contextmanager
def page_of(place: Path, owner: Member = OFFICER) -> Iterator[Page]:
    log = place / "log.db"
    with served(
        log=log,
        owner=owner,
        people=DeskPeople(place / "people.json"),
        desk=FileDesk(desk_file(log), load(place / "policy.toml"), utc),
        reports=LogReports(log, RuleBook(agreements()), utc),
    ) as page:
        yield page


def test_a_lapse_is_acknowledged_with_the_keyboard(tab: Tab, place: Path) -> None:
    before = len(trail(place))
    with page_of(place) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.keyboard.press("j")
        tab.keyboard.press("a")
        expect(tab.locator("#act-says")).to_contain_text("acknowledged, number")
        expect(tab.locator("#lapses-list")).to_contain_text("ole has it")
        # Who was told and who did what is part of why.
        done = tab.locator("#why")
        expect(done).to_contain_text("ole was told (alarm)")
        expect(done).to_contain_text("ole acknowledged until")
        tab.keyboard.press("n")
        tab.get_by_role("textbox", name="Note").fill("Called the embassy.")
        tab.get_by_role("dialog").get_by_role("button", name="Note").click()
        expect(done).to_contain_text("Called the embassy.")
        assert faults(tab) == []
        tab.keyboard.press("s")
        expect(tab.get_by_role("dialog")).to_contain_text("Snooze")
        assert faults(tab) == []
    assert [(action["by"], action["via"], action["deed"]["do"]) for action in trail(place)[before:]] == [
        ("ole", "page", "ack"),
        ("ole", "page", "note"),
    ]


def trail(place: Path) -> list[dict[str, Any]]:
    """The actions on the trail. The tests of this module share it, and may come in any order."""
    with Store(desk_file(place / "log.db"), create=False) as store:
        return [json.loads(data)["action"] for _, data in store.actions()]


def deeds(place: Path) -> list[dict[str, Any]]:
    """What they did."""
    return [action["deed"] for action in trail(place)]


def test_a_line_is_silenced_and_the_watch_handed_over(tab: Tab, place: Path) -> None:
    with page_of(place) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.locator("[data-lapse]").first.click()
        tab.click("#act-silence")
        dialog = tab.get_by_role("dialog")
        expect(dialog).to_contain_text("Silence us-china-theater")
        dialog.get_by_label("For").select_option("4 hours")
        dialog.get_by_label("Reason").fill("cable works")
        dialog.get_by_role("button", name="Silence").click()
        expect(tab.locator("#act-says")).to_contain_text("silenced, number")
        tab.click("#act-hand-over")
        dialog.get_by_label("Rota").fill("watch")
        dialog.get_by_label("To").fill("nobody")
        dialog.get_by_role("button", name="Hand over").click()
        expect(tab.locator("#act-says")).to_contain_text("Not done: no person of the policy has the id 'nobody'")
        tab.click("#act-hand-over")
        dialog.get_by_label("Rota").fill("watch")
        dialog.get_by_label("To").fill("ben")
        dialog.get_by_role("button", name="Hand over").click()
        expect(tab.locator("#act-says")).to_contain_text("handed over, number")
    silence, handing = deeds(place)[-2:]
    assert (silence["do"], silence["match"], silence["reason"]) == (
        "silence",
        {"subjects": ["us-china-theater"]},
        "cable works",
    )
    starts, ends = (datetime.fromisoformat(silence[name]) for name in ("start", "end"))
    assert timedelta(hours=4) - timedelta(seconds=5) < ends - starts < timedelta(hours=4, seconds=5)
    assert handing == {"do": "hand-over", "rota": "watch", "to": "ben"}


def test_what_was_done_while_no_desk_ran_counts_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    path = tmp_path / "watch.desk.db"
    Store(path).close()
    desk = FileDesk(path, load(tmp_path / "policy.toml"), utc)
    match = Match(subjects=("us-china-theater",))
    silence = Silence(name="works", match=match, start=utc(), end=utc() + timedelta(hours=1), reason="cable works")
    assert desk.act(OFFICER, silence, exercise=False) == (True, "silenced, number 1 on the trail")
    again = desk.act(OFFICER, silence, exercise=False)
    assert not again.done
    assert "there is a silence works until" in again.says


def test_a_desk_file_of_another_version_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    path = tmp_path / "watch.desk.db"
    with Store(path) as store:
        store.append([], {"layout": b"9"}, 0)
    told = FileDesk(path, load(tmp_path / "policy.toml"), utc).act(OFFICER, Note(target="0" * 16, note="x"), exercise=False)
    assert not told.done
    assert "watch.desk.db: expected a state of layout 1, got one of layout 9" in told.says


def test_a_viewer_may_look_and_not_act(tab: Tab, place: Path) -> None:
    with page_of(place, VIEWER) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.locator("[data-lapse]").first.click()
        expect(tab.locator("#act-ack")).to_be_disabled()
        expect(tab.locator(".acts")).to_contain_text("you may look, and not act")
        # What the page does not offer, the server refuses all the same.
        lapse = tab.url.rsplit("/", 1)[1]
        asked = """async (target) => {
            const form = (await (await fetch("/api/me")).json()).form;
            const body = JSON.stringify({ deed: { do: "ack", target } });
            const headers = { "Content-Type": "application/json", "X-Steadyline-Form": form };
            const answer = await fetch("/api/live/deeds", { method: "POST", headers, body });
            return [answer.status, (await answer.json()).detail];
        }"""
        assert tab.evaluate(asked, lapse) == [403, "Vera is a viewer: this takes an officer"]


def test_what_makes_no_sense_is_refused_by_the_desk_in_its_words(place: Path) -> None:
    with page_of(place) as page, client(page) as somebody:
        form = {"X-Steadyline-Form": somebody.get("/api/me").json()["form"]}
        answer = somebody.post("/api/live/deeds", json={"deed": {"do": "ack", "target": "0" * 16}}, headers=form)
        assert answer.status_code == 422
        assert "0000000000000000" in answer.json()["detail"]


def test_people_of_the_desk_sign_in_with_their_passwords(tab: Tab, place: Path) -> None:
    with page_of(place) as page:
        tab.goto(f"http://{page.bind}/")
        tab.get_by_label("Name").fill("vera")
        tab.get_by_label("Password").fill("not her password")
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.locator(".wrong-input")).to_have_text("no such name and password")
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.locator(".who")).to_have_text("Vera (viewer)")


def test_wrong_passwords_are_slowed_down(place: Path) -> None:
    with page_of(place) as page, client(page, signed_in=False) as anybody:
        tried = {"name": "nobody", "password": "x"}
        answers = [anybody.post("/api/sign-in", json=tried).status_code for _ in range(6)]
        assert answers == [401] * 5 + [429]


def test_wrong_passwords_that_come_together_are_no_more_than_those_that_come_one_by_one(place: Path) -> None:
    with page_of(place) as page, client(page, signed_in=False) as anybody, ThreadPoolExecutor(30) as together:

        def guess(number: int) -> int:
            return anybody.post("/api/sign-in", json={"name": "vera", "password": f"w{number}"}).status_code

        assert Counter(together.map(guess, range(30))) == {401: 5, 429: 25}


def test_no_form_of_another_site_signs_a_browser_in(place: Path) -> None:
    with page_of(place) as page, client(page, signed_in=False) as anybody:
        body = json.dumps({"name": "vera", "password": PASSWORD, "=": ""}).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            answer = anybody.post("/api/sign-in", content=body, headers={"Content-Type": kind})
            assert (answer.status_code, "set-cookie" in answer.headers) == (415, False), kind
        assert anybody.post("/api/sign-in", content=body, headers={"Content-Type": "application/json"}).status_code == 200
        # Whoever says JSON from elsewhere is asked for leave first by the browser, and there is none.
        asking = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
        asked = anybody.options("/api/sign-in", headers=asking | {"Access-Control-Request-Headers": "content-type"})
        assert not [name for name in asked.headers if name.startswith("access-control")]


def test_whoever_may_no_longer_act_is_refused_at_once(place: Path) -> None:
    with page_of(place) as page, client(page) as somebody:
        form = {"X-Steadyline-Form": somebody.get("/api/me").json()["form"]}
        before = people.read(place / "people.json")
        demoted = tuple(
            Account(id=one.id, name=one.name, role="viewer", created=one.created, password=one.password)
            for one in before.people
        )
        people.change(place / "people.json", lambda _: people.Kept(people=demoted))
        try:
            answer = somebody.post("/api/live/deeds", json={"deed": {"do": "ack", "target": "0" * 16}}, headers=form)
            assert answer.status_code == 403
        finally:
            people.change(place / "people.json", lambda _: before)


def test_whoever_is_taken_off_the_list_is_signed_out(place: Path) -> None:
    with page_of(place) as page, client(page, signed_in=False) as somebody:
        assert somebody.post("/api/sign-in", json={"name": "vera", "password": PASSWORD}).status_code == 200
        assert somebody.get("/api/me").json()["member"]["role"] == "viewer"
        before = people.read(place / "people.json")
        people.change(place / "people.json", lambda kept: people.Kept(people=kept.people[:1]))
        try:
            assert somebody.get("/api/me").status_code == 401
        finally:
            people.change(place / "people.json", lambda _: before)


def test_a_call_is_reported_from_the_page(tab: Tab, place: Path) -> None:
    with page_of(place) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.click("#report")
        tab.get_by_role("combobox", name="Channel").fill("us-china-dtI")
        tab.get_by_role("textbox", name="Who asked for it").fill("US")
        tab.get_by_role("dialog").get_by_role("button", name="Report").click()
        expect(tab.locator(".wrong-input")).to_contain_text("or us-china-dtl")
        tab.get_by_role("combobox", name="Channel").fill("us-china-dtl")
        tab.get_by_role("dialog").get_by_role("button", name="Report").click()
        expect(tab.locator("dialog")).to_contain_text("Reported as report-")
    with Log(place / "log.db", create=False) as log:
        sources = {record.source for record in log.read() if record.kind.endswith("channel.request.v1")}
    assert sources == {"urn:steadyline:report:ole"}


def test_an_incident_is_reported_from_the_page(tab: Tab, place: Path) -> None:
    with page_of(place) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.click("#report")
        dialog = tab.get_by_role("dialog")
        dialog.locator("select[name=kind]").select_option("an incident")
        dialog.get_by_label("Between").fill("US,PRC")
        dialog.get_by_label("Gravity").select_option("critical")
        dialog.get_by_label("Its name").fill("ramming-1")
        dialog.get_by_label("Place").fill("north of the shoal")
        dialog.get_by_label("In words").fill("Two ships touched.")
        dialog.get_by_role("button", name="Report").click()
        expect(tab.locator(".wrong-input")).to_contain_text("north of the shoal")
        dialog.get_by_label("Place").fill("21.5,118.2")
        dialog.get_by_role("button", name="Report").click()
        expect(tab.locator("dialog")).to_contain_text("Reported as report-")
        dialog.get_by_role("button", name="Close").click()
        expect(tab.locator("#incidents-list")).to_contain_text("ramming-1")
    with Log(place / "log.db", create=False) as log:
        (told,) = [json.loads(record.data) for record in log.read() if record.kind.endswith("incident.report.v1")]
    assert told["source"] == "urn:steadyline:report:ole"
    assert (told["data"]["gravity"], told["data"]["text"]) == ("critical", "Two ships touched.")
