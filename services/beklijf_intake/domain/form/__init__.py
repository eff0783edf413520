"""The parts of a Questionnaire, each compiled by itself: options, limits, conditions, calculated totals."""
