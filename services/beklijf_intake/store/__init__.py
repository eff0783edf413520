"""All SQL of intake, set-wise: one module for each part of the database. `metadata` holds the tables of all of them."""

from __future__ import annotations

from beklijf_intake.store import imports, pseudonyms, raw, receipts, senders
from beklijf_intake.store.raw import metadata

__all__ = ["imports", "metadata", "pseudonyms", "raw", "receipts", "senders"]
