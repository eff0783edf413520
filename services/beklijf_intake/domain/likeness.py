"""What of a hospital's form may be what of ours: by linkId, by text, by the texts of options. Suggestions for a person, never applied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from beklijf_intake.domain.mapping import Mapper, Question, texts_of, walked

SUGGESTIONS = 3
ALIKE = 0.55
"""From this likeness on (0 to 1) something is suggested."""
AS_MUCH = 0.03
"""Two that differ by less are equally alike: that is told as ambiguous."""
_SIGNS = re.compile(r"[^0-9a-zà-ÿ]+")


@dataclass(slots=True)
class Seen:
    """One item of the hospital's form, as far as the sample shows it."""

    text: str = ""
    answers: int = 0
    values: Counter[str] = field(default_factory=Counter)
    displays: dict[str, str] = field(default_factory=dict)
    is_repeated: bool = False
    """It stood at several places of one response."""


@dataclass(frozen=True, slots=True)
class Ours:
    """One question of ours: its text, and its options by code with their words in every language."""

    link: str
    text: str
    options: Mapping[str, tuple[str, ...]]


def look(responses: Iterable[Mapping[str, Any]]) -> dict[str, Seen]:
    """Every item of these responses, by linkId."""
    found: dict[str, Seen] = {}
    for response in responses:
        times: Counter[str] = Counter()
        for link, element, _ in walked(response.get("item", ()), frozenset()):
            seen = found.setdefault(link, Seen())
            seen.text = seen.text or str(element.get("text", ""))
            answers = element.get("answer", ())
            times[link] += bool(answers)
            seen.answers += bool(answers)
            for answer in answers:
                _note(seen, answer)
        for link, number in times.items():
            found[link].is_repeated |= number > 1
    return found


def ours_of(outline: Sequence[Mapping[str, Any]]) -> Iterator[Ours]:
    """The questions of our form, in its order."""
    for item in outline:
        if item["type"] not in ("group", "display"):
            codings = [option["valueCoding"] for option in item.get("answerOption", ()) if "valueCoding" in option]
            yield Ours(item["linkId"], str(item.get("text", "")), {one["code"]: tuple(_words(one)) for one in codings})
        yield from ours_of(item.get("item", ()))


def items_like(link: str, seen: Seen, ours: Iterable[Ours]) -> list[tuple[float, str]]:
    """Our questions that this item may be, the likest first."""
    return _best((max(alike(link, one.link), alike(seen.text, one.text), _same_options(seen, one)), one.link) for one in ours)


def theirs_like(ours: Ours, seen: Mapping[str, Seen]) -> list[tuple[float, str]]:
    """The hospital's items that may be this question of ours, the likest first."""
    return _best((max(alike(link, ours.link), alike(one.text, ours.text), _same_options(one, ours)), link) for link, one in seen.items())


def codes_like(value: str, display: str, ours: Ours) -> list[tuple[float, str]]:
    """Our options that this value may be, the likest first."""
    return _best(
        (max(alike(sent, word) for sent in (value, display) for word in (code, *words)), code) for code, words in ours.options.items()
    )


def unmapped_values(question: Question, seen: Seen) -> Iterator[tuple[str, int]]:
    """The values that the sample has and the value map has not."""
    for value, number in seen.values.items():
        if question.item.values and value not in question.item.values:
            yield value, number


def unmapped(mapper: Mapper, seen: Mapping[str, Seen]) -> list[str]:
    """The items with answers that are neither mapped nor ignored."""
    return [link for link, one in seen.items() if one.answers and link not in mapper.questions and link not in mapper.mapping.ignored]


def is_ambiguous(found: Sequence[tuple[float, str]]) -> bool:
    """Whether the two likest are equally alike."""
    return len(found) > 1 and found[0][0] - found[1][0] < AS_MUCH


def alike(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1; signs and capitals aside."""
    first, second = (_SIGNS.sub(" ", text.lower()).strip() for text in (one, other))
    return SequenceMatcher(None, first, second).ratio() if first and second else 0.0


def _note(seen: Seen, answer: Mapping[str, Any]) -> None:
    texts = texts_of(answer)
    if texts:
        seen.values[texts[-1]] += 1
        seen.displays.setdefault(texts[-1], str(answer.get("valueCoding", {}).get("display", "")))


def _words(coding: Mapping[str, Any]) -> Iterator[str]:
    """An option's words, translations too."""
    yield str(coding.get("display", ""))
    for extension in coding.get("_display", {}).get("extension", ()):
        yield from (
            str(part["valueString"]) for part in extension.get("extension", ()) if part.get("url") == "content" and "valueString" in part
        )


def _same_options(seen: Seen, ours: Ours) -> float:
    """How alike the values are on the whole; 0 where either has none."""
    if not ours.options or not seen.values:
        return 0.0
    words = [word for code, words in ours.options.items() for word in (code, *words)]
    best = [max(alike(text, word) for text in (value, seen.displays.get(value, "")) for word in words) for value in seen.values]
    return sum(best) / len(best)


def _best(scored: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    return sorted(((score, name) for score, name in scored if score >= ALIKE), key=lambda one: (-one[0], one[1]))[:SUGGESTIONS]
