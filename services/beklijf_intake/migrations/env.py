from beklijf_intake.store import metadata
from beklijf_shared import migrations

migrations.run(metadata)
