"""How much memory a process takes, as the kernel says."""

from __future__ import annotations

from pathlib import Path


def resident_mb(pid: int, measure: str = "VmRSS") -> float:
    """The memory of a process that is not paged out, now; or `VmHWM`: at most."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{measure}:")) / 1024
