"""`python -m beklijf.healthy`: what a container's health check runs. Exit code 0 when the process in it is ready.

A socket and nothing else: it runs every few seconds in every container, and most libraries take longer to import than to answer.
"""

from __future__ import annotations

import os
import socket
import sys

TIMEOUT_SECONDS = 2.0


def is_ready(port: int) -> bool:
    """Whether the operations port on this machine says so."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(os.environ.get("BEKLIJF_OPERATIONS_PORT", "9000"))) else 1)
