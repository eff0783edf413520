from beklijf_cohorts.store import metadata
from beklijf_shared import migrations

migrations.run(metadata)
