"""Card to be written."""
