"""Every version is listed: by organisation and type, in the order in which it came, and by what a search asks for."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Nothing is released, so no version is there yet that would lack an organisation or a kind.
LISTED = """
CREATE SEQUENCE version_arrival;
ALTER TABLE version
  ADD COLUMN organisation text NOT NULL,
  ADD COLUMN kind smallint NOT NULL,
  ADD COLUMN shown boolean NOT NULL,
  ADD COLUMN arrival bigint NOT NULL DEFAULT nextval('version_arrival'),
  ADD COLUMN committer bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  ADD COLUMN since timestamptz,
  ADD COLUMN until timestamptz,
  ADD COLUMN questionnaire text,
  ADD COLUMN state text,
  ADD COLUMN codes text[],
  ADD COLUMN awaits text;
ALTER SEQUENCE version_arrival OWNED BY version.arrival;
CREATE INDEX ix_version_received ON version (kind, organisation, received_at, arrival);
CREATE INDEX ix_version_dated ON version (kind, organisation, since, arrival) WHERE shown AND since IS NOT NULL;
CREATE INDEX ix_version_awaits ON version (organisation, received_at, arrival) WHERE awaits IS NOT NULL
"""


def upgrade() -> None:
    """Adds the columns and their indexes; timeouts are set by the caller."""
    op.execute(LISTED)


def downgrade() -> None:
    """Removes them; with the last column of it, the sequence goes too."""
    op.execute("""
DROP INDEX ix_version_received, ix_version_dated, ix_version_awaits;
ALTER TABLE version DROP COLUMN organisation, DROP COLUMN kind, DROP COLUMN shown, DROP COLUMN arrival, DROP COLUMN committer,
  DROP COLUMN since, DROP COLUMN until, DROP COLUMN questionnaire, DROP COLUMN state, DROP COLUMN codes, DROP COLUMN awaits
""")
