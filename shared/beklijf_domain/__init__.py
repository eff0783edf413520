"""The rules that two services share, as data types and pure functions.

In:    dates, integers, exact decimals, and contract documents that somebody else has read from disk.
Out:   windows, moments, ages, scores' definitions, thresholds, states, exact text.
Owns:  nothing; every function depends on its arguments only.
Never: imports anything but the standard library, reads a clock, a file or the environment, or rounds in binary.

The closed list of modules: calendar, compare, cohort, document, exact, instrument, protocol, rule, states.
A module belongs here only when two services must agree on it to the last digit.
"""
