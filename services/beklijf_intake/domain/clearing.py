"""Taking local identifiers out of what was sent, before anything of it is kept: each becomes a pseudonym, wherever it stands.

For organisations whose identifiers the registry replaces itself (design, section 6.6). What is kept of such a message is what was
sent with these values replaced; nothing else of it changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from beklijf_intake.domain.problem import Problem, broken_rule, joined
from beklijf_intake.domain.submission import Name

SOUGHT_CHARACTERS = 6
"""From this length on a value is looked for in everything else that was sent; a shorter one stands in dates and scores by chance."""
_ASKING = ("url", "ifNoneExist", "reference")
"""Elements in which a request stands, and in it perhaps `identifier=system|value`."""

HELP = (
    "A value that this registry replaces by a pseudonym stands here too, where it would be kept. Send it as an Identifier with its"
    " system only, and neither in ids and addresses nor in texts."
)


@dataclass(frozen=True, slots=True)
class Clearing:
    """`systems`: the identifier systems whose values are replaced; `system`: that of the pseudonyms which take their place."""

    systems: frozenset[str]
    system: str

    def names(self, value: Any) -> set[Name]:
        """The identifiers to be replaced in a resource, a Bundle, or any part of one."""
        return set(self._names(value, ""))

    def cleared(self, value: Any, pseudonym: Callable[[Name], str]) -> Any:
        """The same, each of these identifiers replaced; a new object."""
        return self._cleared(value, "", pseudonym)

    def criteria(self, query: str, pseudonym: Callable[[Name], str]) -> str:
        """A query (`identifier=system|value&...`) with these identifiers replaced; unchanged where there are none."""
        pairs = _pairs(query)
        return urlencode(self.pairs(pairs, pseudonym), safe="|:/") if self.names_in(pairs) else query

    def pairs(self, pairs: Iterable[tuple[str, str]], pseudonym: Callable[[Name], str]) -> list[tuple[str, str]]:
        """Parameters with these identifiers replaced, also where several are listed."""
        return [(name, ",".join(self._replaced(part, pseudonym) for part in text.split(","))) for name, text in pairs]

    def names_in(self, query: str | Iterable[tuple[str, str]]) -> set[Name]:
        """The identifiers to be replaced in a query."""
        pairs = _pairs(query) if isinstance(query, str) else query
        return {name for _, text in pairs for part in text.split(",") if (name := self._token(part)) is not None}

    def left_over(self, value: Any, names: Collection[Name]) -> list[Problem]:
        """Where, after the replacing, one of these values still stands free in a text; says where, never what."""
        sought = sorted({re.escape(name.value) for name in names if len(name.value) >= SOUGHT_CHARACTERS})
        if not sought:
            return []
        expression = re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(sought)})(?![0-9A-Za-z])")
        return [broken_rule("value", where or None, HELP) for where in dict.fromkeys(_holding(value, expression, ""))]

    def _names(self, value: Any, element: str) -> Iterator[Name]:
        if type(value) is dict:
            if self._is_identifier(value):
                yield Name(value["system"], value["value"])
            for name, child in value.items():
                yield from self._names(child, name)
        elif type(value) is list:
            for child in value:
                yield from self._names(child, element)
        elif type(value) is str and element in _ASKING:
            yield from self.names_in(_query_of(element, value)[1])

    def _cleared(self, value: Any, element: str, pseudonym: Callable[[Name], str]) -> Any:
        if type(value) is dict:
            made = {name: self._cleared(child, name, pseudonym) for name, child in value.items()}
            if self._is_identifier(value):
                made |= {"system": self.system, "value": pseudonym(Name(value["system"], value["value"]))}
            return made
        if type(value) is list:
            return [self._cleared(child, element, pseudonym) for child in value]
        if type(value) is str and element in _ASKING:
            before, query = _query_of(element, value)
            return before + self.criteria(query, pseudonym)
        return value

    def _is_identifier(self, value: dict[str, Any]) -> bool:
        system, text = value.get("system"), value.get("value")
        return type(system) is str and system in self.systems and type(text) is str and text != ""

    def _token(self, text: str) -> Name | None:
        system, bar, value = text.partition("|")
        return Name(system, value) if bar and value and system in self.systems else None

    def _replaced(self, text: str, pseudonym: Callable[[Name], str]) -> str:
        name = self._token(text)
        return text if name is None else f"{self.system}|{pseudonym(name)}"


def _query_of(element: str, text: str) -> tuple[str, str]:
    """What stands before the query, and the query. An `ifNoneExist` is a query as a whole, with or without its question mark."""
    before, mark, query = text.partition("?")
    return (before + mark, query) if mark else ("", text) if element == "ifNoneExist" else (text, "")


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20) if query else []
    except ValueError:
        return []


def _holding(value: Any, expression: re.Pattern[str], path: str) -> Iterator[str]:
    if type(value) is dict:
        for name, child in value.items():
            yield from _holding(child, expression, joined(path, name))
    elif type(value) is list:
        for index, child in enumerate(value):
            yield from _holding(child, expression, f"{path}[{index}]")
    elif (type(value) is str or type(value) is int) and expression.search(str(value)):
        yield path
