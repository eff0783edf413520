"""The pages as they are sent: every state they can be in, safe headers, no script, every number with its denominator."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import msgspec
import pytest

from beklijf_shared import db
from beklijf_shared.events import CohortSnapshot, DataQuality, FollowUpDue
from tests.integration.reporting.conftest import ReadModel
from tests.lib.builders import intake_tally
from tests.lib.snapshots import golden

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
VOID = {"meta", "link", "img", "br", "hr", "input"}
PAGES = (
    *("/", "/quality", "/instruments", "/figures", "/small-cells", "/receipts", "/receipts/urn:ura:00000001/2020-03-02"),
    *("/cohorts/imsr", "/cohorts/imsr/reproduced", "/cohorts/imsr/follow-ups"),
)
TALLY = intake_tally(organisation="urn:ura:00000001", told=1200, sent=1210, duplicate=7, refused=3, refused_by_code={"business-rule": 3})
QUALITY = DataQuality(
    version=1,
    organisation="urn:ura:00000001",
    counts={"counted": 1180, "off-window": 20},
    not_scorable=4,
    moment_stated_off_window=2,
    episode_of_another_patient=1,
)
DUE = FollowUpDue(
    version=1,
    episode="0193f5a1",
    cohort="imsr",
    organisation="o1",
    moment="t4",
    opens="2019-01-01",
    target="2019-06-30",
    closes="2020-12-31",
    state="overdue",
)


class Outline(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order; gathers what tests ask about."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def text(page: str) -> str:
    """What a reader reads, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_an_empty_registry_says_so(model: ReadModel) -> None:
    answer = model.pages().get("/")

    assert answer.status_code == 200
    assert "No cohort yet" in text(answer.text)


def test_a_cohort_without_snapshot_says_so(model: ReadModel) -> None:
    answer = model.pages().get("/cohorts/imsr")

    assert answer.status_code == 404
    assert "No snapshot yet" in text(answer.text)


def test_a_cohort_without_data_says_so(model: ReadModel) -> None:
    model.hear(golden("no-data-yet"))

    answer = model.pages().get("/cohorts/imsr")

    assert answer.status_code == 200
    assert "No figures yet" in text(answer.text)
    assert "Newest data received: no data yet" in text(answer.text)


def test_the_start_page_lists_cohorts_and_what_is_held(model: ReadModel) -> None:
    model.hear(golden(), TALLY)

    said = text(model.pages().get("/").text)

    assert "iMSR, treated 2012 to 2015 (synthetic)" in said
    assert "Newest data received 22 November 2026, 03:41:07 CET" in said
    assert "Cohorts 1 cohorts with figures beklijf.cohort-snapshot.v1" in said
    assert "Registered 1,830 Completed 1,814" in said


def test_a_cohort_page_says_what_it_is_and_what_it_rests_on(model: ReadModel) -> None:
    model.hear(golden())

    said = text(model.pages().get("/cohorts/imsr").text)

    assert "Synthetic data." in said
    assert "Uncontrolled cohort: no causal claim." in said
    assert "Small cells are not suppressed in this cohort (k = 1)" in said
    assert "Figures of 22 November 2026 . Newest data received: 22 November 2026, 03:41:07 CET" in said
    assert golden().definition_hash in said
    assert "At least 30 % better than at t0 imsr-30-percent@1.0.0" in said
    assert "42.1 % answered at t4 Long term 763 of 1,814 episodes due" in said
    assert "Population: completed Denominator: due: responded + awaiting + no-response" in said


def test_every_section_has_its_denominator(model: ReadModel) -> None:
    model.hear(golden())

    page = model.pages().get("/cohorts/imsr").text

    assert page.count("Denominator:") == 9
    assert len(re.findall(r'<section id="(?!received|grounds)', page)) == 9


def test_small_cells_read_suppressed(model: ReadModel) -> None:
    model.hear(golden("small-cells-suppressed"))

    page = model.pages().get("/cohorts/imsr").text

    assert "A number about fewer than 10 episodes" in text(page)
    assert 'class="number suppressed"' in page
    assert "bounds suppressed" not in text(page)


def test_pages_are_well_formed_and_readable_by_machines_that_read_aloud(model: ReadModel) -> None:
    model.hear(golden(), TALLY, QUALITY, DUE)
    pages = model.pages()

    for path in (*PAGES, "/nowhere"):
        outline = Outline(pages.get(path).text)
        assert outline.all("html") == [{"lang": "en"}]
        assert len(outline.all("h1")) == 1
        assert len(outline.all("main")) == 1
        assert all(image.get("alt") is not None for image in outline.all("img"))
        assert all(head.get("scope") in {"col", "row", "colgroup"} for head in outline.all("th"))
        assert all(
            region.get("tabindex") == "0" and region.get("aria-label") for region in outline.all("div") if region.get("role") == "group"
        )
        ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        here = {f"#{name}" for name in ids}
        assert {link["href"] for link in outline.all("a") if (link["href"] or "").startswith("#")} <= here


