"""What reporting makes of the settings that every service has."""

from __future__ import annotations

from dataclasses import dataclass

from beklijf_shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Display:
    """What the pages may show. The laptop profile holds made-up data and one reader; a server shows cohorts only, until people log in."""

    is_laptop: bool
    time_zone: str = "Europe/Amsterdam"

    @classmethod
    def of(cls, settings: Settings) -> Display:
        """The display that a profile allows."""
        return cls(is_laptop=settings.profile == "laptop")

    @property
    def shows_organisations(self) -> bool:
        """Tallies and data quality are outside the rule of small cells (M37): for that organisation only."""
        return self.is_laptop

    @property
    def shows_worklist(self) -> bool:
        """Rows about single episodes: for the people who follow them up only."""
        return self.is_laptop
