"""How answers count is counted in each receipt too, under which their current version came."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BY_RECEIPT = """
ALTER TABLE disposition ADD COLUMN receipt text NOT NULL DEFAULT 'all';
ALTER TABLE disposition ALTER COLUMN receipt DROP DEFAULT;
ALTER TABLE disposition DROP CONSTRAINT pk_disposition;
ALTER TABLE disposition ADD CONSTRAINT pk_disposition PRIMARY KEY (organisation, receipt, disposition)
"""
WITHOUT = """
DELETE FROM disposition WHERE receipt <> 'all';
ALTER TABLE disposition DROP CONSTRAINT pk_disposition;
ALTER TABLE disposition DROP COLUMN receipt;
ALTER TABLE disposition ADD CONSTRAINT pk_disposition PRIMARY KEY (organisation, disposition)
"""


def upgrade() -> None:
    """Adds the receipt to what is counted; the counts of whole organisations stay."""
    op.execute(BY_RECEIPT)


def downgrade() -> None:
    """Back to whole organisations."""
    op.execute(WITHOUT)
