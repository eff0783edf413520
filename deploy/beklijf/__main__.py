"""`python -m beklijf`, the same as the command `beklijf`."""

from beklijf.cli import main

main()
