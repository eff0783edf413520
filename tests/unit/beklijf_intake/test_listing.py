"""The lines of a sender's own list: CSV and NDJSON, and what each bad line is told."""

from __future__ import annotations

import pytest

from beklijf_intake.domain.listing import Listed, Unreadable, read
from beklijf_intake.domain.submission import Name

DIGEST = "ab" * 32
GOOD = Listed(2, "Patient", Name("https://a.example", "p|1"), bytes.fromhex(DIGEST))


def test_csv_has_a_header_or_none() -> None:
    lines = [b"type,identifier,sha256\r\n", f"Patient,https://a.example|p|1,{DIGEST}\r\n".encode(), b"\r\n"]

    assert list(read(lines, "csv")) == [GOOD]
    assert [one.number for one in read(lines[1:], "csv")] == [1]


def test_ndjson_says_the_same() -> None:
    line = f'{{"type": "Patient", "identifier": "https://a.example|p|1", "sha256": "{DIGEST.upper()}"}}'.encode()

    assert list(read([b"\n", line], "ndjson")) == [GOOD]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"Patient,https://a.example|p1", "A line has three texts: type, identifier, sha256."),
        (b'Patient,"https://a.example|p1,00', "A line has three texts: type, identifier, sha256."),
        (f"Device,https://a.example|p1,{DIGEST}".encode(), "The type is one of Patient, EpisodeOfCare, Consent, QuestionnaireResponse."),
        (f"Patient,p1,{DIGEST}".encode(), "The identifier is written system|value."),
        (b"Patient,https://a.example|p1,abc", "The digest is SHA-256 in 64 hexadecimal digits."),
        (b"Patient,\xff,1", "The line is not UTF-8."),
        (b"x" * 5000, "The line is longer than 4096 bytes."),
    ],
)
def test_a_bad_line_is_told_what_is_wrong(line: bytes, sentence: str) -> None:
    assert list(read([line], "csv")) == [Unreadable(1, sentence)]


@pytest.mark.parametrize("line", [b"[1]", b"{", b'{"type": 1, "identifier": null}', b"[" * 4000])
def test_a_bad_line_of_ndjson_is_told_too(line: bytes) -> None:
    assert list(read([line], "ndjson")) == [Unreadable(1, "A line has three texts: type, identifier, sha256.")]
