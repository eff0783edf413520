"""Checked FHIR JSON read into submissions, one module per resource (design, section 3b). Plain JSON in, our own words out."""
