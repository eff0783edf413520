"""The page of a cohort: headline numbers are looked up, with what they are a share of."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from beklijf_reporting.pages import cohort, vocabulary
from beklijf_reporting.pages.vocabulary import Names
from tests.lib.snapshots import golden

ZONE = ZoneInfo("Europe/Amsterdam")


def test_headlines_are_the_last_moment_under_the_first_rule() -> None:
    headlines = cohort.headlines(golden(), Names(moments={"t4": "Long term"}))

    assert [(headline.label, headline.number, headline.of) for headline in headlines] == [
        ("answered at t4 Long term", "42.1 %", "763 of 1,814 episodes due"),
        ("improved at t4: Vas pain", "48.2 %", "346 of 720 judged; bounds 19.1 % to 79.4 %"),
    ]


def test_a_hidden_headline_says_why_and_nothing_else() -> None:
    headline = cohort.headlines(golden("small-cells-suppressed"), Names())[0]

    assert (headline.number, headline.state) == ("suppressed", "suppressed")
    assert headline.of == "too few episodes to show without saying something about one of them"


def test_the_page_of_an_empty_cohort_stands() -> None:
    page = cohort.page(golden("no-data-yet"), Names(), ZONE)

    assert (page.headlines, page.sections, page.data_time) == ((), (), "no data yet")


def test_sections_come_in_the_order_in_which_people_ask() -> None:
    page = cohort.page(golden(), Names(), ZONE)

    assert [section.name for section in page.sections] == [
        name for name in vocabulary.ORDER if name in {figure.name for figure in golden().figures}
    ]
    assert page.data_time == "22 November 2026, 03:41:07 CET"


def test_two_charts_stand_with_every_verdict() -> None:
    page = cohort.page(golden(), Names(), ZONE)
    verdicts = next(section for section in page.sections if section.name == "mcic")

    assert [len(page.charts_of(verdicts, block)) for block in verdicts.blocks] == [2, 2]
