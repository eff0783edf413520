"""What is generated and what is committed are the same; what is frozen has not moved."""

from __future__ import annotations

import hashlib

import pytest

from beklijf_shared import documents


@pytest.mark.timeout(120)
def test_every_generated_file_is_current() -> None:
    outdated = [path for path, text in documents.documents() if documents.current(path) != text]

    assert outdated == [], f"run `{documents.COMMAND}` and commit the result"


def test_check_names_the_file_and_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(documents, "documents", lambda: iter([("contracts/asyncapi.yaml", "something else")]))

    code = documents.main(["--check"])

    said = capsys.readouterr().err
    assert code == 1
    assert said == "contracts/asyncapi.yaml is not current: run `python -m beklijf_shared.documents` and commit the result\n"


def test_no_schema_is_left_over_from_an_event_that_is_gone() -> None:
    wanted = {documents.schema_path(topic) for topic in documents.TOPICS}

    there = {str(path.relative_to(documents.ROOT)) for path in (documents.ROOT / "contracts" / "events").glob("*.schema.json")}

    assert there == wanted


def test_what_is_frozen_has_not_changed_by_a_byte() -> None:
    listed = (documents.ROOT / "contracts" / "frozen.sha256").read_text().splitlines()

    changed = []
    for checksum, path in (line.split(maxsplit=1) for line in listed if not line.startswith("#")):
        if hashlib.sha256((documents.ROOT / path.lstrip("*")).read_bytes()).hexdigest() != checksum:
            changed.append(path)

    assert changed == [], "a released file is changed only by a new major version (contracts/README.md)"


def test_a_file_without_markers_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"README\.md has no <!-- flow:begin -->"):
        documents.with_diagram("# Beklijf\n", "README.md")


def test_the_diagram_is_put_between_the_markers_and_nothing_else_changes() -> None:
    text = "before\n<!-- flow:begin -->\nold\n<!-- flow:end -->\nafter\n"

    renewed = documents.with_diagram(text, "README.md")

    assert renewed.startswith("before\n<!-- flow:begin -->\n```mermaid\nflowchart LR\n")
    assert renewed.endswith("```\n<!-- flow:end -->\nafter\n")
    assert "old" not in renewed
    assert documents.with_diagram(renewed, "README.md") == renewed
