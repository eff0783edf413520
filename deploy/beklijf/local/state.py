"""The state folder: everything that the local system keeps, and nothing outside it that matters."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SETTING = "BEKLIJF_STATE"
SITE = "BEKLIJF_CONTRACTS"


@dataclass(frozen=True, slots=True)
class State:
    """Where in the state folder things lie."""

    folder: Path

    @property
    def postgres(self) -> Path:
        """Passwords, and the data unless PostgreSQL cannot reach it there (`beklijf.local.placement`)."""
        return self.folder / "postgres"

    @property
    def broker(self) -> Path:
        """The broker keeps nothing; at most a copy of its program."""
        return self.folder / "broker"

    @property
    def spool(self) -> Path:
        """Archives that intake has taken and not stored yet; intake makes it."""
        return self.folder / "spool"

    @property
    def contracts(self) -> Path:
        """A file that names the site's own folder of contracts, so that every later start uses it too."""
        return self.folder / "contracts"

    def site(self) -> str | None:
        """The site's own folder of contracts, absolute: the one in `BEKLIJF_CONTRACTS`, else the one that `beklijf up` was given last."""
        named = os.environ.get(SITE) or (self.contracts.read_text(encoding="utf-8") if self.contracts.exists() else "")
        return str(Path(named).expanduser().resolve()) if named else None

    @property
    def own(self) -> Path:
        """The folder of contracts that is made here when a form is added and no other folder is known."""
        return self.folder / "site"

    @property
    def logs(self) -> Path:
        """One file per process, rotated by the supervisor."""
        return self.folder / "logs"

    def make(self) -> None:
        """Make the folders. Others may pass through, because PostgreSQL may run as another account; the secrets are 0600."""
        for folder in (self.folder, self.postgres, self.broker, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)


def state_from_environment() -> State:
    """The folder named in `BEKLIJF_STATE`, else `.beklijf` in the checkout, else `.beklijf` in the current folder."""
    named = os.environ.get(SETTING)
    if named:
        return State(Path(named).expanduser().resolve())
    checkout = Path(__file__).resolve().parents[3]
    home = checkout if (checkout / "pyproject.toml").exists() else Path.cwd()
    return State(home / ".beklijf")
