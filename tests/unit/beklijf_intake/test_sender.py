"""Who is calling: tokens, the default of a laptop, and nobody else."""

from __future__ import annotations

import pytest

from beklijf_intake.senders.sender import NotAuthenticated, Sender, Senders

TOKENS = {"token-one": "00000001", "token-two": "00000002"}


@pytest.mark.parametrize("header", ["Bearer token-two", "bearer token-two", "BEARER  token-two"])
def test_token_stands_for_its_organisation(header: str) -> None:
    assert Senders(TOKENS, None).authenticate(header) == Sender("00000002")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer token-three", "token-one", "Basic token-one", "Bearer token-one\n", "Bearer token-one x"]
)
def test_what_is_no_known_token_is_refused_even_where_none_is_needed(header: str) -> None:
    with pytest.raises(NotAuthenticated):
        Senders(TOKENS, "00000001").authenticate(header)


def test_a_sender_says_why_it_is_nobody() -> None:
    with pytest.raises(NotAuthenticated) as nobody:
        Senders(TOKENS, None).authenticate(None)
    with pytest.raises(NotAuthenticated) as unknown:
        Senders(TOKENS, None).authenticate("Bearer token-three")

    assert (nobody.value.reason, unknown.value.reason) == ("login", "unknown")


def test_no_token_is_the_default_organisation_only_where_there_is_one() -> None:
    assert Senders(TOKENS, "00000001").authenticate(None) == Sender("00000001")
    with pytest.raises(NotAuthenticated):
        Senders(TOKENS, None).authenticate(None)
