"""The pins: each with hashes and without an address, and enough for what pyproject.toml asks."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.lib.sources import ROOT

FILES = ("runtime", "server", "dev")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
SERVER_EXTRAS = ("intake", "scoring", "cohorts", "reporting", "operator")
RUNTIME_EXTRAS = (*SERVER_EXTRAS, "local")


def text(name: str) -> str:
    return (ROOT / f"deploy/requirements/{name}.txt").read_text()


def pins(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall(text(name)):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


def asked(extras: tuple[str, ...]) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [requirement for requirement in map(Requirement, lines) if requirement.name != "beklijf"]


@pytest.mark.parametrize("name", FILES)
def test_every_pin_has_a_hash_and_no_address(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", text(name).strip())

    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text(name)
    assert "--index" not in text(name)


@pytest.mark.parametrize(("name", "extras"), [("runtime", RUNTIME_EXTRAS), ("server", SERVER_EXTRAS), ("dev", (*RUNTIME_EXTRAS, "dev"))])
def test_the_pins_are_what_is_asked(name: str, extras: tuple[str, ...]) -> None:
    pinned = pins(name)

    unmet = [
        str(one)
        for one in asked(extras)
        if not any(one.specifier.contains(version) for version in pinned.get(canonicalize_name(one.name), ()))
    ]
    assert unmet == [], "run `make requirements`"


@pytest.mark.parametrize("name", ["runtime", "server"])
def test_tests_run_on_the_versions_that_are_shipped(name: str) -> None:
    shipped, dev = pins(name), pins("dev")

    assert {package: versions for package, versions in shipped.items() if dev.get(package) != versions} == {}
