"""The page in a real browser, as a watch officer uses it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, expect
from playwright.sync_api import Page as Tab

from tests.page.serving import append, incident, served, suspended

expect.set_options(timeout=10_000)
THEATER = "us-china-theater"


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    append(path, suspended("off-1", THEATER, ago(hours=30)))
    return path


def faults(tab: Tab) -> list[str]:
    """What axe finds against WCAG 2.2, levels A and AA."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(tab, options={"runOnly": {"type": "tag", "values": rules}}).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:300]}" for each in found for node in each["nodes"][:3]
    ]


def wide(tab: Tab) -> int:
    """How many pixels the page is wider than the screen."""
    found: int = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


def test_what_happens_is_on_the_screen_within_two_seconds(tab: Tab, log: Path) -> None:
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#mode")).to_have_text("LIVE")
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.evaluate("window.began = performance.now()")
        append(log, incident("bridge-1", ago(hours=60)))
        tab.wait_for_selector("#lapses-list >> text=Incident bridge-1", timeout=2_000)
        # The worse stands first, and is said to whoever does not look.
        expect(tab.locator("#lapses-list > li").first).to_contain_text("critical")
        expect(tab.locator("#alarm")).to_contain_text("New critical lapse: Incident bridge-1")
        expect(tab.locator("#incidents-list")).to_contain_text("no contact for 2 d 12 h, overdue by")
        expect(tab.locator("#age")).to_have_text("up to date")
        assert tab.title().startswith("(2)")


def test_after_a_restart_the_page_catches_up_without_a_reload(tab: Tab, log: Path, tmp_path: Path) -> None:
    sessions = tmp_path / "sessions.json"
    with served(log=log, sessions=sessions) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.evaluate("window.same = true")
        port = page.bind.port
    append(log, incident("bridge-2", ago(hours=60)))
    expect(tab.locator("#banners")).to_contain_text(re.compile(r"CONNECTION LOST. What you see is \d+ s old"))
    expect(tab.locator("#lapses-list")).not_to_contain_text("bridge-2")
    with served(log=log, sessions=sessions, port=port):
        expect(tab.locator("#lapses-list")).to_contain_text("Incident bridge-2")
        expect(tab.locator("#banners")).not_to_contain_text("CONNECTION LOST")
        assert tab.evaluate("window.same") is True


def test_a_pipeline_that_sees_nothing_says_so(tab: Tab, tmp_path: Path) -> None:
    log = tmp_path / "later.db"
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#banners")).to_contain_text("THE PIPELINE IS BLIND")
        append(log, suspended("off-1", THEATER, ago(hours=30)))
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        expect(tab.locator("#banners")).not_to_contain_text("BLIND")


def test_a_drill_cannot_be_taken_for_real(tab: Tab, log: Path) -> None:
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        expect(tab.locator("#strip")).to_be_hidden()
        append(log, incident("drill-1", ago(hours=60), exercise=True))
        expect(tab.locator("#strip")).to_contain_text("EXERCISE EXERCISE EXERCISE")
        drill = tab.locator("#lapses-list > li", has_text="drill-1")
        expect(drill).to_contain_text("EXERCISE")
        # However grave it is, it does not stand before what is real, and does not sound.
        expect(tab.locator("#lapses-list > li").first).to_contain_text("Theater commanders' talks")
        expect(tab.locator("#alarm")).to_be_empty()
        assert tab.title().startswith("(1)")


def test_a_lapse_opens_to_why_by_keyboard_and_by_its_link(tab: Tab, context: BrowserContext, log: Path) -> None:
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Theater commanders' talks")
        tab.keyboard.press("j")
        tab.keyboard.press("Enter")
        why = tab.locator("#why")
        expect(why).to_contain_text("Theater commanders' talks, defense policy talks and maritime")
        expect(why).to_contain_text("off-1")
        expect(tab.locator("#why-name")).to_be_focused()
        link = tab.url
        tab.keyboard.press("Escape")
        expect(why).to_be_hidden()
        expect(tab.locator("[data-lapse]").first).to_be_focused()
        other = context.new_page()
        other.goto(link)
        expect(other.locator("#why")).to_contain_text("off-1")


