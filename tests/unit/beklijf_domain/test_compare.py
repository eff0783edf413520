"""Old against new."""

from __future__ import annotations

from beklijf_domain.compare import count_differences, differences


def test_added_changed_and_removed_are_told_apart() -> None:
    found = differences({"a": 1, "b": 2, "c": 3}, {"b": 2, "c": 4, "d": 5})

    assert (found.added, found.changed, found.removed) == ({"d": 5}, {"c": 4}, ("a",))


def test_equal_states_differ_in_nothing() -> None:
    assert not differences({"a": 1}, {"a": 1})


def test_counts_differ_by_what_must_be_added() -> None:
    assert count_differences({"a": 1, "b": 2, "c": 3, "e": 0}, {"b": 5, "c": 3, "d": 1, "f": 0}) == {"a": -1, "b": 3, "d": 1}
