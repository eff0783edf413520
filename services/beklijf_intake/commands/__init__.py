"""The commands that intake alone has, and what they print: one module for each subject."""
