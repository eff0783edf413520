"""An archive: NDJSON of any size, cut into blocks of lines that are read, stored and remembered one by one.

A block is what goes in within one transaction. Cutting keeps nothing but positions, so a line of ten megabytes, or a file that is one
line, costs no memory; a line longer than the limit is a block of its own, which nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LINES_PER_BLOCK = 500
BYTES_PER_BLOCK = 2 * 1024 * 1024
LINE_END_BYTES = 2  # carriage return and line feed belong to the line's end, not to the resource


@dataclass(frozen=True, slots=True)
class Block:
    """Lines `first_line` to `first_line + lines - 1` of a file: its bytes from `start` up to `end`.

    `too_long`: one line that is longer than a resource may be.
    """

    first_line: int
    lines: int
    start: int
    end: int
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """What is still to be read of a file: from a line's beginning up to where something is stored already, or to the file's end."""

    first_line: int
    start: int
    end: int


def blocks(chunks: Iterable[bytes], gap: Gap, line_limit: int) -> Iterator[Block]:
    """Cuts the bytes of a gap, given in chunks of any size, into blocks; the last line may lack its end."""
    opened, first = gap.start, gap.first_line  # where the block began
    begun, line = opened, first  # where the line began
    position = gap.start
    for chunk in chunks:
        found = chunk.find(b"\n")
        while found >= 0:
            end = position + found + 1
            too_long = end - begun > line_limit + LINE_END_BYTES
            if too_long and begun > opened:
                yield Block(first, line - first, opened, begun)
                opened, first = begun, line
            line, begun = line + 1, end
            if too_long or line - first >= LINES_PER_BLOCK or end - opened >= BYTES_PER_BLOCK:
                yield Block(first, line - first, opened, end, too_long)
                opened, first = end, line
            found = chunk.find(b"\n", found + 1)
        position += len(chunk)
    yield from _rest(Block(first, line - first, opened, begun), position, line_limit)


def _rest(whole_lines: Block, end: int, line_limit: int) -> Iterator[Block]:
    """What is left at the end of a file: whole lines, and perhaps one without its end."""
    begun = whole_lines.end
    too_long = end - begun > line_limit + LINE_END_BYTES
    if end > begun and not too_long:
        yield Block(whole_lines.first_line, whole_lines.lines + 1, whole_lines.start, end)
        return
    if whole_lines.lines:
        yield whole_lines
    if too_long:
        yield Block(whole_lines.first_line + whole_lines.lines, 1, begun, end, too_long=True)


def gaps(stored: Sequence[Block], size: int) -> list[Gap]:
    """What of a file of `size` bytes is not stored yet; `stored` in the order of the file."""
    found, line, at = [], 1, 0
    for block in stored:
        if block.start > at:
            found.append(Gap(line, at, block.start))
        line, at = block.first_line + block.lines, block.end
    if size > at:
        found.append(Gap(line, at, size))
    return found


def lines_of(block: Block, content: bytes) -> Iterator[tuple[int, bytes]]:
    """Line number and bytes of each line that is not blank, without its end (LF or CRLF)."""
    for number, line in enumerate(content.split(b"\n"), start=block.first_line):
        body = line.removesuffix(b"\r")
        if body and not body.isspace():
            yield number, body
