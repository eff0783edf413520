"""Measurements: printed as ratios taken in one run on one machine, never asserted. `make bench` runs them."""
