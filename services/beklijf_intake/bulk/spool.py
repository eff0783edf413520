"""The spool: archives on disk between their arrival and their last line (`contracts/decisions/0020`).

A file is whole and on the disk, name included, before its sender is told that it was taken; what did not get that far is swept up
later. Nobody but this account can read it, and it is gone as soon as its last line is stored.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from beklijf_intake.domain.archive import Block, Gap

CHUNK_BYTES = 1024 * 1024
SYNC_EVERY_BYTES = 64 * 1024 * 1024
"""Bytes are made durable while they come: at the end there is little left to wait for."""
FREE_BYTES = 256 * 1024 * 1024
"""What must stay free on the disk: others live there too."""
FORGOTTEN_SECONDS = 3600.0
_NAME = re.compile(r"([0-9a-f-]{36})\.([0-9]{1,9})")


class Full(Exception):
    """There is no room now; later there may be."""


class TooLarge(Exception):
    """There is never room for this."""


@dataclass(frozen=True, slots=True)
class Spool:
    """A folder, and how many bytes it may hold together."""

    folder: Path
    limit: int

    def make(self) -> None:
        """Makes the folder, for this account alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, import_id: str, number: int) -> Path:
        """Where a file of an import lies."""
        return self.folder / f"{import_id}.{number}"

    def check_room(self, more: int) -> None:
        """Raises TooLarge or Full where so many more bytes cannot be taken."""
        if more > self.limit:
            raise TooLarge
        if self._used() + more > self.limit or shutil.disk_usage(self.folder).free - more < FREE_BYTES:
            raise Full

    def _used(self) -> int:
        used = 0
        for entry in os.scandir(self.folder):
            with contextlib.suppress(FileNotFoundError):  # done at this moment
                used += entry.stat().st_size
        return used

    def incoming(self, id_: str) -> Incoming:
        """A new file on its way in, under a name that nobody else uses."""
        path = self.folder / f"incoming-{id_}"
        return Incoming(self, path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0))

    def chunks(self, import_id: str, number: int, gap: Gap) -> Iterator[bytes]:
        """The bytes of a gap, in chunks. FileNotFoundError where the file is gone."""
        with self.path(import_id, number).open("rb", buffering=0) as file:
            file.seek(gap.start)
            left = gap.end - gap.start
            while left and (chunk := file.read(min(CHUNK_BYTES, left))):
                yield chunk
                left -= len(chunk)

    def content(self, import_id: str, number: int, block: Block) -> bytes:
        """The bytes of a block."""
        with self.path(import_id, number).open("rb", buffering=0) as file:
            return os.pread(file.fileno(), block.end - block.start, block.start)

    def remove(self, import_id: str, number: int) -> None:
        """A file that nobody needs any more."""
        self.path(import_id, number).unlink(missing_ok=True)

    def sweep(self, needed: Collection[tuple[str, int]]) -> int:
        """Removes what nobody needs and nobody has written to for an hour; gives how many files that were."""
        mark = self.folder / ".now"
        mark.touch()  # the disk's own clock: ours may be another, and may be set by hand
        old, removed = mark.stat().st_mtime - FORGOTTEN_SECONDS, 0
        for entry in os.scandir(self.folder):
            named = _NAME.fullmatch(entry.name)
            kept = named is not None and (named[1], int(named[2])) in needed
            with contextlib.suppress(FileNotFoundError):
                if not kept and entry.stat().st_mtime < old:
                    Path(entry.path).unlink()
                    removed += 1
        return removed


class Incoming:
    """A file on its way in: written, then kept under the name of its place, or discarded. Blocks: not for an event loop."""

    def __init__(self, spool: Spool, path: Path, file: BinaryIO) -> None:
        self._spool, self._path, self._file, self._hash, self._synced = spool, path, file, hashlib.sha256(), 0
        self.size = 0

    @property
    def digest(self) -> bytes:
        """SHA-256 of what was written so far."""
        return self._hash.digest()

    def write(self, data: bytes) -> None:
        """Some more bytes. Raises Full or TooLarge, also where the disk itself says so."""
        if self.size + len(data) > self._spool.limit:
            raise TooLarge
        self._spool.check_room(len(data))
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError:
            raise Full from None
        self._hash.update(data)
        self.size += len(data)
        if self.size - self._synced >= SYNC_EVERY_BYTES:
            os.fdatasync(self._file.fileno())
            self._synced = self.size

    def keep(self, import_id: str, number: int) -> None:
        """Makes bytes and name durable; call it before the transaction that records the file is committed."""
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._spool.path(import_id, number))
        folder = os.open(self._spool.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Closes and removes it, unless it was kept."""
        self._file.close()
        self._path.unlink(missing_ok=True)
