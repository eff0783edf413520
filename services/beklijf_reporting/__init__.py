"""reporting: shows. It decides nothing and calculates nothing.

In:    `cohort-snapshot`, `follow-up-due` (cohorts), `intake-tally` (intake), `data-quality` (scoring).
Out:   pages, charts (SVG and their Vega-Lite specifications), tables as CSV; no events.
Owns:  a read model: the newest state of everything it was told, rebuilt from events at will.
Never: arithmetic (it rounds decimal text half up and compares decimals exactly, no more); a figure without its denominator;
       a script, a style or a font from elsewhere.
"""
