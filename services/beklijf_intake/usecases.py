"""Accepting: one batch of requests, from what is stored already to what is stored and told afterwards, in one transaction.

The number of SQL statements is the same for one request and for two hundred. What is told (M3, M11, M14, M15) is derived from
the stored state, never from the request alone; so repeats, late versions, merges and their undoing need no path of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec

from beklijf_domain.calendar import local_date
from beklijf_intake.domain import versions as order
from beklijf_intake.domain.episode import Consent, Episode, Patient, chain, facts
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.pseudonym import tie_break
from beklijf_intake.domain.receipt import ACCEPTED, DIFFERENT, DUPLICATE, REFUSED, Delivery, Ledger, Receipt, receipts_of
from beklijf_intake.domain.register import Decision, Identity, Register, Request, Resource, Standing
from beklijf_intake.domain.submission import AnswersStated, ConsentStated, Name, PatientStated, Reference, ResourceType
from beklijf_intake.domain.versions import Version
from beklijf_intake.store import raw, receipts, search
from beklijf_shared import crash, events, outbox, pipeline
from beklijf_shared.clock import instant_text
from beklijf_shared.db import Connection
from beklijf_shared.ids import IdMaker
from beklijf_shared.pipeline import Pipeline
from beklijf_shared.topics import EPISODE_CHANGED, INTAKE_TALLY, RESPONSE_ACCEPTED, Topic

Telling = tuple[Topic, events.Event]
Verdict = list[Decision] | Refused

MATCHES = 2
"""So many are looked for: a condition that finds more than one decides nothing."""
ANSWERS_ONLY: tuple[ResourceType, ...] = ("QuestionnaireResponse",)


@dataclass(frozen=True, slots=True)
class Rules:
    """What accepting needs to be told: the key of the tie-break, and the registry's time zone (M2)."""

    key: bytes
    time_zone: str = "Europe/Amsterdam"


@dataclass(frozen=True, slots=True)
class Unit:
    """What takes effect whole or not at all: one resource, or a transaction's entries; or, to be counted, what was refused before.

    `refused` holds the issue code of each resource that could not even be read. `delivery` says with what it came together: a Bundle
    or an import; None for a resource that was sent by itself, which is in the receipt of its day only.
    """

    organisation: str
    requests: tuple[Request, ...] = ()
    refused: tuple[str, ...] = ()
    delivery: Delivery | None = None
    searches: bool = False
    """Whether what becomes of it depends on a search: then it is stored by itself, for no search finds what is stored along with it."""

    @property
    def receipt(self) -> str | None:
        """The receipt of that Bundle or import."""
        return None if self.delivery is None else self.delivery.id


class Overtaken(Exception):
    """The batch is about more subjects than were locked: to be tried again in a new transaction that locks these too."""

    def __init__(self, names: frozenset[Name]) -> None:
        super().__init__(f"{len(names)} subjects must be locked")
        self.names = names


def accept(
    connection: Connection,
    units: Sequence[Unit],
    *,
    now: datetime,
    make_id: IdMaker,
    rules: Rules,
    lock_also: frozenset[Name] = frozenset(),
) -> list[Verdict]:
    """Decides, stores, tells and counts these units, in this order of arrival; gives one verdict for each.

    Nothing counts before the caller's transaction is committed. Raises Overtaken before anything was written.
    """
    if any(unit.searches for unit in units):
        units = _searched(connection, units, lock_also, now)
    register = _load(connection, [request for unit in units for request in unit.requests], lock_also, now, make_id)
    verdicts = [register.decide(unit.requests, unit.receipt) for unit in units]
    tellings = [*_answers(connection, register, rules), *_episodes(register, rules)]
    crash.point("intake:before-insert")
    with pipeline.on(connection) as under_way:
        _write(under_way, register)
        outbox.publish(pipeline.as_connection(under_way), tellings, now=now, counted=True)
        stand = receipts.add(under_way, _ledger(units, verdicts, register, now, rules))()
        crash.point("intake:between-outbox-and-tallies")  # the database has executed all that was sent so far
        outbox.publish(pipeline.as_connection(under_way), map(_tally, stand), now=now, counted=True)
    crash.point("intake:before-commit")
    return verdicts


def judge(connection: Connection, request: Request, *, now: datetime, make_id: IdMaker) -> Verdict:
    """What would become of a request if it were accepted now. Locks, stores, tells and counts nothing."""
    return _load(connection, [request], None, now, make_id).decide([request])


def _searched(connection: Connection, units: Sequence[Unit], lock_also: frozenset[Name], now: datetime) -> list[Unit]:
    """The units with what their conditions find. Their subjects are locked before: nobody stores a second match in between (M13)."""
    with pipeline.on(connection) as under_way:
        _lock(under_way, {name for unit in units for request in unit.requests for _, name in _names(request)} | lock_also)
    return [replace(unit, requests=tuple(_with_found(connection, request, now) for request in unit.requests)) for unit in units]


def _with_found(connection: Connection, request: Request, now: datetime) -> Request:
    if request.search is None:
        return request
    return replace(request, found=tuple(search.names(connection, request.organisation, request.search, now, MATCHES)))


