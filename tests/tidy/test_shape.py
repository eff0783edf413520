"""Lengths, names and cards."""

from __future__ import annotations

import ast

from tests.lib.sources import ROOT, SERVICES, functions, lines, modules, tracked, tree

FUNCTION_LINES = 60
MODULE_LINES = 400
NO_NAME_AT_ALL = {"utils", "util", "helpers", "helper", "common", "misc", "base", "tools", "stuff"}
CARD = ("In:", "Out:", "Owns:", "Never:")
PACKAGES = [f"services/beklijf_{service}" for service in SERVICES] + ["shared/beklijf_domain", "shared/beklijf_shared", "deploy/beklijf"]
LEFT_OVER = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")


def test_no_function_is_longer_than_sixty_lines() -> None:
    too_long = [str(function) for path in modules() for function in functions(path) if function.length > FUNCTION_LINES]

    assert too_long == []


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    too_long = [f"{path} ({len(lines(path))} lines)" for path in modules() if len(lines(path)) > MODULE_LINES]

    assert too_long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    nameless = [str(path) for path in modules() if path.stem in NO_NAME_AT_ALL]

    assert nameless == []


def test_every_package_opens_with_its_card() -> None:
    without = {}
    for package in PACKAGES:
        says = ast.get_docstring(tree((ROOT / package / "__init__.py").relative_to(ROOT))) or ""
        absent = [word for word in CARD if word not in says]
        if absent:
            without[package] = absent

    assert without == {}


def test_every_package_says_that_it_is_typed() -> None:
    untyped = [package for package in PACKAGES if not (ROOT / package / "py.typed").exists()]

    assert untyped == []


def test_nothing_is_left_for_later() -> None:
    left = [
        f"{path}:{number}"
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".html", ".css"} or path.name == "Makefile"
        for number, line in enumerate(lines(path), 1)
        if any(word in line.split("#")[-1].split() or f"{word}:" in line for word in LEFT_OVER)
    ]

    assert left == []
