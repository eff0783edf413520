"""What cohorts fixes for itself; the settings of an installation are those that every service has."""

from __future__ import annotations

SHARDS = 8
"""Rows into which each cell is split, so that consumers of different partitions do not wait for each other."""

TICK_EPISODES = 500
"""Episodes that the daily tick derives again in one transaction."""

LOOK_SECONDS = 0.05
"""How often the publisher looks whether anything changed; snapshots are at least this far apart."""

BACKLOG_SECONDS = 1.0
"""How far apart snapshots are while a consumer has a backlog (design, section 3.7), or much changes."""

FLOW_PER_SECOND = 500
"""So many episodes change in a second where much does: in full flow every snapshot is out of date before it is shown."""

PACE = 3
"""A snapshot is not taken before this many times the time that the last one took, so that it never eats the machine."""

SNAPSHOT_MAXIMUM_BYTES = 256 * 1024
"""What a snapshot may weigh (design, section 3): it is one message."""
