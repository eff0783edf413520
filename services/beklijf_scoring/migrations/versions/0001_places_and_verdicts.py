"""What every service has, what answers wait for, and how they count."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATES = """
CREATE TABLE {name} (
  topic text NOT NULL,
  entity text NOT NULL,
  key text NOT NULL,
  version bigint NOT NULL,
  digest bytea NOT NULL,
  body bytea NOT NULL,{more}
  CONSTRAINT pk_{name} PRIMARY KEY (topic, entity)
)
"""
PLUMBING = """
CREATE TABLE outbox (
  id bigserial NOT NULL,
  topic text NOT NULL,
  entity text NOT NULL,
  CONSTRAINT pk_outbox PRIMARY KEY (id)
);
CREATE TABLE progress (
  incarnation text NOT NULL,
  direction text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  backlog boolean NOT NULL DEFAULT false,
  CONSTRAINT pk_progress PRIMARY KEY (incarnation, direction, topic, partition)
);
CREATE TABLE dead_letter (
  id bigserial NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  incarnation text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  key bytea,
  headers text NOT NULL,
  value bytea,
  entity text,
  version bigint,
  reason text NOT NULL,
  replayed_at timestamptz,
  CONSTRAINT pk_dead_letter PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_dead_letter_place ON dead_letter (incarnation, topic, partition, "offset");
CREATE TABLE broker (
  sole boolean NOT NULL DEFAULT true,
  incarnation text NOT NULL,
  CONSTRAINT pk_broker PRIMARY KEY (sole)
)
"""
OWN = """
CREATE TABLE awaited (
  response text NOT NULL,
  subject text NOT NULL,
  organisation text NOT NULL,
  episode text NOT NULL,
  of_another boolean NOT NULL,
  CONSTRAINT pk_awaited PRIMARY KEY (response)
);
CREATE INDEX ix_awaited_subject ON awaited (subject);
CREATE INDEX ix_awaited_episode ON awaited (episode);
CREATE TABLE disposition (
  organisation text NOT NULL,
  disposition text NOT NULL,
  n bigint NOT NULL,
  CONSTRAINT pk_disposition PRIMARY KEY (organisation, disposition)
)
"""


def upgrade() -> None:
    """Creates the tables; timeouts are set by the caller."""
    op.execute(STATES.format(name="told", more=""))
    op.execute(STATES.format(name="heard", more="\n  facts bytea,"))
    op.execute("CREATE INDEX ix_told_key ON told (key)")
    op.execute("CREATE INDEX ix_heard_key ON heard (key)")
    op.execute(PLUMBING)
    op.execute(OWN)


def downgrade() -> None:
    """Removes everything: scoring can be rebuilt from what intake holds."""
    op.execute("DROP TABLE told, heard, outbox, progress, dead_letter, broker, awaited, disposition")
