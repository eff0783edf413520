"""Archives under way: imports, their files, and what became of every line."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What became of lines is compressed before it comes here: EXTERNAL keeps the database from trying once more.
IMPORTS = """
CREATE TABLE import (
  id text NOT NULL,
  organisation text NOT NULL,
  submitter text NOT NULL,
  submission text NOT NULL,
  created_at timestamptz NOT NULL,
  closed boolean NOT NULL,
  ended_at timestamptz,
  cancelled boolean NOT NULL,
  CONSTRAINT pk_import PRIMARY KEY (id),
  CONSTRAINT uq_import_organisation_submitter_submission UNIQUE (organisation, submitter, submission),
  CONSTRAINT ck_import_ended CHECK (ended_at IS NULL OR closed)
);
CREATE TABLE import_file (
  import text NOT NULL,
  number integer NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  sender text NOT NULL,
  url text,
  manifest text,
  size bigint,
  digest bytea,
  state text NOT NULL,
  reason text,
  CONSTRAINT pk_import_file PRIMARY KEY (import, number),
  CONSTRAINT uq_import_file_import_name UNIQUE (import, name),
  CONSTRAINT fk_import_file_import FOREIGN KEY (import) REFERENCES import (id),
  CONSTRAINT ck_import_file_kind CHECK ((kind = 'upload') = (url IS NULL) AND (manifest IS NULL OR kind = 'link')),
  CONSTRAINT ck_import_file_spooled CHECK ((size IS NULL) = (digest IS NULL) AND (size IS NOT NULL OR kind <> 'upload')),
  CONSTRAINT ck_import_file_failed CHECK ((state = 'failed') = (reason IS NOT NULL))
);
CREATE INDEX ix_import_file_waiting ON import_file (import, number) WHERE state = 'waiting';
CREATE TABLE import_block (
  import text NOT NULL,
  file integer NOT NULL,
  first_line bigint NOT NULL,
  lines integer NOT NULL,
  start bigint NOT NULL,
  "end" bigint NOT NULL,
  accepted integer NOT NULL,
  duplicate integer NOT NULL,
  refused integer NOT NULL,
  outcomes bytea NOT NULL,
  refusals bytea NOT NULL,
  CONSTRAINT pk_import_block PRIMARY KEY (import, file, first_line),
  CONSTRAINT fk_import_block_file FOREIGN KEY (import, file) REFERENCES import_file (import, number)
);
ALTER TABLE import_block ALTER COLUMN outcomes SET STORAGE EXTERNAL, ALTER COLUMN refusals SET STORAGE EXTERNAL
"""


def upgrade() -> None:
    """Creates the tables; timeouts are set by the caller."""
    op.execute(IMPORTS)


def downgrade() -> None:
    """Removes them, and with them the receipts of imports."""
    op.execute("DROP TABLE import_block, import_file, import")