def test_a_replay_goes_to_a_moment_and_tells_then_from_now(tab: Tab) -> None:
    with served(opens="us-china-2022") as page:
        tab.goto(page.link())
        expect(tab.locator("#mode")).to_have_text("REPLAY")
        expect(tab.locator("#strip")).to_contain_text("REPLAY of a recording, not live")
        # On Christmas 2022 the interception of the 21st had happened, and was made public on the 29th.
        tab.goto(f"http://{page.bind}/#/replay/us-china-2022?at=2022-12-25T00:00:00Z")
        expect(tab.locator("#clock")).to_have_text("250000Z DEC 22")
        expect(tab.locator("#lapses-list")).to_contain_text("8 at once, by one announcement of PRC")
        expect(tab.locator("#lapses-list")).not_to_contain_text("rc135")
        tab.select_option("#known", "now")
        expect(tab.locator("#lapses-list")).to_contain_text("Incident rc135-2022-12-21")
        tab.select_option("#known", "then")
        expect(tab.locator("#lapses-list")).not_to_contain_text("rc135")
        tab.locator("body").press(".")
        expect(tab.locator("#deck-says")).to_contain_text("incident report rc135-2022-12-21")
        expect(tab.locator("#lapses-list")).to_contain_text("Incident rc135-2022-12-21")
        expect(tab).to_have_url(re.compile(r"at=2022-12-29"))


def test_a_replay_plays_pauses_and_is_dragged(tab: Tab) -> None:
    with served(opens="us-china-2022") as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Defense Telephone Link")
        tab.goto(f"http://{page.bind}/#/replay/us-china-2022?at=2022-08-01T00:00:00Z")
        expect(tab.locator("#clock")).to_have_text("010000Z AUG 22")
        tab.select_option("#speed", "604800")
        tab.click("#play")
        expect(tab.locator("#lapses-list")).to_contain_text("8 at once")
        tab.click("#play")
        expect(tab.locator("#age")).to_have_text("paused")
        scrub = tab.locator("#scrub")
        scrub.evaluate("(bar) => { bar.value = bar.max; bar.dispatchEvent(new Event('input')); }")
        expect(tab.locator("#clock")).to_have_text("010000Z OCT 24")
        plot = tab.locator(".plot")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        tab.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + 8)
        expect(tab.locator("#clock")).not_to_have_text("010000Z OCT 24")


def test_two_sets_of_rules_stand_side_by_side(tab: Tab) -> None:
    with served(opens="us-china-2022") as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Defense Telephone Link")
        tab.select_option("#beside", "built-in, without proposals")
        expect(tab.locator("#lapses-tally")).to_contain_text("they agree on 8 lapses")


