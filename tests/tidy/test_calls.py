"""Calls and words that are forbidden, each with what to use instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.lib.sources import modules, tree

EVERYWHERE = "anywhere"
CLOCK = ("shared/beklijf_shared/clock.py",)
IDS = ("shared/beklijf_shared/ids.py",)
OPERATOR = ("deploy/beklijf",)
INSTEAD: dict[str, tuple[str, tuple[str, ...]]] = {
    "datetime.now": ("take `now` as an argument; only the edge asks `beklijf_shared.clock`", CLOCK),
    "datetime.utcnow": ("take `now` as an argument", ()),
    "datetime.today": ("take `now` as an argument", ()),
    "date.today": ("take the data date as an argument (M9)", ()),
    "time.time": ("`time.monotonic` for durations; `now` as an argument for instants", ()),
    "time.time_ns": ("`beklijf_shared.ids.new_id` for ids; `now` as an argument for instants", IDS),
    "uuid.uuid1": ("`beklijf_shared.ids.new_id`", ()),
    "uuid4": ("`beklijf_shared.ids.new_id`", ()),
    "uuid.uuid4": ("`beklijf_shared.ids.new_id`", ("shared/beklijf_shared/bus.py",)),
    "time.sleep": ("wait for a fact with a bound, or on an event that can be set", OPERATOR),
    "random.random": ("derive it from what is given; nothing here is left to chance", ()),
}
"""Called name -> what to use instead, and the files that may."""
KEYWORDS = {
    "value_deserializer": "decode in our own code, where what is none becomes a dead letter",
    "key_deserializer": "decode in our own code, where what is none becomes a dead letter",
}
MAY_PRINT = ("__main__.py", "commands.py")
EXACT = ("services/beklijf_scoring", "shared/beklijf_domain", "shared/beklijf_shared/fhirpath", "shared/beklijf_shared/expressions")
"""Scores, changes and verdicts: no binary fraction passes through here."""


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def _allowed(path: Path, places: tuple[str, ...]) -> bool:
    return any(path.as_posix().startswith(place) for place in places)


def test_nobody_asks_the_clock_the_dice_or_the_pillow() -> None:
    found = []
    for path in modules():
        for call in _calls(path):
            instead, places = INSTEAD.get(ast.unparse(call.func), ("", ()))
            if instead and not _allowed(path, places):
                found.append(f"{path}:{call.lineno} {ast.unparse(call.func)}: use {instead}")

    assert found == []


def test_no_deserializer_is_given_to_the_kafka_client() -> None:
    found = [
        f"{path}:{call.lineno} {keyword.arg}: {KEYWORDS[keyword.arg]}"
        for path in modules()
        for call in _calls(path)
        for keyword in call.keywords
        if keyword.arg in KEYWORDS
    ]

    assert found == []


def test_only_commands_print() -> None:
    found = [
        f"{path}:{call.lineno}: use `telemetry.Logger.event`"
        for path in modules()
        if path.name not in MAY_PRINT and not _allowed(path, OPERATOR)
        for call in _calls(path)
        if ast.unparse(call.func) == "print"
    ]

    assert found == []


def test_no_except_catches_everything_unseen() -> None:
    found = [
        f"{path}:{node.lineno}: name what you expect"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "BaseException")
    ]

    assert found == []


def test_scores_and_verdicts_are_exact() -> None:
    found = []
    for path in modules():
        if not _allowed(path, EXACT):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
                found.append(f"{path}:{node.lineno} float(): use int, Decimal or Fraction (M25)")
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                found.append(f"{path}:{node.lineno} {node.value}: use int, Decimal or Fraction (M25)")

    assert found == []
