"""Who may send: senders, what was done to them, and which assertions have been used up."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SENDERS = """
CREATE TABLE sender (
  id text NOT NULL,
  name text NOT NULL,
  organisation text NOT NULL,
  scopes text NOT NULL,
  unversioned text NOT NULL,
  keys text,
  keys_url text,
  pseudonymised text[] NOT NULL DEFAULT '{}',
  enabled boolean NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT pk_sender PRIMARY KEY (id),
  CONSTRAINT ck_sender_organisation CHECK (organisation ~ '^[0-9]{8}$'),
  CONSTRAINT ck_sender_keys CHECK ((keys IS NULL) <> (keys_url IS NULL))
);
CREATE TABLE sender_change (
  id bigserial NOT NULL,
  sender text NOT NULL,
  at timestamptz NOT NULL,
  what text NOT NULL,
  told jsonb NOT NULL,
  CONSTRAINT pk_sender_change PRIMARY KEY (id),
  CONSTRAINT fk_sender_change_sender FOREIGN KEY (sender) REFERENCES sender (id)
);
CREATE TABLE assertion (
  sender text NOT NULL,
  digest bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_assertion PRIMARY KEY (sender, digest)
);
CREATE INDEX ix_assertion_expires_at ON assertion (expires_at)
"""


def upgrade() -> None:
    """Creates the tables; timeouts are set by the caller."""
    op.execute(SENDERS)


def downgrade() -> None:
    """Removes them: nobody is known then, and whoever sends must be registered again."""
    op.execute("DROP TABLE sender_change, sender, assertion")
