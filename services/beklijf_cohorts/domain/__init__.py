"""Pure rules of cohorts: membership, derivation of one episode on a day, statistics, figures, disclosure. No clock, no database."""
