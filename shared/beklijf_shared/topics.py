"""THE table: every topic, what it carries, what it is keyed by, who sends it and who receives it.

Everything else about the flow is generated from it or created by it: the topics on the broker, `contracts/asyncapi.yaml`,
the diagram in the README, the subscriptions of the consumers, and the edges that `beklijf wait` watches.
"""

from __future__ import annotations

from dataclasses import dataclass

from beklijf_shared import events

PARTITIONS = 6
"""Partitions per topic: the limit to which one service's consumers can be multiplied."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of event on its way. `key` names the field that decides order and partition; `entity` the fields that identify."""

    name: str
    event: type[events.Event]
    key: str
    entity: tuple[str, ...]
    sender: str
    receivers: tuple[str, ...]
    says: str

    @property
    def type(self) -> str:
        """The CloudEvents type, equal to the topic's name."""
        return self.name

    def entity_of(self, event: events.Event) -> str:
        """The entity's id as text: natural, and unique within the topic."""
        if len(self.entity) == 1:  # most topics, and every derivation asks this of everything it tells
            return str(getattr(event, self.entity[0]))
        return "/".join([str(getattr(event, field)) for field in self.entity])

    def key_of(self, event: events.Event) -> str:
        """The Kafka key: all that is about one subject (cohort, organisation) keeps its order in one partition."""
        return str(getattr(event, self.key))


EPISODE_CHANGED = Topic(
    "beklijf.episode-changed.v1", events.EpisodeChanged, "subject", ("episode",), "intake", ("scoring",), "a treatment episode as reported"
)
RESPONSE_ACCEPTED = Topic(
    "beklijf.response-accepted.v1", events.ResponseAccepted, "subject", ("response",), "intake", ("scoring",), "one set of answers"
)
EPISODE_SCORED = Topic(
    "beklijf.episode-scored.v1",
    events.EpisodeScored,
    "subject",
    ("episode",),
    "scoring",
    ("cohorts",),
    "an episode with all results and verdicts",
)
SCORE_COMPUTED = Topic(
    "beklijf.score-computed.v1", events.ScoreComputed, "subject", ("response",), "scoring", (), "one answer's results and how it counts"
)
MCIC_CHANGED = Topic(
    "beklijf.mcic-changed.v1",
    events.McicChanged,
    "subject",
    ("episode", "instrument", "moment"),
    "scoring",
    (),
    "a verdict, or why there is none",
)
FOLLOW_UP_DUE = Topic(
    "beklijf.follow-up-due.v1",
    events.FollowUpDue,
    "cohort",
    ("cohort", "episode", "moment"),
    "cohorts",
    ("reporting",),
    "who is due, overdue, answered",
)
COHORT_SNAPSHOT = Topic(
    "beklijf.cohort-snapshot.v1", events.CohortSnapshot, "cohort", ("cohort",), "cohorts", ("reporting",), "a cohort's figures, suppressed"
)
INTAKE_TALLY = Topic(
    "beklijf.intake-tally.v1",
    events.IntakeTally,
    "organisation",
    ("organisation", "receipt"),
    "intake",
    ("reporting",),
    "sent, accepted, duplicate, refused",
)
DATA_QUALITY = Topic(
    "beklijf.data-quality.v1",
    events.DataQuality,
    "organisation",
    ("organisation", "receipt"),
    "scoring",
    ("reporting",),
    "how the answers count at present",
)

TOPICS: tuple[Topic, ...] = (
    EPISODE_CHANGED,
    RESPONSE_ACCEPTED,
    EPISODE_SCORED,
    SCORE_COMPUTED,
    MCIC_CHANGED,
    FOLLOW_UP_DUE,
    COHORT_SNAPSHOT,
    INTAKE_TALLY,
    DATA_QUALITY,
)

BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}


def sent_by(service: str) -> tuple[Topic, ...]:
    """The topics that one service publishes."""
    return tuple(topic for topic in TOPICS if topic.sender == service)


def received_by(service: str) -> tuple[Topic, ...]:
    """The topics that one service consumes."""
    return tuple(topic for topic in TOPICS if service in topic.receivers)
