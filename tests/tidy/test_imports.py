"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.sources import ROOT, imported, modules

PURE = [path for path in modules() if "domain" in path.parts[:-1] or path.parts[1] == "beklijf_domain"]
STATISTICS_MAY_ALSO = {"scipy.special"}
"""Special functions for p-values; pure themselves (design, section 5)."""


def test_the_import_contracts_are_kept() -> None:
    done = subprocess.run([str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)

    # Judged by the exit code: an error in the contracts themselves prints no "BROKEN".
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", PURE, ids=str)
def test_domain_code_imports_the_standard_library_and_the_shared_rules_only(path: Path) -> None:
    own = f"{path.parts[1]}.domain"

    foreign = [
        f"line {line}: {name}"
        for line, name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and name.split(".")[0] != "beklijf_domain"
        and not name.startswith(own)
        and not (name in STATISTICS_MAY_ALSO and "beklijf_cohorts" in path.parts)
    ]

    assert foreign == []


def test_there_is_a_domain_to_look_at() -> None:
    assert len(PURE) > 10
