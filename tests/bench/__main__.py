"""`make bench`: every number in one run on one machine, as it came; nothing is asserted, nothing is left out."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.bench import alone, bulk, consuming, path, posting, rebuilding, rescoring, sharing
from tests.chaos.registry import Registry, registry
from tests.lib import infra
from tests.lib.databases import Databases
from tests.lib.rooms import Room

CONSUMED_PATIENTS = 2_000
POSTED_PATIENTS = 2_000
PATH_PATIENTS = 3_000
WARM_PATIENTS = 200
ARCHIVE_PATIENTS = 16_000
RESCORED_PATIENTS = 2_000
REBUILT_PATIENTS = 2_000
RUNS = 3
GROWTH = (10_000, 100_000, 1_000_000)
GROWTH_PATIENTS, GROWTH_RUNS = 400, 7
LARGE_GROWTH = (10_000, 1_000_000, 10_000_000)
LARGE_PATIENTS = 340_000
"""Five answers each: an archive of 5 GB."""
LOOPS = 1_000_000
VISIBLE_SECONDS = 15
VISIBLE_RATE = 200


def main() -> int:
    """Measures and prints, in this order: intake alone, the consumers alone, then everything together.

    `intake`, `sharing`, `rescoring`, `rebuilding`, `path`: only these.
    `large`: what takes too long for every run (half an hour, 40 GB): ten million answers stored, 5 GB imported.
    """
    _say(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors, {platform.machine()}, {_interpreter()}")
    if "large" in sys.argv[1:]:
        _growth(LARGE_GROWTH)
        with registry() as running, bulk.alone(running):
            _archive(running, bulk.pgbench(running), 2_000_000, LARGE_PATIENTS)
        return 0
    if "sharing" in sys.argv[1:]:
        _sharing()
        return 0
    if "rescoring" in sys.argv[1:]:
        _rescoring()
        return 0
    if "rebuilding" in sys.argv[1:]:
        with registry() as running:
            bulk.imported(running, 2_000_000, REBUILT_PATIENTS)
            _rebuilding(running)
        return 0
    if "path" in sys.argv[1:]:
        with registry() as running:
            _path(running)
        return 0
    _intake_alone()
    if "intake" in sys.argv[1:]:
        return 0
    _consumers()
    _sharing()
    _rescoring()
    with registry() as running:
        _posts(running)
        _archives(running)
        _path(running)
        _rebuilding(running)
    return 0


def _intake_alone() -> None:
    """Single POSTs against `pgbench` with nothing else running, and what an answer costs as the registry grows."""
    for workers in sorted({1, os.cpu_count() or 1}):
        with alone.alone(workers) as door:
            limit = posting.pgbench(door.server)
            found = sorted((door.post(POSTED_PATIENTS) for _ in range(RUNS)), key=lambda cost: cost.run.per_second)[RUNS // 2]
            limit = statistics.mean([limit, posting.pgbench(door.server)])
            crowd = f"load average {os.getloadavg()[0]:.1f}"
            _say(f"pgbench, the same three inserts, {alone.CLIENTS} clients: {limit:.0f} transactions/s ({crowd})")
            _say(f"single POST, intake alone, {workers} process(es): {found.run.per_second / limit:.2f} x pgbench: {found}")
    _growth(GROWTH)


def _growth(sizes: Sequence[int]) -> None:
    """What an answer costs with so many stored, beside a door with the least, minute by minute: a machine is not equally fast all day."""
    with alone.alone(1) as few, alone.alone(1) as many:
        filled, least = 0, sizes[0]
        few.fill(filled, least)
        few.rest()
        for stored in sizes:
            many.fill(filled, stored)
            filled = stored
            many.rest()
            pairs = [(few.post(GROWTH_PATIENTS), many.post(GROWTH_PATIENTS)) for _ in range(GROWTH_RUNS)]
            ratio = statistics.median(large.together / small.together for small, large in pairs)
            found = sorted((large for _, large in pairs), key=lambda cost: cost.together)[GROWTH_RUNS // 2]
            _say(f"with {stored} answers stored: {ratio:.2f} x the processor time with {least}; {found.together:.0f} µs; {found}")


def _interpreter() -> str:
    """Which Python, and how fast: builds of the same version differ by a quarter, by how they were optimised."""
    started, total = time.process_time(), 0
    for number in range(LOOPS):
        total += number * number % 7
    return f"Python {platform.python_version()} ({(time.process_time() - started) / LOOPS * 1e9:.0f} ns for one turn of a loop)"


def _consumers() -> None:
    with infra.postgres() as server, Databases(server) as databases:
        scoring, cohorts = Room("scoring", databases("scoring")), Room("cohorts", databases("cohorts"))
        first, second = consuming.scoring_and_cohorts(scoring, cohorts, CONSUMED_PATIENTS)
        scoring.close()
        cohorts.close()
        _say(f"scoring consumer: {first.per_second:.0f} messages/s, at most {first.statements} statements per batch of 500")
        _say(f"cohorts consumer: {second.per_second:.0f} episodes/s, at most {second.statements} statements per batch of 500")


def _sharing() -> None:
    with infra.postgres() as server, Databases(server) as databases:
        for processes in (1, 2):
            rate, shares = sharing.scoring(databases, processes, CONSUMED_PATIENTS)
            _say(f"scoring through the broker, {processes} process(es): {rate:.0f} messages/s, of which each took {shares}")


def _rescoring() -> None:
    """Everybody derived anew on a database of scoring alone."""
    with rescoring.filled(RESCORED_PATIENTS) as found:
        for name, walk in rescoring.walks(found):
            _say(f"{name}, {found.answers} answers: {walk}; load average {os.getloadavg()[0]:.1f}")


def _rebuilding(running: Registry) -> None:
    """Everything after intake emptied, and filled again from what intake holds."""
    _say(f"rebuild of everything from the raw store, {rebuilding.rebuilt(running)}; load average {os.getloadavg()[0]:.1f}")


def _posts(running: Registry) -> None:
    limit = posting.pgbench(running.postgres)
    posts = posting.single_posts(running, POSTED_PATIENTS)
    _say(f"pgbench, the same three inserts, {posting.CLIENTS} clients: {limit:.0f} transactions/s")
    _say(
        f"single POST, {posting.CLIENTS} clients: {posts.per_second:.0f}/s = {posts.per_second / limit:.2f} x pgbench, "
        f"p50 {posts.quantile(0.5):.1f} ms, p99 {posts.quantile(0.99):.1f} ms, answers {dict(posts.statuses)}"
    )


def _archives(running: Registry) -> None:
    running.wait(300)
    with bulk.alone(running):
        limit = bulk.pgbench(running)
        _say(f"pgbench, the same three inserts, {bulk.DOCUMENTS_AT_ONCE} of each per transaction: {limit:.0f} documents/s")
        _archive(running, limit, 2_000_000, ARCHIVE_PATIENTS // 4)
        _archive(running, limit, 3_000_000, ARCHIVE_PATIENTS)
    running.wait(600)


def _archive(running: Registry, limit: float, first: int, patients: int) -> None:
    done = bulk.imported(running, first, patients)
    _say(
        f"archive of {done.documents} answers, {done.megabytes} MB: {done.per_second:.0f}/s = {done.per_second / limit:.2f} x pgbench, "
        f"{done.sums}; memory of importer and workers: at most {max(done.peak_megabytes)} MB"
    )


def _path(running: Registry) -> None:
    path.introduce(running, 0, WARM_PATIENTS + PATH_PATIENTS)
    path.posted(running, 0, WARM_PATIENTS)
    _say(f"whole path, accepted, scored, judged, counted, shown, by single POSTs: {path.posted(running, WARM_PATIENTS, PATH_PATIENTS)}")
    path.introduce(running, 250_000, PATH_PATIENTS)
    _say(f"the same by import: {path.imported(running, 250_000, PATH_PATIENTS)}")
    path.introduce(running, 500_000, VISIBLE_RATE * VISIBLE_SECONDS // 5 + 1)
    delays = path.visible_milliseconds(running, 500_000, VISIBLE_SECONDS, VISIBLE_RATE)
    p99 = delays[int(0.99 * len(delays))]
    _say(f"accepted to visible at {VISIBLE_RATE}/s: p50 {statistics.median(delays):.0f} ms, p99 {p99:.0f} ms, {len(delays)} answers")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
