"""The reference cohort of the iMSR study: invented episodes whose figures are the published ones (design, section 7).

In:    the printed tables, as they stand in `contracts/studies/imsr`.
Out:   FHIR resources in order of arrival, each with the hospital that sends it; the exact truth, for tests.
Owns:  nothing; all people are invented, only the tables are real.
Never: imports a service; reads a clock; does arithmetic that could differ between machines.

`targets` reads what was printed; `values` finds integers with those means and deviations; `arrangement` decides who has which
value; `categories` what they answer by code; `days` when; `histories` puts everybody together; `letters` puts a story into FHIR;
`affairs` decides to whom what goes wrong, `dirt` sends it so, and it must change no figure; `cohort` sends all of it.
"""
