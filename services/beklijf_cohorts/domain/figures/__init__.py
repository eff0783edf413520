"""Figures: tables of numbers made from cells, each row with its denominators. Years are rows; the row `all` pools them (M21).

| figure | a row is about | its numbers |
|---|---|---|
| flow | year | registered = completed + in-treatment + stopped-early + objected |
| response | year, moment | cohort, the six states, due, rate (low, high), closed, closed-rate (low, high) |
| response-instruments | year, moment, instrument | cohort, the six states |
| trajectories | group, year, instrument, measure, moment | n, sum, squares, mean (low, high), sd, q1, median, q3 |
| changes | the same, follow-up minus baseline (M26) | the same |
| pairs | year, instrument, moment | episodes, the eight states of M19 before a rule is asked |
| mcic | group, year, instrument, moment, rule | n, the four verdicts, share (low, high), of all groups: worst, best (M28) |
| lasting | year, instrument, rule | n, sustained, relapsed, late, never, share (low, high), p of McNemar (M27) |
| follow-ups | year, moment | total, due, overdue, answered, missed, left (M23) |
"""
