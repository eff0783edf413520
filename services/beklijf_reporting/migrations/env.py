from beklijf_reporting.store import metadata
from beklijf_shared import migrations

migrations.run(metadata)
