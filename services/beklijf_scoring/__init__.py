"""Scoring: places every answer at a moment of an episode, scores it, and says whether the change matters to the patient.

In:    `response-accepted` and `episode-changed`, from intake.
Out:   `episode-scored` (to cohorts), `score-computed`, `mcic-changed` (to integrators), `data-quality` (to reporting).
Owns:  the newest state of every episode and answer, each answer's score, its place, the verdicts, how answers count.
Never: sees a name, a BSN, free text, HTML or the date of today; decides nothing that depends on a clock.

Everything about one subject is derived anew whenever something about that subject was heard: `usecases` says in which order,
`domain.derive` says what, and only the differences with what was told before are written and published.
"""
