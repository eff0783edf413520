"""One contract document being read: every key is asked for by type, and none is left unread.

The errors name the file and the key, because the person who reads them is editing that file.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NoReturn

from beklijf_domain import exact

TO_FILL_IN = "FILL IN:"
"""How a file that was begun for somebody marks what only they can say."""


WANTED = MappingProxyType(
    {
        str: 'text in quotes, such as "one"',
        int: "a whole number without quotes, such as 5",
        (int, str): 'a whole number, or a decimal number in quotes, such as "0.30"',
        dict: "a table",
        list: "a list",
    }
)
"""What a value should have been, for whoever edits the file."""


class ContractError(ValueError):
    """A contract that cannot hold; the message names the file and the key."""


class Document:
    """A table of a TOML file. `finish()` complains about keys that nobody asked for: most are misspelt."""

    def __init__(self, name: str, data: Mapping[str, Any], path: str = "") -> None:
        self.name = name
        self._data = data
        self._path = path
        self._read: set[str] = set()

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the error about one key of this document."""
        raise ContractError(f"{self.name}: {self._path}{key}: {problem}")

    def text(self, key: str) -> str:
        """Text that is there and not blank."""
        value = self._value(key, str)
        if not value.strip():
            self.fail(key, "must not be blank")
        if value.startswith(TO_FILL_IN):
            self.fail(key, f"is still to be filled in: {value.removeprefix(TO_FILL_IN).strip()}")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """Text, or None when the key is absent."""
        return self.text(key) if key in self._data else None

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        """Text from a closed list."""
        value = self.text(key)
        if value not in allowed:
            self.fail(key, f"{value!r} is not one of {', '.join(allowed)}")
        return value

    def integer(self, key: str, *, low: int | None = None, default: int | None = None) -> int:
        """A whole number, not below `low`; the default when the key is absent and there is one."""
        if default is not None and key not in self._data:
            return default
        value = self._value(key, int)
        if low is not None and value < low:
            self.fail(key, f"{value} is less than {low}")
        return int(value)

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
            self.fail(key, f"{value!r} has the wrong type")
        return value

    def number(self, key: str) -> Fraction:
        """An exact number, written as a whole number or as decimal text ("0.30"): binary fractions are refused."""
        value = self._value(key, (int, str))
        try:
            number = Fraction(value)
        except (ValueError, ZeroDivisionError):
            self.fail(key, f"{value!r} is not a number")
        if not exact.is_finite(number):
            self.fail(key, f"{value!r} has no finite decimal text")
        return number

    def scalar(self, key: str) -> str | int | bool:
        """Text, a whole number, or true or false."""
        self._read.add(key)
        value = self._data.get(key)
        if not isinstance(value, str | int | bool):
            self.fail(key, f"{value!r} has the wrong type")
        return value

    def table(self, key: str, *, optional: bool = False) -> Document:
        """A table inside this one; an absent optional table is an empty one."""
        if optional and key not in self._data:
            return Document(self.name, {}, f"{self._path}{key}.")
        return Document(self.name, self._value(key, dict), f"{self._path}{key}.")

    def tables(self, key: str) -> list[Document]:
        """A list of tables, at least one."""
        entries = self._value(key, list)
        if not entries or not all(isinstance(entry, dict) for entry in entries):
            self.fail(key, "must be a list of tables, at least one")
        return [Document(self.name, entry, f"{self._path}{key}[{number}].") for number, entry in enumerate(entries)]

    def names(self) -> tuple[str, ...]:
        """The keys of this table, as written."""
        return tuple(self._data)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._data

    def finish(self) -> None:
        """Raise ContractError if a key was never asked for."""
        unknown = sorted(set(self._data) - self._read)
        if unknown:
            self.fail(unknown[0], "is not a key that is known here")

    def _value(self, key: str, kind: type | tuple[type, type]) -> Any:
        self._read.add(key)
        if key not in self._data:
            self.fail(key, "is missing")
        value = self._data[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            self.fail(key, f"{value!r} is not {WANTED[kind]}")
        return value

    def _list(self, key: str, kind: type, default: tuple[Any, ...] | None, *, distinct: bool = True) -> list[Any]:
        if default is not None and key not in self._data:
            return list(default)
        entries: list[Any] = self._value(key, list)
        if any(not isinstance(entry, kind) or isinstance(entry, bool) for entry in entries):
            self.fail(key, f"every entry must be of type {kind.__name__}")
        if distinct and len(set(entries)) != len(entries):
            self.fail(key, "has an entry twice")
        return entries
