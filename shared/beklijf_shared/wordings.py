"""The wording of licensed instruments, which a site that holds the licence lays over the neutral text that ships.

One file per instrument in the site's folder `texts`: a text for every item, words for answers where there are any, language and licence.
linkIds, types, codes and the version of the Questionnaire stay, so answers are checked and scored as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beklijf_domain.document import Document
from beklijf_domain.instrument import Instrument
from beklijf_domain.item import LANGUAGES

Form = dict[str, Any]


def lay_over(forms: Iterable[Form], documents: Iterable[Document], instruments: Mapping[str, Instrument]) -> None:
    """Writes each document's texts into the forms of its instrument, once they are known to fit. Raises ContractError."""
    held = list(forms)
    for document in documents:
        code = document.text("instrument")
        if code not in instruments:
            document.fail("instrument", f"{code!r} is no instrument that is here")
        items, answers = _texts(document, instruments[code])
        language, licence = document.one_of("language", LANGUAGES), document.text("licence")
        document.finish()
        for form in held:
            if form["url"] == instruments[code].questionnaire and instruments[code].scores_version(form["version"]):
                form["language"], form["copyright"] = language, f"{form.get('copyright', '')} Text: {licence}".strip()
                for item in _items(form):
                    _word(item, items, answers)


def _texts(document: Document, instrument: Instrument) -> tuple[dict[str, str], dict[str, str]]:
    """The texts by linkId, for every item, and the words for answers by code."""
    links, codes = [item.link for item in instrument.items], {code for item in instrument.items for code in item.codes or ()}
    table, words = document.table("items"), document.table("answers", optional=True)
    for link in set(table.names()) - set(links):
        table.fail(link, f"is no item of {instrument.code}")
    for code in set(words.names()) - codes:
        words.fail(code, f"is no answer of {instrument.code}")
    return {link: table.text(link) for link in links}, {code: words.text(code) for code in words.names()}


def _items(element: Mapping[str, Any]) -> Iterator[Form]:
    for item in element.get("item", ()):
        yield item
        yield from _items(item)


def _word(item: Form, items: Mapping[str, str], answers: Mapping[str, str]) -> None:
    """The text of one item and of its answers; a translation of what it replaces goes."""
    if item["linkId"] not in items:
        return
    item["text"] = items[item["linkId"]]
    item.pop("_text", None)
    for coding in (option["valueCoding"] for option in item.get("answerOption", ()) if "valueCoding" in option):
        if coding["code"] in answers:
            coding["display"] = answers[coding["code"]]
            coding.pop("_display", None)