def test_nothing_needs_a_script_or_comes_from_elsewhere(model: ReadModel) -> None:
    model.hear(golden(), TALLY, QUALITY)
    pages = model.pages()

    for path in (*PAGES, "/nowhere"):
        answer = pages.get(path)
        outline = Outline(answer.text)
        assert outline.all("script") == outline.all("style") == outline.all("iframe") == []
        for _, attributes in outline.elements:
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            assert all((attributes.get(name) or "/").startswith(("/", "#")) for name in ("src", "href", "action"))


@pytest.mark.parametrize(
    "path", ["/", "/cohorts/imsr", "/nowhere", "/static/beklijf.css", "/cohorts/imsr/snapshot.json", "/cohorts/imsr/tables/flow.csv"]
)
def test_headers_are_safe(model: ReadModel, path: str) -> None:
    model.hear(golden())

    headers = model.pages().get(path).headers

    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_what_somebody_typed_is_never_markup(model: ReadModel) -> None:
    evil = '"><script>alert(1)</script>'
    model.hear(msgspec.structs.replace(golden("no-data-yet"), title=evil, definition_hash=evil))

    for path in ("/", "/cohorts/imsr", f"/cohorts/{evil}"):
        assert "<script" not in model.pages().get(path).text


def test_every_chart_and_table_that_the_page_links_to_is_there(model: ReadModel) -> None:
    model.hear(golden())
    pages = model.pages()
    outline = Outline(pages.get("/cohorts/imsr").text)

    linked = {link["href"] or "" for link in outline.all("a")} | {image["src"] or "" for image in outline.all("img")}
    answers = {path: pages.get(path).status_code for path in sorted(linked) if "/charts/" in path or "/tables/" in path}

    assert len(answers) == 10 * 2 + 9
    assert set(answers.values()) == {200}


