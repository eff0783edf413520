"""Suggestions for a mapping: similar linkIds, the same texts, the same options; and when two are as much alike."""

from __future__ import annotations

from beklijf_intake.domain.likeness import Ours, codes_like, is_ambiguous, items_like, look, theirs_like

CARE = Ours(
    "care-use-medication",
    "Which medication do you take for your complaints?",
    {"none": ("None", "Geen"), "prescription": ("On prescription",)},
)
PAIN = Ours("vas-pain", "How strong is your pain?", {})


def names(found: list[tuple[float, str]]) -> list[str]:
    return [name for _, name in found]


def test_items_are_alike_by_link_text_or_options() -> None:
    seen = look(
        [
            {
                "item": [
                    {"linkId": "VAS_pain", "answer": [{"valueInteger": 3}]},
                    {"linkId": "X1", "text": "which medication do you take for your complaints", "answer": [{"valueString": "?"}]},
                    {"linkId": "X2", "answer": [{"valueCoding": {"code": "1", "display": "geen"}}]},
                    {"linkId": "X3", "answer": [{"valueString": "tired"}]},
                ]
            }
        ]
    )

    assert [names(items_like(link, one, [CARE, PAIN])) for link, one in seen.items()] == [
        ["vas-pain"],
        ["care-use-medication"],
        ["care-use-medication"],
        [],
    ]
    assert names(theirs_like(PAIN, seen)) == ["VAS_pain"]
    assert sorted(names(theirs_like(CARE, seen))) == ["X1", "X2"]


def test_codes_are_alike_in_every_language() -> None:
    assert names(codes_like("1", "geen", CARE)) == ["none"]
    assert names(codes_like("presc", "", CARE)) == ["prescription"]


def test_what_stands_twice_in_one_response_is_noted() -> None:
    once, twice = {"linkId": "a", "answer": [{"valueInteger": 1}]}, {"linkId": "b", "answer": [{"valueInteger": 1}]}

    seen = look([{"item": [once, twice, {"linkId": "g", "item": [twice]}]}, {"item": [once]}])

    assert {link: (one.answers, one.is_repeated) for link, one in seen.items()} == {"a": (2, False), "b": (2, True), "g": (0, False)}


def test_two_that_are_equally_alike_are_ambiguous() -> None:
    assert is_ambiguous([(0.8, "a"), (0.79, "b")])
    assert not is_ambiguous([(0.8, "a"), (0.7, "b")])
    assert not is_ambiguous([(0.8, "a")])
