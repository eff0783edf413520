"""What may lie in the repository at all."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lib.sources import ROOT, tracked

MAXIMUM_BYTES = 1024 * 1024
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js", "index.dock" + "er.io", "npm" + "js.org")
"""A pin says what, never from where (design, section 6.9); written in two halves, so that this file does not name them."""
OF_ONE_MACHINE = re.compile(rb"(?<![\w.$}:/~-])/(?:work|root|home/[a-z]\w*|Users/\w+|tmp)/[\w.]")


def test_no_file_is_larger_than_a_mebibyte() -> None:
    large = [f"{path} ({(ROOT / path).stat().st_size} bytes)" for path in tracked() if (ROOT / path).stat().st_size > MAXIMUM_BYTES]

    assert large == []


def test_no_file_names_a_package_registry() -> None:
    named = [f"{path}: {host}" for path in tracked() for host in HOSTS if host.encode() in (ROOT / path).read_bytes()]

    assert named == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    named = [f"{path}: {match.group().decode()}" for path in tracked() for match in OF_ONE_MACHINE.finditer((ROOT / path).read_bytes())]

    assert named == []


def test_no_lock_file_with_addresses_is_kept() -> None:
    kept = [path for path in tracked() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json"}]

    assert kept == []


def test_no_two_files_differ_only_in_case() -> None:
    seen: dict[str, Path] = {}
    alike = [(seen[str(path).lower()], path) for path in tracked() if seen.setdefault(str(path).lower(), path) != path]

    assert alike == []
