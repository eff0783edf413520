"""All SQL of scoring, set-wise: one module for each part of the database. `metadata` holds the tables of all of them."""

from __future__ import annotations

from beklijf_scoring.store import concerned, former, walks
from beklijf_scoring.store.concerned import metadata

__all__ = ["concerned", "former", "metadata", "walks"]
