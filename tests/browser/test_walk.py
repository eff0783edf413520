"""Every page as a reader meets it: in a browser, without scripts, on a phone, by keyboard, read aloud, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATHS, Site, reading
from tests.browser.take_pictures import LARGEST_BYTES, PICTURES, take
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(300)]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
REACHABLE = "a[href], summary, [tabindex='0']"


def opened(page: Page, site: Site, path: str, language: str | None = None) -> None:
    """Goes to a page; every picture on it is loaded, folded ones aside."""
    page.goto(site.address + path + (f"?lang={language}" if language else ""))
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_stands_without_scripts_and_asks_nobody_else(chromium: Browser, site: Site, width: int) -> None:
    with reading(chromium, site, width=width) as context:
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        for path in PATHS:
            opened(page, site, path)

            assert page.locator("h1").count() == 1, path
            assert page.locator("html").get_attribute("lang") == "en"
            assert "Beklijf" in page.title()

    assert site.strayed == []
    assert [text for text in complaints if "404" not in text] == []  # one page is about what is not there


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(chromium: Browser, site: Site, width: int, language: str) -> None:
    found: list[tuple[str, str, str]] = []

    with reading(chromium, site, width=width, scripts=True) as context:
        page = context.new_page()
        for path in PATHS:
            opened(page, site, path, language)
            page.evaluate(AXE)
            report: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            found += [(path, one["id"], node["html"][:200]) for one in report["violations"] for node in one["nodes"]]
            assert len(report["passes"]) > 15, path  # it did look

    assert found == []


def test_pictures_are_drawn_and_nothing_is_wider_than_a_phone(chromium: Browser, site: Site) -> None:
    with reading(chromium, site, width=390, scripts=True) as context:
        page = context.new_page()
        for path in PATHS:
            opened(page, site, path)
            page.evaluate("for (const one of document.images) one.loading = 'eager'")
            wait_until(lambda: page.evaluate("[...document.images].every(one => one.complete)"), because=f"{path} is drawn")

            assert page.evaluate("[...document.images].filter(one => !one.naturalWidth).map(one => one.src)") == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


@pytest.mark.parametrize("path", ["/", "/cohorts/imsr", "/cohorts/imsr/reproduced", "/small-cells"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(chromium: Browser, site: Site, path: str) -> None:
    with reading(chromium, site, scripts=True) as context:
        page = context.new_page()
        opened(page, site, path)
        seen = f'[...document.querySelectorAll("{REACHABLE}")].filter(one => one.checkVisibility())'
        page.evaluate(f"{seen}.forEach((one, place) => one.dataset.place = place)")
        wanted = page.evaluate(f"{seen}.length")

        reached, without_outline = set(), []
        for _ in range(wanted):
            page.keyboard.press("Tab")
            place, outline = page.evaluate("[document.activeElement.dataset.place, getComputedStyle(document.activeElement).outlineStyle]")
            reached.add(place)
            without_outline += [place] if outline == "none" else []

    assert len(reached - {None}) == wanted
    assert without_outline == []


def test_the_switch_of_language_stays_on_the_page_and_goes_along(chromium: Browser, site: Site) -> None:
    with reading(chromium, site, language="nl-NL") as context:
        page = context.new_page()
        opened(page, site, "/cohorts/imsr")
        by_browser = page.locator("html").get_attribute("lang")

        page.get_by_role("link", name="English").click()
        chosen, where = page.locator("html").get_attribute("lang"), page.url
        page.get_by_role("link", name="The study, reproduced").click()
        then = page.locator("html").get_attribute("lang")

    assert (by_browser, chosen, then) == ("nl", "en", "en")
    assert where == f"{site.address}/cohorts/imsr?lang=en"


def test_a_printed_page_shows_what_is_folded(chromium: Browser, site: Site) -> None:
    with reading(chromium, site, scripts=True) as context:
        page = context.new_page()
        opened(page, site, "/cohorts/imsr")
        page.emulate_media(media="print")

        assert page.evaluate("[...document.querySelectorAll('details table')].every(one => one.checkVisibility())")
        assert not page.locator("nav.contents").is_visible()


def test_the_readmes_pictures_can_be_taken_and_are_small(chromium: Browser, site: Site, tmp_path: Path) -> None:
    taken = take(chromium, site.address, tmp_path)

    assert [picture.name for picture in taken] == list(PICTURES)
    assert all(1000 < picture.stat().st_size < LARGEST_BYTES for picture in taken)
