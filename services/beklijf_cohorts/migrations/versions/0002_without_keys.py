"""Nobody asks for all that was told or heard under one key: the key of every follow-up is its cohort, so that the index led a look for one
snapshot through all follow-ups."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
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
