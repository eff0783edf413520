"""Receipts are listed by when they began; what was heard of days before has no place in that list until it is heard again."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index of that list."""
    op.execute("CREATE INDEX ix_heard_receipts ON heard (facts, entity) WHERE topic = 'beklijf.intake-tally.v1'")


def downgrade() -> None:
    """Takes it away."""
    op.execute("DROP INDEX ix_heard_receipts")
