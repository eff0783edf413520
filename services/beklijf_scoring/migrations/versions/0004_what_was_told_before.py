"""What was told when the service was emptied stays readable; by which instruments everybody is scored; which software derived when."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The next walk scores everybody anew, as it would have before."""
    op.execute("""
ALTER TABLE superseded ADD COLUMN emptied boolean NOT NULL DEFAULT false;
ALTER TABLE derivation ADD COLUMN scored_by text;
CREATE TABLE release (
  since timestamptz NOT NULL,
  version text NOT NULL,
  CONSTRAINT pk_release PRIMARY KEY (since)
)
""")


def downgrade() -> None:
    """What was kept when the service was emptied is gone."""
    op.execute("""
DROP TABLE release;
ALTER TABLE derivation DROP COLUMN scored_by;
DELETE FROM superseded WHERE emptied;
ALTER TABLE superseded DROP COLUMN emptied
""")
