"""Bodies that do not get past the front door (J01 to J24)."""

from __future__ import annotations

import json

from tests.lib.bad_input.case import answer, body, fhir, noted, text, within
from tests.lib.bad_input.not_json import NOT_JSON

JSON = [
    *(text(f"J01-{number}", 400, "structure", sent) for number, sent in enumerate(NOT_JSON)),
    text("J02-same-key", 400, "structure", '{"resourceType": "Patient", "gender": "male", "gender": "female"}'),
    text("J03-same-key-escaped", 400, "structure", r'{"resourceType": "Patient", "gender": "male", "\u0067ender": "female"}'),
    text("J04-nan", 400, "structure", within("NaN")),
    text("J04-infinity", 400, "structure", within("Infinity")),
    text("J04-minus-infinity", 400, "structure", within("-Infinity")),
    text("J05-1e999", 400, "value", within("1e999")),
    text("J06-5000-digits", 400, "value", within("9" * 5000)),
    text("J07-4300-digits", 400, "value", within("1" * 4300)),
    text("J07-2-to-64", 400, "value", within("18446744073709551616")),
    fhir("J07-2-to-53", 400, "value", answer(2**53 + 1), "item[0].answer[0].value"),
    text("J08-exponent", 400, "value", within("1e100000")),
    text("J08-exponent-huge", 400, "value", within("1e9999999999999999999999")),
    text("J09-40-digits", 400, "value", within("0." + "1" * 40)),
    text("J10-depth-65", 400, "structure", '{"a":' * 65 + "1" + "}" * 65),
    text("J10-depth-1000", 400, "structure", "[" * 1000 + "]" * 1000),
    text("J10-depth-100000", 400, "structure", "[" * 100_000),
    text("J11-keys", 400, "too-long", json.dumps({f"k{number}": 1 for number in range(100_000)})),
    text("J11-array", 413, "too-long", '{"a": [' + "1," * 999_999 + "1]}"),
    text("J12-nul", 400, "value", noted(r"\u0000")),
    text("J13-high-surrogate", 400, "value", noted(r"\ud83d")),
    text("J13-low-surrogate", 400, "value", noted(r"\ude00")),
    text("J15-mark", 400, "structure", b"\xef\xbb\xbf" + body(answer())),
    text("J16-utf16", 400, "structure", json.dumps(answer()).encode("utf-16")),
    text("J16-utf16-le", 400, "structure", json.dumps(answer()).encode("utf-16-le")),
    text("J16-utf32", 400, "structure", json.dumps(answer()).encode("utf-32")),
    text("J17-invalid", 400, "structure", b'{"resourceType": "Pati\xffent"}'),
    text("J17-overlong", 400, "structure", b'{"resourceType": "\xc0\xafPatient"}'),
    text("J17-cesu8", 400, "structure", b'{"resourceType": "\xed\xa0\xbd\xed\xb8\x80"}'),
    text("J18-control", 400, "value", noted(r"\u0001")),
    text("J18-backspace", 400, "value", noted(r"\b")),
    text("J18-raw-control", 400, "structure", noted("\x01")),
    text("J21-empty", 400, "structure", b""),
    text("J21-null", 400, "structure", "null"),
    text("J21-array", 400, "structure", "[]"),
    text("J21-string", 400, "structure", '"x"'),
    text("J21-number", 400, "structure", "1"),
    text("J22-trailing", 400, "structure", "{}{}"),
    fhir("J23-proto", 400, "structure", answer(50, __proto__={"a": 1}), ""),
    fhir("J23-constructor", 400, "structure", answer(50, constructor={"a": 1}), "constructor"),
    text("F38-long-string", 400, "too-long", json.dumps(answer(50, language="a" * (1024 * 1024 + 1)))),
]
