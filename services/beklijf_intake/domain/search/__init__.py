"""Searching, without a database: which parameters there are, what a query asks for, and what a date in it covers. Plain text in."""
