"""The database of cohorts, step by step; run by `python -m beklijf_cohorts migrate`."""
