"""Processor time by process: what everything that runs has spent, per answer between two moments.

It depends little on who else is at work on the machine, so it says more than the clock.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping

import psutil

from tests.chaos.registry import Registry

BROKER, POSTGRES, GENERATOR = "broker", "PostgreSQL", "load generator"


def spent(registry: Registry) -> dict[str, float]:
    """Seconds of processor time so far: of each process with its children, of PostgreSQL by database, of this process."""
    servers = registry.postgres.running, registry.broker.running
    assert servers[0] is not None
    assert servers[1] is not None
    found: defaultdict[str, float] = defaultdict(float)
    found.update({name: _with_children(process.pid) for name, process in registry.running.items()})
    found[BROKER] = _with_children(servers[1].process.pid)
    postmaster = psutil.Process(servers[0].process.pid)
    ended = postmaster.cpu_times()
    found[POSTGRES] = ended.user + ended.system + ended.children_user + ended.children_system
    for backend in postmaster.children(recursive=True):
        name, seconds = _backend(backend)
        found[name] += seconds
    times = os.times()
    found[GENERATOR] = times.user + times.system
    return found


def per_answer(before: Mapping[str, float], after: Mapping[str, float], answers: int) -> str:
    """Microseconds per answer, the largest first, and their sum."""
    each = {name: (seconds - before.get(name, 0.0)) / answers * 1e6 for name, seconds in after.items()}
    parts = [f"{name} {micros:.0f}" for name, micros in sorted(each.items(), key=lambda pair: -pair[1]) if micros >= 0.5]
    return f"{sum(each.values()):.0f} µs: " + ", ".join(parts)


def _with_children(pid: int) -> float:
    one = psutil.Process(pid)
    times = one.cpu_times()
    total = float(times.user + times.system + times.children_user + times.children_system)
    return total + sum(_own(each) for each in one.children(recursive=True))


def _own(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _backend(backend: psutil.Process) -> tuple[str, float]:
    """A backend's title is `postgres: role database address state`; those without a database work for all."""
    try:
        words, seconds = backend.cmdline()[0].split(), _own(backend)
    except (psutil.NoSuchProcess, IndexError):
        return POSTGRES, 0.0
    return (f"{POSTGRES} {words[2]}" if len(words) > 3 and words[1] == words[2] else POSTGRES), seconds
