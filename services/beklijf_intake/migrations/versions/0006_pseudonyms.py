"""Which pseudonyms stand for one another."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table; timeouts are set by the caller."""
    op.execute("CREATE TABLE pseudonym (derived text NOT NULL, stands_for text NOT NULL, CONSTRAINT pk_pseudonym PRIMARY KEY (derived))")


def downgrade() -> None:
    """Removes it: whoever was known under an earlier key becomes another person."""
    op.execute("DROP TABLE pseudonym")
