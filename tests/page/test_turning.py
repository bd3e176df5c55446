"""The page as it turns: from one view to another, with the clock, and with the server away and back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route, expect

from tests.page.serving import append, incident, served, suspended
from tests.page.test_browser import THEATER, ago

expect.set_options(timeout=10_000)
STORY = "us-china-2022"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    append(path, suspended("off-1", THEATER, ago(hours=30)))
    return path


def held_back(tab: Tab, address: str) -> list[Route]:
    """What is asked of this address from now on; it is answered only by ``let_go``."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    tab.route(re.compile(address), hold)
    return held


def let_go(tab: Tab, held: list[Route]) -> None:
    assert held
    for route in held:
        route.continue_()
    tab.wait_for_timeout(1_000)


def at(tab: Tab, moment: str, group: str, story: str = STORY) -> None:
    """Go to a moment of a replay by its address."""
    tab.evaluate("(hash) => (location.hash = hash)", f"#/replay/{story}?at={moment}")
    expect(tab.locator("#clock")).to_have_text(group)


def test_a_moment_of_a_replay_that_comes_late_is_not_drawn_on_the_live_floor(tab: Tab, log: Path) -> None:
    with served(log=log, opens=STORY) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Defense Telephone Link")
        held = held_back(tab, "/floor")
        tab.locator("#scrub").dispatch_event("input")
        tab.evaluate("location.hash = '#/live'")
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        let_go(tab, held)
        expect(tab.locator("#lapses-list")).not_to_contain_text("Defense Telephone Link")
        expect(tab.locator("#mode")).to_have_text("LIVE")
        expect(tab.locator("#banners")).not_to_contain_text("cannot be shown")


def test_a_replay_that_opens_late_does_not_take_the_place_of_the_live_floor(tab: Tab, log: Path) -> None:
    with served(log=log) as page:
        tab.goto(page.link())
        held = held_back(tab, "/api/recordings/")
        tab.evaluate(f"location.hash = '#/replay/{STORY}'")
        expect(tab.locator("#main")).to_contain_text("Opening")
        tab.evaluate("location.hash = '#/live'")
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        let_go(tab, held)
        expect(tab.locator("#mode")).to_have_text("LIVE")
        expect(tab.locator("#deck")).to_be_hidden()
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")


def test_a_replay_that_is_left_while_it_plays_does_not_write_the_address(tab: Tab) -> None:
    with served(opens=STORY) as page:
        tab.goto(page.link())
        at(tab, "2022-07-01T00:00:00Z", "010000Z JUL 22")
        tab.click("#play")
        tab.get_by_role("link", name="Recordings").click()
        expect(tab.locator(".shelf")).to_be_visible()
        expect(tab).to_have_url(re.compile("#/shelf$"))


def test_nothing_of_what_was_open_is_left_on_the_next_view(tab: Tab) -> None:
    with served(opens=STORY) as page:
        tab.goto(page.link())
        tab.locator("[data-lapse]").first.click()
        expect(tab.locator("#why")).to_contain_text("Reckoned")
        assert tab.title().startswith("(")
        tab.get_by_role("link", name="Recordings").click()
        expect(tab.locator(".shelf")).to_be_visible()
        assert (tab.title(), tab.locator("body").get_attribute("class")) == ("Steadyline", "")


def test_a_replay_that_plays_says_so_and_keeps_the_focus_when_a_lapse_is_opened(tab: Tab) -> None:
    with served(opens=STORY) as page:
        tab.goto(page.link())
        at(tab, "2023-06-05T12:00:00Z", "051200Z JUN 23")
        expect(tab.locator("#lapses-list")).to_contain_text("chung-hoon")
        tab.select_option("#speed", "60")
        tab.click("#play")
        tab.locator("[data-lapse]").first.click()
        expect(tab.locator("#why")).to_contain_text("Reckoned")
        expect(tab.locator("#age")).to_have_text("playing")
        expect(tab.locator("#play")).to_have_text("Pause")
        # The panel is drawn anew four times a second.
        copy = tab.get_by_role("button", name="Copy the link")
        copy.focus()
        tab.wait_for_timeout(1_000)
        expect(copy).to_be_focused()


def test_a_choice_made_by_keyboard_keeps_the_focus(tab: Tab) -> None:
    with served(opens=STORY) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Defense Telephone Link")
        tab.focus("#known")
        tab.keyboard.press("ArrowDown")
        expect(tab).to_have_url(re.compile("known=now"))
        tab.wait_for_timeout(300)
        expect(tab.locator("#known")).to_be_focused()