def test_a_chart_comes_as_a_picture_and_as_its_source(model: ReadModel) -> None:
    model.hear(golden())
    pages = model.pages()

    picture = pages.get("/cohorts/imsr/charts/response-year.svg")
    source = pages.get("/cohorts/imsr/charts/response-year.vl.json")

    assert picture.headers["content-type"] == "image/svg+xml"
    assert ET.fromstring(picture.text).tag == "{http://www.w3.org/2000/svg}svg"
    assert json.loads(source.text)["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert pages.get("/cohorts/imsr/charts/none.svg").status_code == 404


def test_a_chart_is_of_the_version_that_its_page_was_made_of(model: ReadModel) -> None:
    old = golden()
    model.hear(old)
    pages = model.pages()
    pages.get("/cohorts/imsr")
    model.hear(msgspec.structs.replace(old, version=old.version + 1, figures=()))

    assert pages.get(f"/cohorts/imsr/charts/response-year.svg?v={old.version}").status_code == 200
    assert pages.get("/cohorts/imsr/charts/response-year.svg").status_code == 404


def test_a_table_is_downloaded_as_csv(model: ReadModel) -> None:
    model.hear(golden())

    answer = model.pages().get("/cohorts/imsr/tables/flow.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="imsr-flow-2026-11-22.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
    assert [(line["year"], line["registered"]) for line in lines] == [("2015", "497"), ("all", "1830")]
    assert model.pages().get("/cohorts/imsr/tables/none.csv").status_code == 404


def test_the_snapshot_is_given_as_it_was_heard(model: ReadModel) -> None:
    model.hear(golden())

    answer = model.pages().get("/cohorts/imsr/snapshot.json")

    assert msgspec.json.decode(answer.content, type=CohortSnapshot) == golden()


def test_a_newer_snapshot_is_on_the_page_at_once(model: ReadModel) -> None:
    pages = model.pages()
    model.hear(golden())
    pages.get("/cohorts/imsr")

    model.hear(msgspec.structs.replace(golden(), version=golden().version + 1, title="Another title"))

    assert "Another title" in pages.get("/cohorts/imsr").text


def test_organisations_are_shown_on_a_laptop_only(model: ReadModel) -> None:
    model.hear(golden(), TALLY, QUALITY)

    laptop, server = (text(model.pages(profile).get("/quality").text) for profile in ("laptop", "server"))

    assert "2 March 2020 urn:ura:00000001 1,210 1,200 7 3 Business rule 3" in laptop
    assert "Shown because this installation runs on one computer" in laptop
    assert "Outside every window 20 It was given outside every window." in laptop
    assert "urn:ura:00000001" not in server
    assert "Synthetic data." not in server


def test_the_worklist_is_shown_on_a_laptop_only(model: ReadModel) -> None:
    model.hear(golden(), DUE)

    laptop, server = (model.pages(profile).get("/cohorts/imsr/follow-ups") for profile in ("laptop", "server"))
    nobody = model.pages().get("/cohorts/imsr/follow-ups?state=due")

    assert "0193f5a1" in laptop.text
    assert "30 June 2019" in laptop.text
    assert server.status_code == 403
    assert "0193f5a1" not in server.text
    assert "Nobody is due" in nobody.text


def test_a_database_that_is_away_is_said_and_not_guessed(model: ReadModel) -> None:
    with db.opened("postgresql+psycopg://nobody@127.0.0.1:1/none") as away:
        answer = model.pages(engine=away).get("/cohorts/imsr")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "The figures cannot be read just now" in answer.text
    assert answer.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
def test_every_page_speaks_dutch_when_asked_and_its_links_go_on_in_dutch(model: ReadModel, path: str) -> None:
    model.hear(golden(), TALLY, QUALITY, DUE)

    answer = model.pages().get(f"{path}?lang=nl")

    outline = Outline(answer.text)
    assert outline.all("html") == [{"lang": "nl"}]
    assert answer.headers["content-language"] == "nl"
    assert "Houden de resultaten van behandeling stand?" in text(answer.text)
    inner = {link["href"] or "" for link in outline.all("a") if (link["href"] or "").startswith("/") and "hreflang" not in link}
    assert {link for link in inner if "lang=nl" not in link and ".json" not in link} == set()


def test_numbers_and_days_are_written_as_the_reader_does(model: ReadModel) -> None:
    model.hear(golden())

    said = text(model.pages().get("/cohorts/imsr?lang=nl").text)

    assert "42,1 % heeft op t4 Lange termijn geantwoord 763 van 1.814 episoden aan de beurt" in said
    assert "Cijfers van 22 november 2026" in said


def test_the_language_follows_the_browser_until_one_is_chosen(model: ReadModel) -> None:
    pages = model.pages()

    assert '<html lang="nl">' in pages.get("/", {"accept-language": "de, nl-NL;q=0.9, en;q=0.8"}).text
    assert '<html lang="en">' in pages.get("/?lang=en", {"accept-language": "nl"}).text
    assert '<html lang="en">' in pages.get("/?lang=xx", {"accept-language": "de"}).text
    assert pages.get("/").headers["vary"] == "Accept-Language"


def test_the_study_is_held_against_the_snapshot_on_a_page_and_for_machines(model: ReadModel) -> None:
    model.hear(golden())
    pages = model.pages()

    page = text(pages.get("/cohorts/imsr/reproduced").text)
    machines = json.loads(pages.get("/cohorts/imsr/reproduced.json").text)
    lines = list(csv.DictReader(io.StringIO(pages.get("/cohorts/imsr/reproduced.csv").text.removeprefix("\ufeff"), newline="")))

    assert machines["total"] == len(machines["results"]) == len(lines) == 613
    assert f"{machines['reproduced']} of 613 printed numbers reproduced" in page
    assert machines["reproduced"] == sum(line["verdict"] in {"equal", "contradicted"} for line in lines)
    (invited,) = (one for one in machines["results"] if one["id"] == "text-non-responders")
    assert (invited["printed"], invited["ours"], invited["verdict"]) == ("1064", "1051", "differs")
    assert model.pages().get("/cohorts/none/reproduced.json").status_code == 404


def test_a_programmes_windows_are_drawn_from_the_contracts(model: ReadModel) -> None:
    pages = model.pages()

    picture = pages.get("/instruments/windows-imsr.svg")
    source = json.loads(pages.get("/instruments/windows-imsr.vl.json").text)

    assert ET.fromstring(picture.text).tag == "{http://www.w3.org/2000/svg}svg"
    assert len(source["data"]["values"]) == 20
    assert source["data"]["values"][4] == {
        "year": "2012",
        "moment": "t4 Long term",
        "code": "t4",
        "opens": "2017-06-01",
        "closes": "2018-09-02",
        "target": "2018-01-01",
    }
    assert pages.get("/instruments/windows-none.svg").status_code == 404


def test_the_tables_of_data_quality_are_downloaded_on_a_laptop_only(model: ReadModel) -> None:
    model.hear(TALLY, QUALITY)

    answer = model.pages().get("/quality/answers.csv")

    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
    assert [(line["counted"], line["off-window"], line["surplus"], line["not_scorable"]) for line in lines] == [("1180", "20", "0", "4")]
    assert model.pages("server").get("/quality/answers.csv").status_code == 403


def test_two_settings_of_one_cohort_stand_side_by_side(model: ReadModel) -> None:
    small = golden("small-cells-suppressed")
    model.hear(msgspec.structs.replace(golden(), cohort="imsr"), msgspec.structs.replace(small, cohort="imsr-k10"))

    said = text(model.pages().get("/small-cells").text)
    alone = text(model.pages("server").get("/small-cells?lang=en").text)

    assert "A small number can be a person" in said
    assert "Every number Who is in this cohort" in said
    assert "Small cells hidden" in alone
