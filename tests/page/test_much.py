"""The page with very many lapses, and with very long words."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.deploy.records import record
from tests.page.serving import append, incident, served
from tests.page.test_browser import ago, wide


def test_more_lapses_than_are_shown_are_said_to_be_more(tab: Tab, tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    append(log, *(incident(f"i-{number}", ago(hours=60)) for number in range(303)))
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#lapses-more")).to_contain_text("300 lapses of 303 are shown: 3 others", timeout=30_000)
        expect(tab).to_have_title("(300+) Steadyline")


def test_long_words_make_no_narrow_page_wider(browser: Any, tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    data = {"parties": ["US", "PRC"], "gravity": "critical", "domain": "air", "text": "X" * 900, "incident": "L" * 99}
    append(log, record("incident.report", "i" * 99, ago(hours=60), data))
    context = browser.new_context(viewport={"width": 320, "height": 800}, reduced_motion="reduce")
    tab = context.new_page()
    with served(log=log) as page:
        tab.goto(page.link())
        expect(tab.locator("#incidents-list")).to_contain_text("XXX", timeout=20_000)
        assert wide(tab) <= 0
        tab.locator("[data-lapse]").first.click()
        expect(tab.locator("#why")).to_contain_text(re.compile("Reckoned.*XXX", re.DOTALL))
        assert wide(tab) <= 0
    context.close()
