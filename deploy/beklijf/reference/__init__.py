"""A synthetic cohort as hospitals would send it: what `make demo` shows, tests tell and benches push.

In:    how many episodes, and a seed.
Out:   FHIR resources, one after the other, per hospital; the same bytes for the same numbers, on every machine and Python.
Owns:  nothing; all people are invented, no record of anybody is in here.
Never: imports a service; reads a clock; uses a random generator whose numbers could change between versions of Python.
"""
