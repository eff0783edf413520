"""Ways in which the items of a form go wrong: missing, unknown, twice, elsewhere, without cause."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.lib.filling import questions, value
from tests.lib.spoiling.draft import Draft, Given, NotApplicable, way

Resource = dict[str, Any]


def _not(given: list[Given], *types: str) -> list[Given]:
    return [one for one in given if one.spec.get("type") not in types]


@way
def a_required_item_missing(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if one.spec.get("required")])
    one.siblings.remove(one.item)
    if not one.siblings and one.siblings is draft.response.get("item"):
        del draft.response["item"]


@way
def a_required_item_without_answer(draft: Draft) -> None:
    one = draft.one([one for one in _not(draft.items(), "group") if one.spec.get("required")])
    one.item.pop("answer", None)


@way
def an_item_missing(draft: Draft) -> None:
    given = [one for one in draft.items() if not one.spec.get("required") and len(one.siblings) > 1]
    one = draft.one(given)
    one.siblings.remove(one.item)


@way
def an_item_without_answer(draft: Draft) -> None:
    one = draft.one([one for one in _not(draft.items(), "group") if not one.spec.get("required")])
    one.item.pop("answer", None)


@way
def a_group_without_items(draft: Draft) -> None:
    draft.one([one for one in draft.items() if one.spec.get("type") == "group"]).item.pop("item", None)


@way
def no_items_at_all(draft: Draft) -> None:
    draft.response.pop("item", None)


@way
def an_unknown_item(draft: Draft) -> None:
    siblings = draft.one(draft.items()).siblings
    siblings.insert(draft.chance.randint(0, len(siblings)), {"linkId": "no-such-item", "answer": [{"valueInteger": 1}]})


@way
def an_unknown_empty_item(draft: Draft) -> None:
    draft.one(draft.items()).siblings.append({"linkId": "no-such-item"})


@way
def an_unknown_item_with_items(draft: Draft) -> None:
    one = draft.one(draft.items())
    one.siblings.append({"linkId": "no-such-group", "item": [deepcopy(one.item)]})


@way
def another_linkid(draft: Draft) -> None:
    draft.one(draft.items()).item["linkId"] += "x"


@way
def white_space_in_a_linkid(draft: Draft) -> None:
    draft.one(draft.items()).item["linkId"] += " "


@way
def an_item_twice(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if not one.spec.get("repeats")])
    one.siblings.insert(one.siblings.index(one.item), deepcopy(one.item))


@way
def an_item_twice_and_apart(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if not one.spec.get("repeats")])
    one.siblings.append(deepcopy(one.item))


@way
def a_repeating_question_as_two_items(draft: Draft) -> None:
    one = draft.one([one for one in _not(draft.items(), "group") if one.spec.get("repeats") and len(one.item.get("answer", [])) > 1])
    first, *rest = one.item["answer"]
    one.item["answer"] = [first]
    one.siblings.insert(one.siblings.index(one.item) + 1, {"linkId": one.item["linkId"], "answer": rest})


@way
def one_more_group(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if one.spec.get("type") == "group" and one.spec.get("repeats")])
    one.siblings.insert(one.siblings.index(one.item), deepcopy(one.item))


@way
def a_group_apart_from_its_like(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if one.spec.get("type") == "group" and one.spec.get("repeats")])
    one.siblings.append(deepcopy(one.item))


@way
def an_inner_item_at_the_top(draft: Draft) -> None:
    top = draft.response.get("item", [])
    one = draft.one([one for one in draft.items() if one.siblings is not top])
    one.siblings.remove(one.item)
    if not one.siblings:
        raise NotApplicable
    top.append(one.item)


@way
def a_top_item_within_a_group(draft: Draft) -> None:
    top = draft.response.get("item", [])
    one = draft.one([one for one in draft.items() if one.siblings is top and not one.spec.get("required")])
    group = draft.one([other for other in draft.items() if "item" in other.item and other.item is not one.item])
    if one.item in list(questions([one.item])) and any(inner is group.item for inner in _below(one.item)):
        raise NotApplicable
    top.remove(one.item)
    group.item["item"].append(one.item)


@way
def items_beneath_the_question_itself(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if any("item" in answer for answer in one.item.get("answer", []))])
    answer = next(answer for answer in one.item["answer"] if "item" in answer)
    one.item["item"] = answer.pop("item")


@way
def items_beneath_an_unanswered_question(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if any("item" in answer for answer in one.item.get("answer", []))])
    one.item["item"] = next(answer["item"] for answer in one.item.pop("answer") if "item" in answer)


@way
def items_beneath_an_answer_without_value(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if "item" in one.answer])
    one.answer.pop(one.name)


@way
def an_answer_on_a_group(draft: Draft) -> None:
    draft.one([one for one in draft.items() if one.spec.get("type") == "group"]).item["answer"] = [{"valueInteger": 1}]


@way
def an_answer_instead_of_a_group(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if one.spec.get("type") == "group"])
    one.item.pop("item", None)
    one.item["answer"] = [{"valueString": "x"}]


def _display(draft: Draft) -> tuple[list[Resource], Resource]:
    for siblings, specs in [(draft.response.get("item", []), draft.form["item"])]:
        for spec in specs:
            if spec["type"] == "display":
                return siblings, {"linkId": spec["linkId"]}
    raise NotApplicable


@way
def a_display_item(draft: Draft) -> None:
    siblings, item = _display(draft)
    place = [spec["linkId"] for spec in draft.form["item"]]
    siblings.insert(sum(place.index(one["linkId"]) < place.index(item["linkId"]) for one in siblings), item)


@way
def an_answer_on_a_display_item(draft: Draft) -> None:
    siblings, item = _display(draft)
    place = [spec["linkId"] for spec in draft.form["item"]]
    at = sum(place.index(one["linkId"]) < place.index(item["linkId"]) for one in siblings)
    siblings.insert(at, item | {"answer": [{"valueString": "read"}]})


@way
def items_beneath_a_leaf(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if "item" not in one.answer and "item" not in one.spec])
    one.answer["item"] = [{"linkId": one.item["linkId"], "answer": [{one.name: one.value}]}]


def _off(draft: Draft, operator: str = "") -> Given:
    """A top item that enableWhen (with this operator, if one is named) leaves out of this response, put in at its place, still empty."""
    place = [spec["linkId"] for spec in draft.form["item"]]
    items = draft.response.get("item", [])
    there = {item["linkId"] for item in items}
    specs = [spec for spec in draft.form["item"] if "enableWhen" in spec and spec["linkId"] not in there]
    specs = [spec for spec in specs if operator in ("", spec["enableWhen"][0]["operator"])]
    if not specs:
        raise NotApplicable
    spec = draft.chance.choice(specs)
    item = {"linkId": spec["linkId"]}
    items.insert(sum(place.index(one["linkId"]) < place.index(spec["linkId"]) for one in items), item)
    return Given(items, item, spec)


@way
def an_item_that_may_be_switched_off(draft: Draft) -> None:
    one = _off(draft)
    if one.spec["type"] == "group":
        inner = next(spec for spec in one.spec["item"] if spec["type"] != "group")
        one.item["item"] = [{"linkId": inner["linkId"], "answer": [value(draft.form, inner, draft.chance)]}]
    else:
        one.item["answer"] = [value(draft.form, one.spec, draft.chance)]


@way
def one_of_several_answers_is_the_one_that_switches_off(draft: Draft) -> None:
    """Only for questions that repeat: not equal (`!=`) means that no answer is equal."""
    one = _off(draft, "!=")
    condition = one.spec["enableWhen"][0]
    if "answerCoding" not in condition:
        raise NotApplicable
    asked = draft.one([other for other in draft.answers() if other.item["linkId"] == condition["question"]])
    others = [option["valueCoding"] for option in asked.spec["answerOption"] if option["valueCoding"] != condition["answerCoding"]]
    asked.item["answer"] = [{"valueCoding": condition["answerCoding"]}, {"valueCoding": others[0]}]
    one.item["answer"] = [value(draft.form, one.spec, draft.chance)]


@way
def an_empty_item_that_may_be_switched_off(draft: Draft) -> None:
    _off(draft)


@way
def the_question_before_unanswered(draft: Draft) -> None:
    asked = {condition["question"] for spec in questions(draft.form["item"]) for condition in spec.get("enableWhen", [])}
    one = draft.one([one for one in draft.items() if one.item["linkId"] in asked and len(one.siblings) > 1])
    one.siblings.remove(one.item)


@way
def the_question_before_answered_otherwise(draft: Draft) -> None:
    asked = {condition["question"] for spec in questions(draft.form["item"]) for condition in spec.get("enableWhen", [])}
    one = draft.one([one for one in draft.answers() if one.item["linkId"] in asked])
    one.becomes(**({"valueBoolean": not one.value} if one.name == "valueBoolean" else value(draft.form, one.spec, draft.chance)))


@way
def two_items_swapped(draft: Draft) -> None:
    one = draft.one([one for one in draft.items() if len({item["linkId"] for item in one.siblings}) > 1])
    at = draft.chance.randrange(len(one.siblings) - 1)
    one.siblings[at], one.siblings[at + 1] = one.siblings[at + 1], one.siblings[at]


@way
def all_items_in_reverse(draft: Draft) -> None:
    draft.response.get("item", []).reverse()


@way
def another_text(draft: Draft) -> None:
    draft.one([one for one in draft.items() if "text" in one.spec]).item["text"] = "What a site with a licence asks"


@way
def a_text_where_there_is_none(draft: Draft) -> None:
    draft.one([one for one in draft.items() if "text" not in one.spec]).item["text"] = "A question"


@way
def a_definition(draft: Draft) -> None:
    draft.one(draft.items()).item["definition"] = "https://example.org/StructureDefinition/x#x"


def _below(item: Resource) -> list[Resource]:
    inner = [*item.get("item", []), *(one for answer in item.get("answer", []) for one in answer.get("item", []))]
    return [found for one in inner for found in (one, *_below(one))]
