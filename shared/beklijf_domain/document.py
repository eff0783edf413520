"""One contract document being read: every key is asked for by type, and none is left unread.

The errors name the file and the key, because the person who reads them is editing that file. All of them are told at once: where a value
is wrong a harmless one stands in for it until the end, and what is only wrong because of that is not told.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from beklijf_domain import exact

TO_FILL_IN = "FILL IN:"
"""How a file that was begun for somebody marks what only they can say."""


WANTED = MappingProxyType(
    {
        str: 'text in quotes, such as "one"',
        int: "a whole number without quotes, such as 5",
        (int, str): 'a whole number, or a decimal number in quotes, such as "0.30"',
        bool: "true or false, without quotes",
        dict: "a table",
        list: "a list",
    }
)
"""What a value should have been, for whoever edits the file."""


Read = TypeVar("Read")


class ContractError(ValueError):
    """Contracts that cannot hold; every fault is a sentence that names the file and the key."""

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(self.faults)


@dataclass(slots=True)
class _Noted:
    """What is wrong with one file: the sentences, in the order in which they were found (a dict, so that none is told twice).

    `unread` are the places where a value stands in for another, `left_out` the lists that lack a table which could not be read.
    """

    sentences: dict[str, None] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)

    def concerns(self, place: str) -> bool:
        """Whether a place, or anything below it, could not be read."""
        return place in self.left_out or any(each == place or each.startswith((f"{place}.", f"{place}[")) for each in self.unread)


class Document:
    """A table of a TOML file. `finish()` notes the keys that nobody asked for: most are misspelt. That of the file tells all faults."""

    def __init__(self, name: str, data: Mapping[str, Any], path: str = "", noted: _Noted | None = None, *, absent: bool = False) -> None:
        self.name = name
        self._data = data
        self._path = path
        self._read: set[str] = set()
        self._known: set[str] = set()  # keys that may be here, and were looked for in vain
        self._noted = _Noted() if noted is None else noted
        self._absent = absent  # stands for a table that could not be read, which was told: nothing more is to be said of it

    def fail(self, key: str, problem: str, *, rests: tuple[str, ...] = ()) -> NoReturn:
        """Note what is wrong with a key, as `complain` does, and read no further: not this table of a list, or not this file."""
        self.complain(key, problem, rests=rests)
        raise ContractError(*self._noted.sentences)

    def complain(self, key: str, problem: str, *, rests: tuple[str, ...] = ()) -> None:
        """Note what is wrong with a key, and go on.

        Unless the key, its table of a list, or one of the file's own keys on which it `rests` could not be read: then it may be no more
        than a consequence of that.
        """
        table = self._path.rstrip(".")
        of_the_file = (f"{self._path}{key}", *rests, *([table] if table else []))
        if not any(self._noted.concerns(place) for place in of_the_file):
            self._note(key, problem)

    def misread(self, key: str, problem: str) -> None:
        """Note a value that cannot be taken, and that checks which rest on it say nothing."""
        self._note(key, problem)
        self._noted.unread.add(f"{self._path}{key}")

    def read_by(self, read: Callable[[Document], Read]) -> Read:
        """What `read` makes of the whole file. Raises ContractError with everything that is wrong with it."""
        result = self.part_by(read)
        self._raise_noted()
        return result

    def each(self, key: str, read: Callable[[Document], Read]) -> list[Read]:
        """What `read` makes of every table of a list. One that cannot hold is noted and left out, and the others are read."""
        found = []
        for entry in self.tables(key):
            try:
                found.append(entry.part_by(read))
            except ContractError:
                self._noted.left_out.add(f"{self._path}{key}")
        return found

    def part_by(self, read: Callable[[Document], Read]) -> Read:
        """What `read` makes of this table. What it trips over is told as itself only where nothing stood in for anything."""
        try:
            return read(self)
        except (ArithmeticError, LookupError, ValueError) as error:
            if isinstance(error, ContractError) or not self._noted.unread:
                raise
            raise ContractError(*self._noted.sentences) from error

    def text(self, key: str) -> str:
        """Text that is there and not blank."""
        value = self._value(key, str)
        if value is None:
            return "?"
        if not value.strip():
            self.misread(key, "must not be blank")
        if value.startswith(TO_FILL_IN):
            self.misread(key, f"is still to be filled in: {value.removeprefix(TO_FILL_IN).strip()}")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """Text, or None when the key is absent."""
        return self.text(key) if self.has(key) else None

    def one_of(self, key: str, allowed: tuple[str, ...], *, decides: bool = False) -> str:
        """Text from a closed list. Where it `decides` which other keys there must be, nothing more of its table is read if it is wrong."""
        value = self.text(key)
        if value in allowed:
            return value
        if self.is_read(key):
            self.misread(key, f"{value!r} is not one of {', '.join(allowed)}")
        if decides:
            raise ContractError(*self._noted.sentences)
        return allowed[0]

    def integer(self, key: str, *, low: int | None = None, default: int | None = None) -> int:
        """A whole number, not below `low`; the default when the key is absent and there is one."""
        if default is not None and key not in self._data:
            return default
        value = self._value(key, int)
        if value is not None and low is not None and value < low:
            self.misread(key, f"{value} is less than {low}")
        return low or 0 if value is None else int(value)

    def texts(self, key: str, *, default: tuple[str, ...] | None = None, distinct: bool = True) -> tuple[str, ...]:
        """A list of texts, each of them once unless said otherwise."""
        return tuple(self._list(key, str, default, distinct=distinct))

    def integers(self, key: str, *, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """A list of distinct whole numbers."""
        return tuple(self._list(key, int, default))

    def flag(self, key: str) -> bool:
        """True or false; false when the key is absent."""
        self._read.add(key)
        value = self._data.get(key, False)
        if not isinstance(value, bool):
            self.misread(key, f"{value!r} is not {WANTED[bool]}")
        return value is True

    def number(self, key: str) -> Fraction:
        """An exact number, written as a whole number or as decimal text ("0.30"): binary fractions are refused."""
        value = self._value(key, (int, str))
        if value is None:
            return Fraction(1)
        try:
            number = Fraction(value)
        except (ValueError, ZeroDivisionError):
            self.misread(key, f'{value!r} is not a number; write it like 5, or "0.30" in quotes')
            return Fraction(1)
        if not exact.is_finite(number):
            self.misread(key, f"{value!r} has no finite decimal text")
        return number

    def scalar(self, key: str) -> str | int | bool:
        """Text, a whole number, or true or false."""
        self._read.add(key)
        value = self._data.get(key)
        if not isinstance(value, str | int | bool):
            self.misread(key, f"{value!r} is no text, whole number, true or false")
            return ""
        return value

    def table(self, key: str, *, optional: bool = False) -> Document:
        """A table inside this one; an absent optional table is an empty one."""
        path = f"{self._path}{key}."
        if optional and key not in self._data:
            return Document(self.name, {}, path, self._noted)
        value = self._value(key, dict)
        return Document(self.name, value or {}, path, self._noted, absent=value is None)

    def tables(self, key: str) -> list[Document]:
        """A list of tables, at least one."""
        entries = self._value(key, list)
        if entries is None:
            return []
        if not entries or not all(isinstance(entry, dict) for entry in entries):
            self.misread(key, "must be a list of tables, at least one")
            return []
        return [Document(self.name, entry, f"{self._path}{key}[{number}].", self._noted) for number, entry in enumerate(entries)]

    def names(self) -> tuple[str, ...]:
        """The keys of this table, as written."""
        return tuple(self._data)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        if key not in self._data:
            self._known.add(key)
        return key in self._data

    def is_read(self, key: str) -> bool:
        """Whether nothing of what the key says had to be stood in for."""
        return not self._noted.concerns(f"{self._path}{key}")

    def finish(self) -> None:
        """Note the keys that were never asked for; of the file itself, raise ContractError with all that was noted."""
        for key in sorted(set(self._data) - self._read):
            like = difflib.get_close_matches(key, (self._read | self._known) - set(self._data), n=1)
            self._note(key, "is not a key that is known here" + (f"; did you mean {like[0]}?" if like else ""))
        if not self._path:
            self._raise_noted()

    def _raise_noted(self) -> None:
        if self._noted.sentences:
            raise ContractError(*self._noted.sentences)

    def _note(self, key: str, problem: str) -> None:
        if not self._absent:
            self._noted.sentences[f"{self.name}: {self._path}{key}: {problem}"] = None

    def _value(self, key: str, kind: type | tuple[type, type]) -> Any:
        """The value, or None where there is none of that kind."""
        self._read.add(key)
        value = self._data.get(key)
        if key not in self._data:
            self.misread(key, f"is missing; give {WANTED[kind]}")
        elif not isinstance(value, kind) or isinstance(value, bool):
            self.misread(key, f"{value!r} is not {WANTED[kind]}")
        else:
            return value
        return None

    def _list(self, key: str, kind: type, default: tuple[Any, ...] | None, *, distinct: bool = True) -> list[Any]:
        if default is not None and key not in self._data:
            return list(default)
        entries: list[Any] | None = self._value(key, list)
        if entries is None:
            return list(default or ())
        if any(not isinstance(entry, kind) or isinstance(entry, bool) for entry in entries):
            self.misread(key, f"every entry must be {WANTED[kind]}")
            return list(default or ())
        if distinct and len(set(entries)) != len(entries):
            self.misread(key, "has an entry twice")
        return entries
