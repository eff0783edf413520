"""A line between a client and a server that breaks at the worst moments: what was asked has been done, and the answer never comes.

Killing processes at random hardly ever reaches that moment; here it is aimed at. The moments are drawn from a seed.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

PIECE_BYTES = 64 * 1024


@dataclass
class CutLine:
    """Forwards every connection to `port` on loopback. While it is `cutting`, of all pieces that ask for `asked` a share of `answers` is
    passed on and its answer thrown away, and a share of `requests` is broken off half way; the connection is closed either way."""

    port: int
    random: Random
    asked: bytes
    answers: float = 0.5
    requests: float = 0.1
    cutting: threading.Event = field(default_factory=threading.Event)
    cut: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(self, listener: socket.socket) -> None:
        """Takes connections until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as far:
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            lost = threading.Event()
            answering = threading.Thread(target=self._answers, args=(far, near, lost), daemon=True)
            answering.start()
            self._requests(near, far, lost)
            answering.join()

    def _requests(self, near: socket.socket, far: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := near.recv(PIECE_BYTES):
                fate = self._fate(piece)
                if fate == "request":
                    far.sendall(piece[: len(piece) // 2])
                    break
                if fate == "answer":
                    lost.set()
                far.sendall(piece)
        _close(near, far)

    def _answers(self, far: socket.socket, near: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := far.recv(PIECE_BYTES):
                if lost.is_set():
                    break
                near.sendall(piece)
        _close(near, far)

    def _fate(self, piece: bytes) -> str:
        if not self.cutting.is_set() or self.asked not in piece:
            return ""
        with self._lock:
            drawn = self.random.random()
            fate = "answer" if drawn < self.answers else "request" if drawn < self.answers + self.requests else ""
            self.cut[fate] += bool(fate)
            return fate


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_line(port: int, random: Random, asked: bytes) -> Iterator[tuple[CutLine, int]]:
    """A line to this port until the block ends, whole until told to cut; and the port at its near end."""
    line = CutLine(port, random, asked)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=line.accept, args=(listener,), daemon=True).start()
        try:
            yield line, int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
