"""Figures: tables of numbers made from cells, each row with its denominators. Years are rows; the row `all` pools them (M21).

| figure | a row is about | its numbers |
|---|---|---|
| flow | year | registered = completed + in-treatment + stopped-early + objected; stopped-early-share of both ends |
| protocol | moment, year where it differs | months after t0, days before and after (M1) |
| sample-size | year | completed, needed, responded, reached |
| response | year, moment | cohort, the six states, due, rate (low, high), closed, closed-rate (low, high) |
| response-by-sex | year, moment, sex | responded, not-responded, shares of all invited, rate; row `all`: chi-squared, p (M21, M33) |
| response-instruments | year, moment, instrument | cohort, the six states |
| trajectories | group, year, instrument, measure, moment | n, sum, squares, mean (low, high), sd, q1, median, q3; also of age (M22) |
| groups | year, instrument, measure, moment | both groups; difference, Student's t with its mark, Welch's, SMD, Mann-Whitney (M31) |
| between-years | group, instrument, measure, moment | one-way analysis of variance |
| changes | the same, follow-up minus baseline (M26) | the same; how many unchanged, p of Wilcoxon (M33) |
| pairs | year, instrument, moment | episodes, the eight states of M19 before a rule is asked |
| mcic | group, year, instrument, moment, rule | n, the four verdicts, share (low, high), of all groups: worst, best (M28) |
| acceptable | the same, of rules of states (PASS) | n, acceptable, not-acceptable, share (low, high), of all groups: worst, best |
| lasting | group, year, instrument, rule | n, sustained, relapsed, late, never, share (low, high), p of McNemar and its mark (M27) |
| a cross-tab's own name | year, its two moments | count; n and share: GPE at the end of treatment against GPE later |
| a tally's own name | group, year, moment, question, code | count, n, share: care use (M29) |
| the same, `-change` | the same without code | n, before, after, started, stopped, both, neither, p of McNemar and its mark |
| follow-ups | year, moment | total, due, overdue, answered, missed, left (M23) |
"""
