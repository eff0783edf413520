"""Cohorts on a real database."""
