"""Receipts of days, Bundles and imports in the place of tallies of days; every version says by which it came."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RECEIPTS = """
CREATE TABLE receipt (
  organisation text NOT NULL,
  id text NOT NULL,
  kind text NOT NULL,
  day date NOT NULL,
  started timestamptz NOT NULL,
  total integer,
  counts jsonb NOT NULL,
  CONSTRAINT pk_receipt PRIMARY KEY (organisation, id),
  CONSTRAINT ck_receipt_kind CHECK (kind IN ('day', 'bundle', 'import'))
);
ALTER TABLE version ADD COLUMN receipt text;
DROP TABLE tally
"""
TALLY = """
ALTER TABLE version DROP COLUMN receipt;
DROP TABLE receipt;
CREATE TABLE tally (
  organisation text NOT NULL,
  day date NOT NULL,
  counts jsonb NOT NULL,
  CONSTRAINT pk_tally PRIMARY KEY (organisation, day)
)
"""


def upgrade() -> None:
    """Puts receipts in the place of tallies. Nothing was released with tallies, so none are carried over."""
    op.execute(RECEIPTS)


def downgrade() -> None:
    """Back to tallies, empty."""
    op.execute(TALLY)