def _lock(under_way: Pipeline, names: Iterable[Name]) -> None:
    under_way.lock_keys(f"subject\n{name.system}\n{name.value}" for name in names)


def _load(
    connection: Connection, requests: Sequence[Request], lock_also: frozenset[Name] | None, now: datetime, make_id: IdMaker
) -> Register:
    """Locks the subjects that the requests are about (None: none at all), and reads all that deciding and telling needs."""
    if not requests:
        return Register(resources=(), versions={}, subjects={}, now=now, make_id=make_id)
    organisations = {request.organisation for request in requests}
    named = {place for request in requests for place in _names(request)}
    named |= {(organisation, name) for organisation in organisations for name in lock_also or ()}
    locked = {name for _, name in named}
    only_answers = all(isinstance(request.submission, AnswersStated) for request in requests)
    with pipeline.on(connection) as under_way:
        under_way.look_up_by_index()
        if lock_also is not None:
            _lock(under_way, locked)
        # answers need to know who stands for whom, no more
        found = raw.load(under_way, *_asked(requests), named, records=not only_answers)()
    needed = frozenset(found.joined.values()) - locked
    if needed and lock_also is not None:
        raise Overtaken(needed)
    return Register(
        resources={one.identity: one for one in [*found.resources, *found.held]}.values(),
        versions=found.versions,
        subjects={name: subject for (_, subject), name in found.joined.items()},
        now=now,
        make_id=make_id,
    )


def _names(request: Request) -> Iterator[tuple[str, Name]]:
    """The pseudonyms that a request states: its own patient, and the one who replaced that patient."""
    submission = request.submission
    if isinstance(submission, PatientStated):
        yield request.organisation, request.received.name
        reference = submission.replaced_by
    else:
        reference = submission.patient
    if reference is not None and reference.name is not None:
        yield request.organisation, reference.name


def _references(request: Request) -> Iterator[tuple[ResourceType, Reference | None]]:
    submission = request.submission
    yield "Patient", submission.replaced_by if isinstance(submission, PatientStated) else submission.patient
    if isinstance(submission, AnswersStated):
        yield "EpisodeOfCare", submission.stated_episode
    if isinstance(submission, ConsentStated):
        yield "EpisodeOfCare", submission.episode


def _asked(requests: Iterable[Request]) -> tuple[set[Identity], set[str]]:
    """The resources that requests are about or refer to, by identity and by our id."""
    identities, ids = set(), set()
    for request in requests:
        identities.add(request.identity)
        identities.update(replace(request.identity, name=name) for name in (*request.named, *(request.found or ())))
        if request.resource_id is not None:
            ids.add(request.resource_id)
        for type_, reference in _references(request):
            if reference is not None and reference.resource_id is not None:
                ids.add(reference.resource_id)
            elif reference is not None and reference.name is not None and type_ == "EpisodeOfCare":
                identities.add(Identity(request.organisation, type_, reference.name))
    return identities, ids


def _write(under_way: Pipeline, register: Register) -> None:
    """One statement per table, and none where nothing changed."""
    if register.new_subjects:
        raw.insert_subjects(under_way, register.new_subjects)
    if register.changed:
        raw.save_resources(under_way, [register.resources[identity] for identity in sorted(register.changed)])
    if register.new_versions:
        rows = register.new_versions.items()  # in order of arrival, which is what lists of them show
        raw.insert_versions(under_way, [(at[0], version, body, register.listed[at]) for at, (version, body) in rows])


def _answers(connection: Connection, register: Register, rules: Rules) -> Iterator[Telling]:
    """The answers whose current version, measured instant or subject changed (M3, M11, M14)."""
    links = register.links()
    by_id = {one.id: one for one in register.resources.values() if one.identity.type == "QuestionnaireResponse"}
    for resource_id, (stated, episode) in register.stated.items():
        known = register.versions[resource_id]
        if not order.is_draft(order.current(known)):
            yield RESPONSE_ACCEPTED, _event(by_id[resource_id], stated, episode, known, _stands_for(by_id[resource_id], links), rules)
    again = {resource_id: by_id[resource_id] for resource_id in register.restated}
    moved = register.moved()
    if moved:
        again |= {one.id: by_id.get(one.id, one) for one in raw.held(connection, moved, ANSWERS_ONLY)}
    again = {resource_id: one for resource_id, one in again.items() if resource_id not in register.stated}
    if again:
        keys = {_stands_for(one, register.links_before) for one in again.values()}
        for told in outbox.bodies(connection, [RESPONSE_ACCEPTED], sorted(keys)):
            if told.entity in again:
                event = msgspec.json.decode(told.body, type=events.ResponseAccepted)
                known = register.versions.get(told.entity, ())
                measured = instant_text(order.measured(known)) if known else event.measured
                subject = _stands_for(again[told.entity], links)
                yield RESPONSE_ACCEPTED, msgspec.structs.replace(event, subject=subject, measured=measured)