def test_what_is_not_known_looks_like_neither_good_nor_lapsed(tab: Tab) -> None:
    with served(opens="pacific-icbm-2024") as page:
        tab.goto(page.link())
        unknown = tab.locator("#lapses-list .badge.unknown")
        expect(unknown).to_have_text("UNKNOWN")
        style = "(each) => [getComputedStyle(each).outlineStyle, getComputedStyle(each).color]"
        others = tab.locator("#lapses-list .badge:not(.unknown)").evaluate_all(f"(all) => all.map({style})")
        assert unknown.evaluate(style)[0] == "dashed"
        assert all(other[0] != "dashed" for other in others)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_it_can_be_used_by_everybody(browser: Any, scheme: Any, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce")
    tab = context.new_page()
    with served(opens="us-china-2022") as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Defense Telephone Link")
        tab.goto(f"http://{page.bind}/#/replay/us-china-2022?at=2023-06-05T12:00:00Z")
        expect(tab.locator("#lapses-list")).to_contain_text("chung-hoon")
        assert faults(tab) == []
        assert wide(tab) <= 0
        tab.locator("[data-lapse]").first.click()
        expect(tab.locator("#why")).to_contain_text("Reckoned")
        assert faults(tab) == []
        assert wide(tab) <= 0
    context.close()


def test_a_lapse_prints_as_a_report_of_its_own(tab: Tab) -> None:
    with served(opens="us-china-2022") as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Defense Telephone Link")
        tab.locator("[data-lapse]", has_text="declined a call").click()
        expect(tab.locator("#why")).to_contain_text("Reckoned")
        tab.emulate_media(media="print")
        expect(tab.locator("#why .print-only")).to_be_visible()
        for hidden in ("#bar", "#deck", "#channels", "#lapses"):
            expect(tab.locator(hidden)).to_be_hidden()
        pdf = tab.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


def test_nothing_is_fetched_from_anywhere_else(tab: Tab) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    with served(opens="dprk-satellites") as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses")).to_be_visible()
        tab.goto(f"http://{page.bind}/#/replay/dprk-satellites?at=2023-11-21T12:00:00Z")
        tab.wait_for_selector("#map svg .land")
        assert {url.split("/")[2] for url in asked} == {str(page.bind)}


def test_sign_in_is_asked_for_and_a_used_link_is_said_to_be_used(tab: Tab) -> None:
    with served(opens="us-china-2022") as page:
        link = page.link()
        tab.goto(f"http://{page.bind}/")
        expect(tab.locator(".sign-in h1")).to_have_text("Sign in")
        assert faults(tab) == []
        tab.goto(link)
        expect(tab.locator("#mode")).to_have_text("REPLAY")
        tab.context.clear_cookies()
        tab.goto(link)
        expect(tab.locator(".sign-in")).to_contain_text("This link was used already")


def test_single_keys_can_be_switched_off(tab: Tab) -> None:
    with served(opens="us-china-2022") as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-list")).to_contain_text("Defense Telephone Link")
        tab.keyboard.press("?")
        tab.get_by_label("Single keys do something").uncheck()
        tab.keyboard.press("Escape")
        at = tab.locator("#clock").inner_text()
        tab.locator("body").press(",")
        assert tab.locator("#clock").inner_text() == at
        assert json.loads(tab.evaluate("JSON.stringify(localStorage)"))["steadyline.keys"] == "off"


def test_a_text_from_the_world_stays_a_text(tab: Tab, log: Path) -> None:
    markup = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    append(log, incident("markup-1", ago(hours=60)).replace("Too close.", markup.replace('"', '\\"')))
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#incidents-list")).to_contain_text(markup)
        tab.locator("[data-lapse]", has_text="markup-1").click()
        expect(tab.locator("#why")).to_contain_text(markup)
        assert tab.locator("#main img, #main script").count() == 0
        assert "taken" not in tab.title()


def test_the_time_line_zooms_from_hours_to_decades(tab: Tab) -> None:
    with served(opens="us-china-2022") as page:
        tab.goto(page.link())
        span = tab.locator(".range")
        expect(span).to_have_text("2022-07-01 00:00Z to 2024-10-01 00:00Z")
        tab.get_by_role("button", name="1 day").click()
        expect(span).to_contain_text("2024-09-30")
        for _ in range(4):
            tab.get_by_role("button", name="Zoom in").click()
        first, last = (datetime.strptime(part, "%Y-%m-%d %H:%M%z") for part in span.inner_text().split(" to "))
        assert timedelta(hours=1) < last - first < timedelta(hours=2)
        for _ in range(20):
            tab.locator(".plot").press("-")
        years = [int(part[:4]) for part in span.inner_text().split(" to ")]
        assert years[1] - years[0] > 80
        tab.get_by_role("button", name="all").click()
        expect(span).to_have_text("2022-07-01 00:00Z to 2024-10-01 00:00Z")
        # Whoever does not see the bars reads them.
        tab.locator(".as-table summary").click()
        expect(tab.locator(".as-table")).to_contain_text("Theater commanders' talks")
