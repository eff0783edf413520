"""Old against new: the one way in which derived output becomes what has to be written."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Differences(Generic[Key, Value]):
    """What separates two states: keys with their new value, and keys that are gone."""

    added: dict[Key, Value]
    changed: dict[Key, Value]
    removed: tuple[Key, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def differences(old: Mapping[Key, Value], new: Mapping[Key, Value]) -> Differences[Key, Value]:
    """What to write so that `old` becomes `new`; empty when they are equal."""
    added = {key: value for key, value in new.items() if key not in old}
    changed = {key: value for key, value in new.items() if key in old and old[key] != value}
    return Differences(added, changed, tuple(key for key in old if key not in new))


def count_differences(old: Mapping[Key, int], new: Mapping[Key, int]) -> dict[Key, int]:
    """What to add to each count so that `old` becomes `new`; keys that stay equal are left out."""
    result = {key: count - old.get(key, 0) for key, count in new.items() if count != old.get(key, 0)}
    result.update({key: -count for key, count in old.items() if count and key not in new})
    return result
