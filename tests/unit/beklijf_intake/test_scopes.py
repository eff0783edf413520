"""Scopes: both spellings, what two sets share, and what every address asks for."""

from __future__ import annotations

import pytest

from beklijf_intake.domain.scopes import EVERYTHING, USUAL, Scopes, ScopeUnreadable, is_met, needed, parse, scope_for


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("system/QuestionnaireResponse.c", "system/QuestionnaireResponse.c"),
        ("system/Patient.rs  system/Patient.c", "system/Patient.crs"),
        ("system/Patient.read", "system/Patient.rs"),
        ("system/Patient.write", "system/Patient.cud"),
        ("system/*.*", "system/*.cruds"),
        ("patient/Patient.rs openid fhirUser user/*.cruds launch/patient", ""),
        ("", ""),
    ],
)
def test_both_spellings_are_understood_and_the_newer_is_answered(text: str, understood: str) -> None:
    assert str(parse(text)) == understood


@pytest.mark.parametrize(
    "text",
    ["system/Patient", "system/Patient.", "system/Patient.sr", "system/Patient.x", "system/patient.r", "System/Patient.r", "everything",
     "system/Patient.rs?status=final", "system/Patient.cc", "system/Patient.rs\tsystem/Consent.rs", "system/Ωatient.r", "s" * 5000],
)  # fmt: skip
def test_what_is_no_scope_is_said(text: str) -> None:
    with pytest.raises(ScopeUnreadable):
        parse(text)


def test_what_two_sets_share() -> None:
    registered = parse("system/Patient.cruds system/*.r")

    assert str(registered & parse("system/*.rs")) == "system/*.r system/Patient.rs"
    assert str(registered & parse("system/Consent.c")) == ""
    assert registered & EVERYTHING == registered
    assert str(parse(str(parse(USUAL)))) == str(parse(USUAL))


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/Patient", "system/Patient.c"),
        ("PUT", "/Patient", "system/Patient.u"),
        ("PUT", "/Patient/{id}", "system/Patient.u"),
        ("PUT", "/Patient/0190-abc.d", "system/Patient.u"),
        ("GET", "/Questionnaire/{id}", "system/Questionnaire.r"),
        ("GET", "/Questionnaire", "system/Questionnaire.s"),
        ("POST", "/Consent/_search", "system/Consent.s"),
        ("GET", "/Consent/_history", "system/Consent.s"),
        ("GET", "/Consent/{id}/_history", "system/Consent.r"),
        ("GET", "/Consent/{id}/_history/{version}", "system/Consent.r"),
        ("POST", "/Consent/$validate", "system/Consent.crus"),
        ("POST", "/$import", "system/*.c"),
        ("GET", "/$import/{job}", "system/*.c"),
        ("DELETE", "/$import/{job}", "system/*.c"),
    ],
)
def test_what_an_address_asks_for(method: str, path: str, scope: str) -> None:
    need = needed(method, path)

    assert scope_for(need) == scope
    assert is_met(need, EVERYTHING)
    assert not is_met(need, Scopes())


def test_what_asks_for_nothing() -> None:
    assert [needed("GET", "/metadata"), needed("GET", "/.well-known/smart-configuration"), needed("POST", "/auth/token")] == ["nothing"] * 3
    assert needed("POST", "") == "each entry"


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/Patient"), ("PATCH", "/Patient/{id}"), ("GET", "/elsewhere"), ("POST", "/Patient/1")]
)
def test_an_address_without_a_place_in_the_table_cannot_be_opened(method: str, path: str) -> None:
    with pytest.raises(LookupError):
        needed(method, path)
