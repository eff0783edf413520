"""A sender's own web server, with a certificate made for the run: publishes whatever a test tells it to, and counts who asks."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.lib.certificates import of_loopback

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Publisher:
    """Where it is, what it answers, and which paths were asked for."""

    url: str
    certificate: Path
    says: Callable[[str], Answer]
    asked: list[str] = field(default_factory=list)


@contextmanager
def publishing(folder: Path, says: Callable[[str], Answer]) -> Iterator[Publisher]:
    """An https server on loopback until the block ends."""
    certificate = of_loopback(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.daemon_threads = True
        publisher = Publisher(f"https://127.0.0.1:{server.server_address[1]}", certificate, says)
        server.publisher = publisher  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield publisher
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    timeout = 20

    def do_GET(self) -> None:
        publisher: Publisher = self.server.publisher  # type: ignore[attr-defined]
        publisher.asked.append(self.path)
        status, headers, body = publisher.says(self.path)
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            return  # whoever asked had enough

    def log_message(self, *_: object) -> None:
        return

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # a client that does not trust the certificate hangs up
            return
