"""Making `.venv`: what a machine without a new enough Python is told, and that nothing is done twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lib.sources import ROOT

TOOLS = ("cat", "cksum", "dirname", "grep", "mkdir", "printf", "rm", "sh", "touch")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a path with spaces that has only what bootstrapping reads."""
    folder = tmp_path / "a path with spaces"
    (folder / "deploy/requirements").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/bootstrap", folder / "deploy/bootstrap")
    (folder / "deploy/requirements/runtime.txt").write_text("nothing==1\n")
    (folder / "deploy/requirements/dev.txt").write_text("nothing==1\n")
    return folder


def bootstrap(checkout: Path, what: str, python: str) -> subprocess.CompletedProcess[str]:
    """Run it where `python3` is this script, and no other Python is to be found."""
    programs = checkout / "bin"
    programs.mkdir(exist_ok=True)
    for tool in TOOLS:
        found = shutil.which(tool)
        if found and not (programs / tool).exists():
            (programs / tool).symlink_to(found)
    (programs / "python3").write_text(f"#!/bin/sh\n{python}\n")
    (programs / "python3").chmod(0o755)
    command = [str(checkout / "deploy/bootstrap"), what]
    return subprocess.run(
        command, env={"PATH": str(programs), "HOME": os.environ.get("HOME", "/")}, capture_output=True, text=True, check=False
    )


def test_an_old_python_is_named_with_what_is_needed(checkout: Path) -> None:
    done = bootstrap(checkout, "runtime", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')

    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and here is Python 3.9.2" in done.stderr
    assert "make PYTHON=" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_is_told_which_package(checkout: Path) -> None:
    done = bootstrap(checkout, "runtime", 'case "$1" in -m) exit 1;; *) exit 0;; esac')

    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_packages_are_installed_once_and_again_when_the_pins_change(checkout: Path) -> None:
    # This Python makes a .venv that holds itself, and notes what it was asked to install.
    python = """
case "$1 $2" in
  "-m venv") mkdir -p .venv/bin && cat "$0" >.venv/bin/python && chmod 755 .venv/bin/python;;
  "-m pip") echo "$@" >>installed;;
esac
"""
    (checkout / "bin").mkdir()
    (checkout / "bin/chmod").symlink_to(str(shutil.which("chmod")))
    installed = checkout / "installed"

    first = bootstrap(checkout, "runtime", python)
    asked = installed.read_text()
    bootstrap(checkout, "runtime", python)
    asked_twice = installed.read_text()
    (checkout / "deploy/requirements/runtime.txt").write_text("nothing==2\n")
    bootstrap(checkout, "runtime", python)

    assert first.returncode == 0
    assert "--require-hashes --requirement deploy/requirements/runtime.txt" in asked
    assert asked_twice == asked
    assert installed.read_text() == asked + asked


def test_what_tests_need_includes_what_running_needs(checkout: Path) -> None:
    python = """
case "$1 $2" in
  "-m venv") mkdir -p .venv/bin && cat "$0" >.venv/bin/python && chmod 755 .venv/bin/python;;
  "-m pip") echo "$@" >>installed;;
esac
"""
    (checkout / "bin").mkdir()
    (checkout / "bin/chmod").symlink_to(str(shutil.which("chmod")))

    bootstrap(checkout, "dev", python)
    asked = (checkout / "installed").read_text()
    bootstrap(checkout, "runtime", python)

    assert (checkout / "installed").read_text() == asked
