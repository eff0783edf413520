"""What scoring knows of one episode and of one answer, as small as it can be: every derivation reads all of a subject's."""

from __future__ import annotations

from typing import NamedTuple

from beklijf_domain.formula import Value


class Answer(NamedTuple):
    """One answer in its current version, scored when it arrived.

    `day` is the measured day in the registry's time zone; instants are also given as microseconds since 1970, so that they
    compare as what they are. `instrument_version` and `algorithm` say by which scoring rule the values were computed; where rules
    judge one of them, it is the first. `receipts` and `mapping` are as intake said: under which receipts the current version came, and
    by which mapping (`code@version`) a form of the sender's own became ours. `questionnaire` names the form where no instrument scores it.
    """

    response: str
    organisation: str
    instrument: str
    instrument_version: str
    algorithm: str
    questionnaire_version: str
    retracted: bool
    day: str
    measured: str
    measured_microseconds: int
    received: str
    received_microseconds: int
    stated_episode: str | None
    stated_moment: str | None
    tie_break: str
    scorable: bool
    not_scorable_reason: str | None
    values: tuple[Value, ...]
    receipts: tuple[str, ...] = ()
    mapping: str | None = None
    questionnaire: str | None = None


class Episode(NamedTuple):
    """One treatment episode as the hospital reports it (M14, M15)."""

    episode: str
    organisation: str
    programme: str
    t0: str
    sex: str
    birth_year: int | None
    treatment: str
    treatment_ended: str | None
    participation: str
    participation_since: str | None
    received: str
    received_microseconds: int


class PairKey(NamedTuple):
    """Baseline and follow-up of one instrument in one episode are named by the follow-up."""

    episode: str
    instrument: str
    moment: str
