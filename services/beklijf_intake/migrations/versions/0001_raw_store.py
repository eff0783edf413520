"""The raw store: subjects, resources, their versions as received, tallies; and what every service has."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RAW_STORE = """
CREATE TABLE subject (
  id text NOT NULL,
  system text NOT NULL,
  value text NOT NULL,
  CONSTRAINT pk_subject PRIMARY KEY (id),
  CONSTRAINT uq_subject_system_value UNIQUE (system, value)
);
CREATE TABLE resource (
  id text NOT NULL,
  organisation text NOT NULL,
  type text NOT NULL,
  system text NOT NULL,
  value text NOT NULL,
  subject text,
  replaced_by text,
  current integer,
  latest integer NOT NULL,
  record bytea,
  CONSTRAINT pk_resource PRIMARY KEY (id),
  CONSTRAINT uq_resource_organisation_type_system_value UNIQUE (organisation, type, system, value),
  CONSTRAINT fk_resource_subject FOREIGN KEY (subject) REFERENCES subject (id),
  CONSTRAINT fk_resource_replaced_by FOREIGN KEY (replaced_by) REFERENCES subject (id),
  CONSTRAINT ck_resource_received CHECK ((current IS NULL) = (subject IS NULL) AND (current IS NULL) = (latest = 0)),
  CONSTRAINT ck_resource_merged CHECK (replaced_by IS NULL OR type = 'Patient')
);
CREATE INDEX ix_resource_subject ON resource (subject, organisation);
CREATE INDEX ix_resource_replaced ON resource (subject, organisation) WHERE replaced_by IS NOT NULL;
CREATE INDEX ix_resource_replaced_by ON resource (replaced_by, organisation) WHERE replaced_by IS NOT NULL;
CREATE TABLE version (
  resource text NOT NULL,
  number integer NOT NULL,
  received_at timestamptz NOT NULL,
  stated_at timestamptz,
  status text,
  authored timestamptz,
  whole_day boolean,
  digest bytea NOT NULL,
  body bytea NOT NULL,
  CONSTRAINT pk_version PRIMARY KEY (resource, number),
  CONSTRAINT fk_version_resource FOREIGN KEY (resource) REFERENCES resource (id),
  CONSTRAINT ck_version_form CHECK ((status IS NULL) = (authored IS NULL) AND (status IS NULL) = (whole_day IS NULL))
);
CREATE TABLE tally (
  organisation text NOT NULL,
  day date NOT NULL,
  counts jsonb NOT NULL,
  CONSTRAINT pk_tally PRIMARY KEY (organisation, day)
)
"""
STATES = """
CREATE TABLE {name} (
  topic text NOT NULL,
  entity text NOT NULL,
  key text NOT NULL,
  version bigint NOT NULL,
  digest bytea NOT NULL,
  body bytea NOT NULL,{more}
  CONSTRAINT pk_{name} PRIMARY KEY (topic, entity)
);
CREATE INDEX ix_{name}_key ON {name} (key)
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


def upgrade() -> None:
    """Creates the tables; timeouts are set by the caller."""
    op.execute(RAW_STORE)
    op.execute(STATES.format(name="told", more=""))
    op.execute(STATES.format(name="heard", more="\n  facts bytea,"))
    op.execute(PLUMBING)


def downgrade() -> None:
    """Removes everything, the raw store included: only for a database that nobody needs."""
    op.execute("DROP TABLE version, resource, subject, tally, told, heard, outbox, progress, dead_letter, broker")
