"""What cohorts fixes for itself; the settings of an installation are those that every service has."""

from __future__ import annotations

SHARDS = 8
"""Rows into which each cell is split, so that consumers of different partitions do not wait for each other."""

TICK_EPISODES = 500
"""Episodes that the daily tick derives again in one transaction."""

LOOK_SECONDS = 0.02
"""How often the publisher looks whether anything changed, while something does; snapshots are at least this far apart."""

QUIET_LOOK_SECONDS = 0.05
"""How often it looks when for a second nothing has changed."""

BACKLOG_SECONDS = 1.0
"""How far apart snapshots are while a consumer has a backlog (design, section 3.7); and never farther, however busy the machine is."""

PACE = 2
"""A snapshot is not taken before this many times the time that the last one took, and longer where the machine is busy: as many times as
that was longer than the processor time in it. So snapshots follow one another closely while nobody else needs the processors, and never
eat them up when answers come in full flow."""

SNAPSHOT_MAXIMUM_BYTES = 256 * 1024
"""What a snapshot may weigh (design, section 3): it is one message."""
