"""intake: takes in what hospitals send, and keeps it exactly as it came.

In:    FHIR R4 over HTTP: Patient, EpisodeOfCare, Consent, QuestionnaireResponse; singly, in Bundles, and in archives of any size.
Out:   `episode-changed`, `response-accepted` (to scoring), `intake-tally` (to reporting).
Owns:  every received version, byte for byte (what refers within a Bundle: by name); who the subject is; which version counts;
       what was refused, counted; who may send.
Never: a score; a sentence that repeats what was sent; a 2xx before the commit; Kafka outside its relay.
"""
