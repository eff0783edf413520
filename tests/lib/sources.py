"""The checkout as tidy tests see it: its tracked files, our packages, and every function in them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = ("services", "shared", "deploy")
SERVICES = ("intake", "scoring", "cohorts", "reporting")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that a clone would have, and every new one that is not ignored; relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(sorted(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()))


@cache
def modules() -> tuple[Path, ...]:
    """The Python files of the product, relative to the root."""
    return tuple(path for path in tracked() if path.suffix == ".py" and path.parts[0] in SOURCE_ROOTS)


@cache
def tree(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def lines(path: Path) -> list[str]:
    """The lines of a text file."""
    return (ROOT / path).read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True)
class Function:
    """A function or method with the place where it begins."""

    path: Path
    name: str
    line: int
    length: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.name} ({self.length} lines)"


def functions(path: Path) -> Iterator[Function]:
    """Every function in a file, nested ones too. Decorators and docstrings do not count as length."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node) is not None
            first = node.body[1].lineno if documented and len(node.body) > 1 else node.lineno
            yield Function(path, node.name, node.lineno, (node.end_lineno or first) - first + 1)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, wherever it does: line and full name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
