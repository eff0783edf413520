"""A ledger that the database itself keeps: every effect of a message, and every step of the offsets, in the order in which they were made.

Triggers write it, so it holds whatever any process does to these tables, also one that nobody thought alive.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from sqlalchemy import text

from beklijf_shared import db

MADE = """
CREATE TABLE ledger (n bigserial PRIMARY KEY, what text NOT NULL, place text NOT NULL, stood bigint, stands bigint NOT NULL);
CREATE FUNCTION ledger_effect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger (what, place, stood, stands) VALUES ('effect', NEW.topic || ' ' || NEW.entity, OLD.version, NEW.version);
  RETURN NULL;
END $$;
CREATE FUNCTION ledger_offset() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger (what, place, stood, stands)
  VALUES (NEW.direction, NEW.incarnation || ' ' || NEW.topic || ' ' || NEW.partition, OLD.next_offset, NEW.next_offset);
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_effect AFTER INSERT OR UPDATE ON heard FOR EACH ROW EXECUTE FUNCTION ledger_effect();
CREATE TRIGGER ledger_offset AFTER INSERT OR UPDATE ON progress FOR EACH ROW EXECUTE FUNCTION ledger_offset();
"""
READ = text("SELECT place, stands FROM ledger WHERE what = :what ORDER BY n")


def keep(engine: db.Engine) -> None:
    """From here on the ledger of this database is kept."""
    with db.transaction(engine) as connection:
        connection.exec_driver_sql(MADE)


def effects(engine: db.Engine) -> dict[str, list[int]]:
    """Per entity, the versions that took effect, in that order. A version that is there twice counted twice; one that falls was stale."""
    return _read(engine, "effect")


def offsets(engine: db.Engine) -> dict[str, list[int]]:
    """Per partition, how far it was applied, in that order. One that falls was moved back."""
    return _read(engine, "applied")


def rising(steps: dict[str, list[int]], *, strictly: bool) -> bool:
    """Whether no step anywhere goes back; `strictly`: nor stands still."""
    return all(one < other or (one == other and not strictly) for some in steps.values() for one, other in pairwise(some))


def _read(engine: db.Engine, what: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    with db.transaction(engine) as connection:
        for place, stands in connection.execute(READ, {"what": what}):
            found[place].append(stands)
    return dict(found)
