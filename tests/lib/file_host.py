"""A host of files with TLS on loopback, some of whose answers are wicked."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from beklijf_intake.bulk.download import Sources
from tests.lib.certificates import of_loopback


class FileHost(http.server.ThreadingHTTPServer):
    """Files by path; `/moved` redirects, `/zipped` says it is compressed, `/short` ends before its end, `/slow...` waits for leave."""

    files: Mapping[str, bytes]
    may_go_on: threading.Event


class Listener(http.server.BaseHTTPRequestHandler):
    """One request to it."""

    protocol_version = "HTTP/1.0"
    server: FileHost

    def do_GET(self) -> None:
        """A file."""
        content = self.server.files.get(self.path)
        self.send_response(302 if self.path == "/moved" else 404 if content is None else 200)
        self.send_header("Location", "/file")
        if self.path == "/zipped":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content or b"") * (2 if self.path == "/short" else 1)))
        self.end_headers()
        if self.path.startswith("/slow"):
            self.server.may_go_on.wait(60)
        self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def file_host(folder: Path, files: Mapping[str, bytes], may_go_on: threading.Event | None = None) -> Iterator[tuple[str, Sources]]:
    """Its address, and sources that list it, take loopback for public, and trust its certificate."""
    trusted = of_loopback(folder)
    server = FileHost(("127.0.0.1", 0), Listener)
    server.files, server.may_go_on = files, may_go_on or threading.Event()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(trusted)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    place = f"localhost:{server.server_address[1]}"
    try:
        yield f"https://{place}", Sources(frozenset({place}), lambda _: True, lambda: ssl.create_default_context(cafile=str(trusted)))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
