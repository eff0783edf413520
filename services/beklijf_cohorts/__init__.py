"""Cohorts: counts who is in a cohort, who answered, what changed, for whom it was enough, and whether it lasted.

In:    `episode-scored`, from scoring; nothing else.
Out:   `follow-up-due` (to reporting and integrators), `cohort-snapshot` (to reporting and integrators).
Owns:  the newest state of every episode, integer counts (`cell`) kept by difference, the day on which they stand.
Never: sees an answer; says anything about one patient in a figure; shows what is derived from fewer than k episodes.

Everything that needs a date is decided here: `domain.derive` says what one episode adds to every cell on a day, and when that
changes by itself; `domain.figures` make tables of the sums; `domain.disclosure` hides; `domain.snapshot` is the only exit.
"""
