"""The journal of a push: what was answered is known again, of this push only, and the file is never half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beklijf.journal import Journal, fingerprint
from beklijf.push import Item, PushFailedError, push
from beklijf.receipt import Receipt, Refusal
from tests.unit.beklijf.test_push import CREATED, OUTCOME, answers, hospital

REFUSED = Receipt(1, refusals=[Refusal("b", 422, ("no",))])


def test_what_was_answered_is_known_again(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal", "one")
    for number, part in ((0, Receipt(1, accepted=1)), (2, REFUSED), (3, Receipt(1, duplicate=1))):
        first.answered(number, part)
    first.save()

    again = Journal(tmp_path / "journal", "one")

    assert [again.is_done(number) for number in range(5)] == [True, False, True, True, False]
    assert (again.receipt.sent, again.receipt.accepted, again.receipt.duplicate) == (3, 1, 1)
    assert again.refusals == [(2, Refusal("b", 422, ("no",)))]


def test_the_journal_of_another_push_is_not_taken_up(tmp_path: Path) -> None:
    Journal(tmp_path / "journal", "one").save()

    with pytest.raises(FileExistsError, match="another push"):
        Journal(tmp_path / "journal", "two")


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    journal = Journal(None, "one")
    journal.answered(0, Receipt(1, accepted=1))
    journal.save()

    assert not journal.is_done(0)
    assert list(tmp_path.iterdir()) == []


def test_a_finished_push_leaves_no_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "one")
    journal.save()
    journal.finished()

    assert list(tmp_path.iterdir()) == []


def test_other_content_is_another_push(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text("{}\n")
    before = fingerprint([file], "to")
    file.write_text("{}\n{}\n")

    assert len({before, fingerprint([file], "to"), fingerprint([file], "elsewhere")}) == 3


def test_a_push_that_failed_goes_on_where_it_was(tmp_path: Path) -> None:
    items: list[Item] = [answers(name, "p-1") for name in "abcd"]
    with hospital(CREATED, (422, {}, OUTCOME), (500, {}, OUTCOME)) as server:
        with pytest.raises(PushFailedError):
            push(items, server.url, singly=True, journal=Journal(tmp_path / "journal", "one"))
        receipt = push(items, server.url, singly=True, journal=Journal(tmp_path / "journal", "one"))

    assert [json.loads(body)["id"] for _, body, _ in server.heard] == ["a", "b", "c", "c", "d"]
    assert (receipt.sent, receipt.accepted, [refusal.place for refusal in receipt.refusals]) == (4, 3, ["b"])
