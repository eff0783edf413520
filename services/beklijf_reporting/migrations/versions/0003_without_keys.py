"""Nobody asks for all that was heard under one key; the worklist has an index of its own."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Removes two indexes; timeouts are set by the caller."""
    op.execute("DROP INDEX ix_told_key")
    op.execute("DROP INDEX ix_heard_key")


def downgrade() -> None:
    """Makes them again."""
    op.execute("CREATE INDEX ix_told_key ON told (key)")
    op.execute("CREATE INDEX ix_heard_key ON heard (key)")
