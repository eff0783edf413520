"""Every version says by which mapping a form of the sender's own became ours."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the mapping; what was received before was sent as ours. The index counts answers by mapping."""
    op.execute("ALTER TABLE version ADD COLUMN mapping text")
    op.execute("CREATE INDEX ix_version_mapping ON version (mapping) WHERE mapping IS NOT NULL")


def downgrade() -> None:
    """Takes it away."""
    op.execute("ALTER TABLE version DROP COLUMN mapping")
