from beklijf_scoring.store import metadata
from beklijf_shared import migrations

migrations.run(metadata)
