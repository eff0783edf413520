"""Counts and follow-ups: what every service has, and the four tables of cohorts."""

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
COHORTS = """
CREATE TABLE standing (
  cohort text NOT NULL,
  population text NOT NULL,
  day date NOT NULL,
  generation bigint NOT NULL,
  CONSTRAINT pk_standing PRIMARY KEY (cohort)
);
CREATE TABLE episode (
  population text NOT NULL,
  entity text NOT NULL,
  shard smallint NOT NULL,
  derived_on date NOT NULL,
  next_change date,
  received bigint,
  digest bytea NOT NULL,
  CONSTRAINT pk_episode PRIMARY KEY (population, entity)
);
CREATE INDEX ix_episode_next_change ON episode (population, next_change) WHERE next_change IS NOT NULL;
CREATE INDEX ix_episode_received ON episode (population, received);
CREATE TABLE cell (
  population text NOT NULL,
  shard smallint NOT NULL,
  key text NOT NULL,
  n bigint NOT NULL,
  CONSTRAINT pk_cell PRIMARY KEY (population, shard, key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
CREATE TABLE rested (
  cohort text NOT NULL,
  entity text NOT NULL,
  digest bytea NOT NULL,
  CONSTRAINT pk_rested PRIMARY KEY (cohort, entity)
)
"""


def upgrade() -> None:
    """Creates the tables; timeouts are set by the caller. Cells are updated in place all day: half of each page is left for that."""
    op.execute(STATES.format(name="told", more=""))
    op.execute(STATES.format(name="heard", more="\n  facts bytea,"))
    op.execute("CREATE INDEX ix_told_key ON told (key)")
    op.execute("CREATE INDEX ix_heard_key ON heard (key)")
    op.execute(PLUMBING)
    op.execute(COHORTS)


def downgrade() -> None:
    """Removes everything: counts can be rebuilt from events."""
    op.execute("DROP TABLE told, heard, outbox, progress, dead_letter, broker, standing, episode, cell, rested")
