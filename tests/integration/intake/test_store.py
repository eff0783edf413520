"""The raw store's tables."""

from __future__ import annotations

from beklijf_shared import migrations
from tests.lib.databases import Databases


def test_scripts_make_the_tables_that_the_code_names(database: Databases) -> None:
    url = database("intake")

    migrations.check("beklijf_intake", url)