def test_the_way_to_the_lapses_does_not_leave_the_live_floor(tab: Tab, log: Path) -> None:
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.locator(".skip").press("Enter")
        expect(tab.locator("#lapses")).to_be_focused()
        expect(tab.locator("#mode")).to_have_text("LIVE")


def test_an_address_that_names_nothing_is_refused_in_words(tab: Tab) -> None:
    with served(opens=STORY) as page:
        tab.goto(page.link())
        for name in ("100%", "nope"):
            tab.evaluate("(hash) => (location.hash = hash)", f"#/replay/{name}")
            expect(tab.locator("#main")).to_contain_text(f"Opening {name}")
            expect(tab.locator("#banners")).to_contain_text("cannot be shown")
            for key in (".", "[", "t", " "):
                tab.keyboard.press(key)
            tab.wait_for_timeout(500)
            expect(tab.locator("#main")).to_contain_text(f"Opening {name}")
            # Nothing is known of its time: no clock runs from 1970.
            expect(tab.locator("#clock")).to_be_empty()


def test_a_window_opens_in_a_replay_though_the_notice_has_not_changed(tab: Tab) -> None:
    with served(opens="dprk-satellites") as page:
        tab.goto(page.link())
        notices = tab.locator("#notices-list")
        at(tab, "2023-05-30T12:00:00Z", "301200Z MAY 23", "dprk-satellites")
        expect(notices).to_contain_text("window in 3 h")
        at(tab, "2023-05-30T18:00:00Z", "301800Z MAY 23", "dprk-satellites")
        expect(notices).to_contain_text("WINDOW OPEN")
        at(tab, "2023-05-30T12:00:00Z", "301200Z MAY 23", "dprk-satellites")
        expect(notices).to_contain_text("window in 3 h")


def test_contact_that_is_owed_live_is_overdue_in_its_second(tab: Tab, log: Path) -> None:
    with served(log=log) as page:
        append(log, incident("soon", ago(hours=2, seconds=-6)))
        tab.goto(page.link())
        row = tab.locator("#incidents-list > li", has_text="soon")
        expect(row.locator(".stand")).to_have_text("contact owed")
        expect(row.locator(".stand")).to_have_text("no contact")
        expect(row).to_contain_text("overdue by")


def test_a_lapse_asked_for_while_the_server_was_away_is_told_once_it_is_back(tab: Tab, log: Path, tmp_path: Path) -> None:
    sessions = tmp_path / "sessions.json"
    with served(log=log, sessions=sessions) as page:
        tab.goto(page.link())
        tab.locator("[data-lapse]").first.click()
        expect(tab.locator("#why")).to_contain_text("Reckoned")
        tab.keyboard.press("Escape")
        port = page.bind.port
    tab.locator("[data-lapse]").first.click()
    expect(tab.locator("#why")).to_contain_text("It cannot be shown")
    expect(tab.locator("#banners")).to_contain_text("CONNECTION LOST")
    # Whoever has the tab behind another sees only its title.
    assert tab.title() == "LOST (1) Steadyline"
    with served(log=log, sessions=sessions, port=port):
        expect(tab.locator("#banners")).not_to_contain_text("CONNECTION LOST")
        expect(tab.locator("#why")).to_contain_text("Reckoned")
        assert tab.title() == "(1) Steadyline"


def test_a_replay_says_what_it_shows_while_the_server_is_away_and_goes_on_once_it_is_back(tab: Tab, tmp_path: Path) -> None:
    sessions = tmp_path / "sessions.json"
    with served(opens=STORY, sessions=sessions) as page:
        tab.goto(page.link())
        at(tab, "2022-07-15T00:00:00Z", "150000Z JUL 22")
        expect(tab.locator("#lapses-list")).to_contain_text("Nothing is open")
        port = page.bind.port
    at(tab, "2023-06-05T12:00:00Z", "051200Z JUN 23")
    expect(tab.locator("#banners")).to_contain_text("the server does not answer. What you see is of 2022-07-15 00:00Z")
    assert tab.locator("body").get_attribute("class") == "lost"
    with served(opens=STORY, sessions=sessions, port=port):
        expect(tab.locator("#lapses-list")).to_contain_text("chung-hoon")
        expect(tab.locator("#banners")).to_be_empty()
        assert tab.locator("body").get_attribute("class") == ""
