#!/bin/bash
# Run once by the PostgreSQL image when its volume is empty: four databases, a role each, none of which can look into another's.
# The same as `create_databases` in deploy/beklijf/local/postgres.py does on a laptop. The passwords are secrets, mounted as files.
set -euo pipefail

psql() { command psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres "$@"; }

psql <<'SQL'
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SQL

for service in intake scoring cohorts reporting; do
  password=$(<"/run/secrets/$service-password")
  # Standard input, not --command: psql fills in variables only there, and the password stays out of the list of processes.
  psql --set "service=$service" --set "password=${password:?}" <<'SQL'
CREATE ROLE :"service" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
