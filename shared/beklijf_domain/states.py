"""The closed vocabularies: every state something can be in, in the order in which the rules ask.

Written as literals, so that the type checker proves every branch and events carry them as they are;
a test holds them against `beklijf_shared.events`.
"""

from __future__ import annotations

from typing import Literal, get_args

Counts = Literal["retracted", "waiting", "after-end", "off-window", "unscheduled", "surplus", "counted"]
"""How one answer counts, the first that applies (M8, M39)."""

ChangeVerdict = Literal["improved", "unchanged", "deteriorated", "not-evaluable"]
"""What one rule of change says of one pair (M25)."""

StateVerdict = Literal["acceptable", "not-acceptable"]
"""What one rule of states says of the follow-up of one pair, whatever its baseline."""

Verdict = Literal["improved", "unchanged", "deteriorated", "not-evaluable", "acceptable", "not-acceptable"]
"""What one rule says of one pair; which of them it can say, its kind decides."""

PASSED: frozenset[Verdict] = frozenset({"improved", "acceptable"})
"""What lasts or does not (M27)."""

NoVerdict = Literal["no-follow-up", "not-scorable", "no-baseline", "not-evaluable", "retracted-episode"]
"""Why a pair that was once published has no verdict under any rule (M39)."""

PairState = Literal[
    "ineligible",
    "not-due",
    "awaiting",
    "no-response",
    "not-scorable",
    "no-baseline",
    "not-evaluable",
    "improved",
    "unchanged",
    "deteriorated",
]
"""Where one pair of episode, instrument and follow-up moment stands on a data date, the first that applies (M19)."""

MomentState = Literal["ineligible", "not-due", "awaiting", "no-response", "responded"]
"""Where one moment of one episode stands on a data date (M16 to M18)."""

EpisodeBox = Literal["objected", "stopped-early", "in-treatment", "completed"]
"""The boxes of the flow diagram, the first that applies (M15, M16); only `completed` is in denominators."""

Treatment = Literal["in-treatment", "completed", "stopped-early", "entered-in-error"]
Participation = Literal["following", "withdrawn", "deceased", "objected"]
FollowUpState = Literal["due", "overdue", "answered", "missed", "left", "not-due"]
"""The worklist (M23, M39)."""

ResponseStatus = Literal["completed", "amended", "entered-in-error"]
Lasting = Literal["sustained", "relapsed", "late", "never"]
"""Among episodes with a verdict at the first and at the last follow-up (M27): improved, or in an acceptable state, at both, at the first
only, at the last only, at neither."""

COUNTS: tuple[Counts, ...] = get_args(Counts)
VERDICTS: tuple[ChangeVerdict, ...] = get_args(ChangeVerdict)
STATE_VERDICTS: tuple[StateVerdict, ...] = get_args(StateVerdict)
PAIR_STATES: tuple[PairState, ...] = get_args(PairState)
MOMENT_STATES: tuple[MomentState, ...] = get_args(MomentState)
EPISODE_BOXES: tuple[EpisodeBox, ...] = get_args(EpisodeBox)
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)
PARTICIPATIONS: tuple[Participation, ...] = get_args(Participation)
FOLLOW_UP_STATES: tuple[FollowUpState, ...] = get_args(FollowUpState)
LASTING: tuple[Lasting, ...] = get_args(Lasting)
