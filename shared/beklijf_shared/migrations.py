"""Alembic, configured in code: an `alembic.ini` would not be in a wheel. Each service owns its database and its scripts.

Test databases are made by `upgrade`, never by `create_all`, so the scripts are what is tested.
"""

from __future__ import annotations

from importlib.resources import files
from io import StringIO

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData, create_engine, pool, text

LOCK_TIMEOUT = "2s"
STATEMENT_TIMEOUT = "60s"


def configuration(package: str, url: str) -> Config:
    """Alembic's configuration for one service's package."""
    config = Config(stdout=StringIO())
    config.set_main_option("script_location", str(files(package) / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade(package: str, url: str) -> None:
    """Brings a service's database to the newest revision; safe to repeat."""
    command.upgrade(configuration(package, url), "head")


def check(package: str, url: str) -> None:
    """Raises when the scripts and the tables in code differ."""
    command.check(configuration(package, url))


def run(metadata: MetaData) -> None:
    """What every service's `env.py` calls: runs the scripts with timeouts, so that a migration cannot block the others for long."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