def _event(
    resource: Resource, stated: AnswersStated, episode: str | None, known: Sequence[Version], subject: str, rules: Rules
) -> events.ResponseAccepted:
    name, counting = resource.identity.name, order.current(known)
    return events.ResponseAccepted(
        version=0,
        response=resource.id,
        subject=subject,
        organisation=resource.identity.organisation,
        questionnaire=stated.questionnaire,
        questionnaire_version=stated.questionnaire_version,
        status=msgspec.convert(stated.status, events.ResponseStatus),
        measured=instant_text(order.measured(known)),
        received=instant_text(counting.received_at),
        receipts=receipts_of(counting, local_date(counting.received_at, rules.time_zone).isoformat()),
        mapping=stated.mapping,
        stated_episode=episode,
        stated_moment=stated.stated_moment,
        answers=tuple(
            events.Answer(link=one.link, integer=one.integer, decimal=one.decimal, code=one.code, boolean=one.boolean)
            for one in stated.answers
        ),
        resource=f"QuestionnaireResponse/{resource.id}",
        tie_break=tie_break(rules.key, name.system, name.value),
    )


def _stands_for(resource: Resource, links: dict[Standing, Standing]) -> str:
    """The subject under whom a resource is told: the one stated, or who replaced that one at this organisation."""
    return chain((resource.identity.organisation, str(resource.subject)), links)[-1][1]


def _episodes(register: Register, rules: Rules) -> Iterator[Telling]:
    """The episodes of every patient about whom something changed (M14, M15)."""
    links = register.links()
    touched = {*register.touched, *register.moved()}
    before = {chain(standing, register.links_before)[-1] for standing in touched}
    about = {chain(standing, links)[-1] for standing in touched | before}
    groups: dict[Standing, list[Resource]] = {standing: [] for standing in about}
    for resource in register.resources.values():
        if resource.record is not None and resource.subject is not None:
            group = groups.get(chain((resource.identity.organisation, resource.subject), links)[-1])
            if group is not None:
                group.append(resource)
    for group in groups.values():
        yield from _episodes_of(group, links, rules)


def _episodes_of(group: Collection[Resource], links: dict[Standing, Standing], rules: Rules) -> Iterator[Telling]:
    """The episodes among the records of one person; the patient's own record, else that of the nearest one replaced by it."""
    patients = {one.subject: one.record for one in group if isinstance(one.record, Patient)}
    consents = [one.record for one in group if isinstance(one.record, Consent)]
    for resource in group:
        if isinstance(resource.record, Episode):
            path = chain((resource.identity.organisation, str(resource.subject)), links)
            patient = next((patients[subject] for _, subject in reversed(path) if subject in patients), None)
            derived = facts(resource.id, resource.record, patient, consents, rules.time_zone)
            yield (
                EPISODE_CHANGED,
                events.EpisodeChanged(
                    version=0,
                    episode=resource.id,
                    subject=path[-1][1],
                    organisation=resource.identity.organisation,
                    programme=resource.record.programme,
                    t0=resource.record.t0.isoformat(),
                    sex=msgspec.convert(derived.sex, events.Sex),
                    birth_year=derived.birth_year,
                    treatment=derived.treatment,
                    treatment_ended=_day_text(derived.treatment_ended),
                    participation=derived.participation,
                    participation_since=_day_text(derived.participation_since),
                    received=instant_text(derived.received_at),
                ),
            )


def _day_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _ledger(units: Sequence[Unit], verdicts: Sequence[Verdict], register: Register, now: datetime, rules: Rules) -> Ledger:
    """What this batch does to the receipts of its senders: what became of each resource, and which versions of answers count now."""
    ledger = Ledger(now, rules.time_zone)
    for unit, verdict in zip(units, verdicts, strict=True):
        ledger.count(unit.organisation, unit.delivery, _outcomes(unit, verdict))
    for organisation, before, after in register.counted():
        ledger.move(organisation, before, after)
    return ledger


def _outcomes(unit: Unit, verdict: Verdict) -> Iterator[str]:
    """What became of each resource of a unit, in the words of receipts."""
    yield from (REFUSED + code for code in unit.refused)
    if isinstance(verdict, Refused):
        yield from [REFUSED + verdict.problems[0].code] * len(unit.requests)
    else:
        for decision in verdict:
            yield DUPLICATE if decision.is_repeat else ACCEPTED + decision.type
            if decision.outcome == "ignored" and decision.warnings:
                yield DIFFERENT


def _tally(receipt: Receipt) -> Telling:
    """What is told of a receipt: intake's part of it."""
    opening, counts = receipt.opening, receipt.counts
    return (
        INTAKE_TALLY,
        events.IntakeTally(
            version=0,
            organisation=receipt.organisation,
            receipt=receipt.id,
            kind=opening.kind,
            day=opening.day.isoformat(),
            started=instant_text(opening.started),
            total=opening.total,
            sent=receipt.sent,
            accepted=receipt.accepted,
            duplicate=receipt.duplicate,
            duplicate_different=counts.get(DIFFERENT, 0),
            refused=receipt.refused,
            refused_by_code=receipt.refused_by_code,
            accepted_by_type=receipt.accepted_by_type,
            draft=counts.get("draft", 0),
            superseded=counts.get("superseded", 0),
            told=counts.get("told", 0),
        ),
    )
