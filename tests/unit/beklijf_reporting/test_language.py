"""Two languages: no message without its Dutch, no place in it lost, no Dutch for what nobody says any more."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir

import beklijf_reporting
from beklijf_reporting import formats, language
from beklijf_shared import contracts, documents
from tests.lib.snapshots import golden

ROOM = Path(beklijf_reporting.__file__).parent
KNOWN = contracts.load()
DUTCH = language.of("nl")


def in_the_code() -> set[str]:
    """Every text that code and templates mark as a message."""
    found = extract_from_dir(str(ROOM), [("**.py", "python"), ("**/templates/**.html", "jinja2")], keywords={"_": None})
    return {message for _file, _line, message, _comments, _context in found if isinstance(message, str)}


def in_the_contracts() -> set[str]:
    """Every title and explanation that the pages take from the shipped contracts."""
    said = {text for each in KNOWN.instruments.values() for text in (each.title, each.licence, each.recall_period)}
    said |= {text for each in KNOWN.rules.values() for text in (each.title, each.population)}
    said |= {each.title for each in [*KNOWN.protocols.values(), *KNOWN.cohorts.values()]}
    said |= {moment.title for each in KNOWN.protocols.values() for moment in each.moments}
    return said | {text for study in KNOWN.studies.values() for row in study.printed for text in (row.source, row.reason) if text}


def in_the_figures() -> set[str]:
    """What figures say of themselves: in the golden messages, and as literals where cohorts makes them."""
    figures = [figure for name in ("synthetic", "small-cells-suppressed") for figure in golden(name).figures]
    said = {text for figure in figures for text in (figure.population, figure.denominator)}
    for path in sorted((documents.ROOT / "services" / "beklijf_cohorts" / "domain" / "figures").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Figure":
                said |= {part.value for part in node.args[1:3] if isinstance(part, ast.Constant) and isinstance(part.value, str)}
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id in {"population", "denominator"}
            ):
                said |= {node.value.value} if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else set()
    return said | {f"completed, {crossing}" for crossing in ("responders",)}


def test_no_message_lacks_its_dutch() -> None:
    assert len(in_the_code()) > 300
    assert sorted((in_the_code() | in_the_contracts() | in_the_figures()) - DUTCH.catalogue.keys()) == []


def test_no_dutch_is_left_over() -> None:
    assert sorted(DUTCH.catalogue.keys() - in_the_code() - in_the_contracts() - in_the_figures()) == []


def test_a_message_and_its_dutch_have_the_same_places() -> None:
    for message, dutch in DUTCH.catalogue.items():
        assert sorted(re.findall(r"{\w+}", message)) == sorted(re.findall(r"{\w+}", dutch)), message


def test_the_catalogue_goes_with_the_package() -> None:
    assert (ROOM / "locale" / "nl" / "LC_MESSAGES" / "beklijf.po").is_file()


def test_numbers_and_days_are_written_as_in_the_language() -> None:
    at = datetime(2019, 3, 14, 8, 5, 7, tzinfo=UTC)

    assert (language.ENGLISH.number("1,234.5"), DUTCH.number("1,234.5")) == ("1,234.5", "1.234,5")
    assert (language.ENGLISH.day(date(2019, 3, 14)), DUTCH.day(date(2019, 3, 14))) == ("14 March 2019", "14 maart 2019")
    assert DUTCH.instant(at, ZoneInfo("Europe/Amsterdam")) == "14 maart 2019, 09:05:07 CET"
    assert formats.shown("-1234.55", "score", DUTCH).text == "\N{MINUS SIGN}1.234,6"
    assert formats.shown("0.4046", "share", DUTCH).text == "40,5 %"
    assert formats.plain("1814.50", DUTCH) == "1.814,50"


@pytest.mark.parametrize(
    ("asked", "accepted", "code"),
    [
        (None, None, "en"),
        ("nl", "en", "nl"),
        ("xx", "nl", "nl"),
        (None, "nl-BE, en;q=0.5", "nl"),
        (None, "fr, en;q=0.8, nl;q=0.9", "nl"),
        (None, "nl;q=0, en", "en"),
        (None, ";;q=,,nl;q=much", "en"),
        (None, "zh", "en"),
    ],
)
def test_the_reader_is_addressed_as_asked(asked: str | None, accepted: str | None, code: str) -> None:
    assert language.wanted(asked, accepted).code == code


def test_what_a_site_adds_is_shown_as_it_wrote_it() -> None:
    assert DUTCH("A title of our own {with braces}") == "A title of our own {with braces}"
