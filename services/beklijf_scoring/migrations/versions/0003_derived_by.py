"""By which contracts everybody was derived, how far a walk got, and what was told before something else was."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row at most; and one for each state that was superseded."""
    op.execute("""
CREATE TABLE derivation (
  sole boolean NOT NULL DEFAULT true,
  fingerprint text NOT NULL,
  reached text,
  CONSTRAINT pk_derivation PRIMARY KEY (sole)
);
CREATE TABLE superseded (
  topic text NOT NULL,
  entity text NOT NULL,
  version bigint NOT NULL,
  superseded_at timestamptz NOT NULL,
  body bytea NOT NULL,
  CONSTRAINT pk_superseded PRIMARY KEY (topic, entity, version)
)
""")


def downgrade() -> None:
    """The next walk begins at the first subject; former states are gone."""
    op.execute("DROP TABLE derivation, superseded")
