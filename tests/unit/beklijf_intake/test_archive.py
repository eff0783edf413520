"""Cutting archives into blocks: every byte and every line once, whatever the size of chunks, lines and gaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from beklijf_intake.domain import archive
from beklijf_intake.domain.archive import Block, Gap, blocks, gaps, lines_of

LIMIT = 20


def cut(content: bytes, chunk: int = 7) -> list[Block]:
    chunks = [content[at : at + chunk] for at in range(0, len(content), chunk)]
    return list(blocks(chunks, Gap(1, 0, len(content)), LIMIT))


def numbered(content: bytes, found: list[Block]) -> list[tuple[int, bytes]]:
    return [line for block in found for line in lines_of(block, content[block.start : block.end])]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LINES_PER_BLOCK", 3)
    monkeypatch.setattr(archive, "BYTES_PER_BLOCK", 30)


def test_a_block_ends_after_so_many_lines() -> None:
    assert cut(b"a\nb\nc\nd\n") == [Block(1, 3, 0, 6), Block(4, 1, 6, 8)]


def test_a_block_ends_after_so_many_bytes() -> None:
    assert cut(b"a" * 18 + b"\n" + b"b" * 18 + b"\nc\n") == [Block(1, 2, 0, 38), Block(3, 1, 38, 40)]


def test_the_last_line_may_lack_its_end() -> None:
    assert numbered(b"a\nb", cut(b"a\nb")) == [(1, b"a"), (2, b"b")]


def test_line_ends_of_either_kind_belong_to_no_resource_and_blank_lines_to_nobody() -> None:
    content = b"a\r\n\r\n  \n\nb\r\nc \n"

    assert numbered(content, cut(content)) == [(1, b"a"), (5, b"b"), (6, b"c ")]


def test_a_line_beyond_the_limit_is_a_block_that_nobody_reads() -> None:
    content = b"a\n" + b"x" * 60 + b"\nb\n"

    assert cut(content) == [Block(1, 1, 0, 2), Block(2, 1, 2, 63, too_long=True), Block(3, 1, 63, 65)]


def test_a_file_that_is_one_endless_line_is_one_block() -> None:
    assert cut(b"x" * 1000) == [Block(1, 1, 0, 1000, too_long=True)]


def test_a_line_at_the_limit_is_read_with_either_end() -> None:
    content = b"x" * LIMIT + b"\r\n" + b"y" * LIMIT + b"\n"

    assert [block.too_long for block in cut(content)] == [False]


def test_what_is_stored_leaves_gaps_in_which_lines_keep_their_numbers() -> None:
    content = b"a\nb\nc\nd\ne\nf\ng\nh\n"
    found = cut(content)

    left = gaps([found[1]], len(content))

    assert left == [Gap(1, 0, 6), Gap(7, 12, 16)]
    assert list(blocks([content[12:]], left[1], LIMIT)) == [found[2]]


def test_nothing_is_left_of_a_file_that_is_stored_whole() -> None:
    assert gaps(cut(b"a\nb\nc\nd\n"), 8) == []


@given(
    content=some.lists(some.sampled_from([b"a", b"\n", b"\r\n", b" ", b"x" * 25, b"{}"]), max_size=60).map(b"".join),
    chunk=some.integers(1, 40),
    lost=some.sets(some.integers(0, 20)),
)
def test_whatever_is_lost_of_an_archive_the_gaps_are_exactly_that(content: bytes, chunk: int, lost: set[int]) -> None:
    whole = cut(content, chunk)
    stored = [block for number, block in enumerate(whole) if number not in lost]

    again = [block for gap in gaps(stored, len(content)) for block in blocks([content[gap.start : gap.end]], gap, LIMIT)]

    together = sorted([*stored, *again], key=lambda block: block.start)
    readable = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if len(line) <= LIMIT]
    assert [block.start for block in together] == [0, *[block.end for block in together]][: len(together)]
    assert sum(block.end - block.start for block in together) == len(content)
    kept = [block for block in together if not block.too_long]
    assert numbered(content, kept) == [(n, line.removesuffix(b"\r")) for n, line in readable if line.strip()]
