"""What the documents name exists: paths, `make` targets, `beklijf` commands, the steps of one answer's journey."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.sources import ROOT, tracked, tree

DOCUMENTS = [
    Path(name)
    for name in (
        "README.md",
        "services/README.md",
        "deploy/runbook.md",
        "contracts/http/INTEGRATORS.md",
        "tests/README.md",
        ".github/CONTRIBUTING.md",
    )
]
JOURNEY = Path("services/README.md")
TOP = {path.parts[0] for path in tracked()}
QUOTED = re.compile(r"`([^`\n]+)`")
LINKED = re.compile(r"\]\(([^)#\s]+)\)")
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"`(?P<file>[\w/.-]+\.py)`\s*[,:]?\s+`(?P<function>\w+)(?:\(\))?`")
ONLY_WHEN_RUN = {".beklijf", ".venv"}
"""Named in documents, made by commands: no clone has them."""


def text(document: Path) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def named_paths(document: Path) -> set[str]:
    """What looks like a path of this repository: in backquotes and begun by a top-level name, or linked to."""
    quoted = {word for span in QUOTED.findall(text(document)) for word in span.split()}
    ours = {word.rstrip(".,:;") for word in quoted if word.split("/")[0] in TOP and ("/" in word or "." in word)}
    linked = {link for link in LINKED.findall(text(document)) if "://" not in link}
    return {path for path in ours if path.split("/")[0] not in ONLY_WHEN_RUN} | linked


def commands(document: Path, program: str) -> set[str]:
    """The first word after `make` or `beklijf`, in backquotes or at the start of a line of a block."""
    spans = QUOTED.findall(text(document)) + [
        line.strip().removeprefix("$ ") for block in BLOCK.findall(text(document)) for line in block.splitlines()
    ]
    found = set()
    for span in spans:
        words = span.split("#")[0].split()
        if len(words) > 1 and words[0] == program:
            found |= set(re.findall(r"[a-z][a-z-]*", words[1]))
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_path_exists(document: Path) -> None:
    bases = (ROOT, (ROOT / document).parent)

    absent = {path for path in named_paths(document) if not any((base / path).exists() for base in bases) and not any(ROOT.glob(path))}

    assert absent == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert commands(document, "make") <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_command_exists(document: Path) -> None:
    known = set(re.findall(r"[a-z][a-z-]*", _help()))

    assert commands(document, "beklijf") <= known


def _help() -> str:
    program = Path(sys.executable).parent / "beklijf"
    return subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True).stdout


def test_make_says_what_it_can_do() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "make test" in done.stdout or "test" in done.stdout.split()


def test_the_journey_names_functions_that_exist() -> None:
    steps = [(match["file"], match["function"]) for match in STEP.finditer(text(JOURNEY))]

    absent = []
    for file, function in steps:
        path = next((base / file for base in (Path(), Path("services"), Path("shared")) if (ROOT / base / file).exists()), None)
        if path is None or function not in _definitions(path):
            absent.append(f"{file} {function}")
    assert absent == []
    assert len(steps) >= 10


def _definitions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
