"""The database of reporting, step by step; run by `python -m beklijf_reporting migrate`."""
