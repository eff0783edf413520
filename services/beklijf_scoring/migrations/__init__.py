"""The database of scoring, step by step; run by `python -m beklijf_scoring migrate`."""
