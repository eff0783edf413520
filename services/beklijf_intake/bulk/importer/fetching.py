"""Files that lie elsewhere are fetched beside everything else: a slow host keeps nobody waiting but the sender that named it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from beklijf_intake.bulk import download
from beklijf_intake.bulk.spool import Incoming, Spool
from beklijf_intake.store.imports import Work
from beklijf_shared.ids import IdMaker

AT_ONCE = 4
"""Senders for whom something is fetched at the same time, one file each."""


@dataclass(slots=True)
class Fetched:
    """A list of files, or a file on its way into the spool (exactly one of both)."""

    manifest: bytes | None = None
    incoming: Incoming | None = None


class Fetcher:
    """Fetches in threads of its own; what came of it is taken in by whoever asked, in its own thread."""

    def __init__(self, sources: download.Sources, spool: Spool, make_id: IdMaker) -> None:
        self._sources, self._spool, self._make_id = sources, spool, make_id
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetching")
        self._stopped = threading.Event()
        self._under_way: dict[str, tuple[Work, Future[Fetched]]] = {}

    @property
    def parties(self) -> frozenset[str]:
        """For whom something is being fetched: what else they have waits for it."""
        return frozenset(self._under_way)

    def begin(self, work: Work) -> None:
        """Fetches this file for its party, for whom nothing else is being fetched."""
        self._under_way[work.party] = work, self._threads.submit(self._fetch, work)

    def ended(self) -> Iterator[tuple[Work, Future[Fetched]]]:
        """What has been fetched since, or could not be."""
        for party, (work, future) in list(self._under_way.items()):
            if future.done():
                del self._under_way[party]
                yield work, future

    def stop(self) -> None:
        """Ends what is under way, at its next piece."""
        self._stopped.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, work: Work) -> Fetched:
        if work.kind == "manifest":
            content = bytearray()
            download.fetch(str(work.url), self._sources, content.extend, self._goes_on, limit=download.MANIFEST_LIMIT_BYTES)
            return Fetched(manifest=bytes(content))
        incoming = self._spool.incoming(self._make_id())
        with ExitStack() as unless_it_came:
            unless_it_came.callback(incoming.discard)
            download.fetch(str(work.url), self._sources, incoming.write, self._goes_on)
            unless_it_came.pop_all()
        return Fetched(incoming=incoming)

    def _goes_on(self) -> bool:
        return not self._stopped.is_set()
