"""Bad input as data: what hospitals, attackers and broken software send, and the answer each of them must get.

`TOLERATED` are the neighbours that look odd and must be accepted; `DECIDED_OTHERWISE` says where the answer is another one than the corpus
asks for, and why; `COVERED_BY` names the tests of what is no single request.
"""

from __future__ import annotations

from tests.lib.bad_input.as_fhir import BASE_SHAPE, BUNDLES, RULES, dated
from tests.lib.bad_input.as_json import JSON
from tests.lib.bad_input.case import BadInput, answer, body, noted_text, without
from tests.lib.bad_input.over_http import HTTP
from tests.lib.builders import named

__all__ = ["BAD_INPUT", "COVERED_BY", "DECIDED_OTHERWISE", "TOLERATED", "BadInput"]

BAD_INPUT = [*HTTP, *JSON, *BASE_SHAPE, *RULES, *BUNDLES]

TOLERATED = {
    "J14-pair": body(noted_text(r"\ud83d\ude00")),
    "J14-last": body(noted_text("\U0010ffff")),
    "J18-delete": body(noted_text("\x7f\x85\u2028")),
    "J19-decomposed": body(noted_text("Zoe\u0308")),
    "J20-bidi": body(noted_text("\u202ea\u200b")),
    "J24-no-break-space": body(noted_text("a\u00a0b")),
    "J27-other-nine-digits": body(answer(50, author={"type": "Practitioner", "display": "123456789"})),
    "F26-in-other-identifier": body(answer(50, basedOn=[{"identifier": named("https://example.org/order", "111222333")}])),
    "F32-meta": body(answer(50, meta={"versionId": "9", "lastUpdated": "2014-03-03T10:00:00Z"})),
    "F13-largest-offset": body(dated("2014-03-03T10:00:00+14:00")),
    "M02-whole-day": body(dated("2014-03-03")),
    "M24-empty": body(without(answer(), "item")),
    "F14-now": body(dated("2020-03-02T13:04:00+01:00")),
    "F20-amended-alone": body(answer(50, status="amended")),
    "F20-retracted-alone": body(answer(50, status="entered-in-error")),
    "F31-label": body(answer(50, meta={"security": [{"system": "https://example.org/label", "code": "R"}]})),
    "H27-quotes": body(noted_text("' OR 1=1-- %_")),
    "primitive-extension": body(answer(50, _language={"extension": [{"url": "https://example.org/x", "valueCode": "a"}]})),
}

DECIDED_OTHERWISE = {
    "F12": "a leap second is refused, 400: no hospital means it, and databases move it to another day (decision 0011)",
    "F14": "a year beyond 9999 is no date, 400; a date further ahead than five minutes breaks a rule, 422 (M2)",
    "F20": "accepted: amendments overtake their originals, and a retraction of what is unknown is a tombstone (M12)",
    "F21": "accepted with a warning: a draft never outranks a completed form, so nothing is undone (M11)",
    "F22": "both are accepted: which of two counts is a rule, and the other one is surplus (M6)",
    "F24": "422, not 404, for a reference to another organisation's resource: the same answer as for a made-up one (M7)",
    "F26": "refused, 422, wherever it stands in clear text; nine digits as an identifier of another system are not (design, 6.6)",
    "F31": "there are no labels of the registry's own in meta: what was sent is stored as it came",
    "F39": "nothing is ever deleted: DELETE is 405, what was never there is 404",
    "H16": "a method that is none of HTTP's is no request, 400; every other one that is not supported is 405 with Allow",
    "H24": "414 beyond 32 kB of address, 431 beyond 64 kB of headers",
    "H28": "an update by id without If-Match is accepted: every version is kept, the sender's own dates say which counts (M11, M14)",
}
"""By id of the corpus: what is answered instead, and why."""

_INTAKE = "tests/integration/intake/"
COVERED_BY = {
    "H03": f"{_INTAKE}test_connections.py::test_a_body_that_stops_is_not_waited_for",
    "H04": f"{_INTAKE}test_connections.py::test_headers_that_drip_are_not_waited_for",
    "H05": f"{_INTAKE}test_connections.py::test_what_is_no_request_is_refused_and_the_connection_closed",
    "H06": f"{_INTAKE}test_connections.py::test_what_is_no_request_is_refused_and_the_connection_closed",
    "H07": f"{_INTAKE}test_connections.py::test_a_chunk_without_a_size_ends_the_request",
    "H08": f"{_INTAKE}test_connections.py::test_what_is_no_request_is_refused_and_the_connection_closed",
    "H09": f"{_INTAKE}test_connections.py::test_what_is_no_request_is_refused_and_the_connection_closed",
    "H23": f"{_INTAKE}test_definitions.py::test_a_parameter_nobody_knows_is_warned_about_and_left_out_of_the_links",
    "H26": f"{_INTAKE}test_bad_input.py::test_nothing_of_it_is_logged_and_nobody_else_is_spoken_to",
    "H27": f"{_INTAKE}test_bad_input.py::test_what_would_be_a_pattern_elsewhere_is_literal",
    "H30": f"{_INTAKE}test_conditional.py::test_conditional_create_with_no_one_and_several_matches",
    "H31": f"{_INTAKE}test_conditional.py::test_of_two_parallel_updates_of_one_version_one_wins",
    "H32": f"{_INTAKE}test_throttling.py::test_headers_that_claim_to_be_somebody_are_ignored",
    "H33": f"{_INTAKE}test_throttling.py::test_a_request_too_many_is_answered_with_when_to_come_again",
    "H34": f"{_INTAKE}test_bad_input.py::test_ranges_are_ignored",
    "H38": f"{_INTAKE}test_connections.py::test_a_sender_that_leaves_in_mid_body_leaves_nothing_behind",
    "J25": f"{_INTAKE}test_imports.py::test_a_bad_line_costs_no_other",
    "F17": "tests/unit/beklijf_intake/test_answers.py::test_required_items_must_be_answered_in_a_completed_form",
    "F19": "tests/unit/beklijf_intake/test_answers.py::test_conditions_switch_items_on_and_off",
    "F21": f"{_INTAKE}test_conditional.py::test_a_draft_after_the_completed_form_counts_for_nothing",
    "F22": "tests/spec/test_competition.py::test_this_one_counts_and_the_other_is_surplus",
    "F23": "tests/flow/test_any_order.py::test_scoring_says_the_same_whatever_the_order",
}
"""By id of the corpus: the test of what takes more than one request, or less than one."""
