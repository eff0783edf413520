"""What reporting decides: whether a printed number and ours are the same. Pure; the rest of reporting only shows."""
