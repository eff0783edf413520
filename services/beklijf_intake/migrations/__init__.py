"""The database of intake, step by step; run by `python -m beklijf_intake migrate`."""
