"""Deciding: the part of the registry that a batch is about, held in memory while its requests are judged one after the other.

What is written and told afterwards follows from what this holds in the end; so the number of database statements does not
grow with the number of requests. A unit (one request, or the entries of a transaction) takes effect whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from beklijf_intake.domain import versions as order
from beklijf_intake.domain.episode import Consent, Episode, MergeCycle, Patient, Stamp, chain
from beklijf_intake.domain.problem import IssueCode, Problem, Refused, joined, warning
from beklijf_intake.domain.search.listed import Listed
from beklijf_intake.domain.search.query import Search
from beklijf_intake.domain.submission import (
    AnswersStated,
    ConsentStated,
    EpisodeStated,
    Name,
    PatientStated,
    Received,
    Reference,
    ResourceType,
    Submission,
)
from beklijf_intake.domain.versions import Form, Version

Record = Patient | Episode | Consent
Standing = tuple[str, str]
"""Organisation and subject id: patients, and who stands for whom, are per organisation."""


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """What makes two messages be about one resource: organisation, type, and the sender's identifier (M10)."""

    organisation: str
    type: ResourceType
    name: Name


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as stored. `current` is None while it was only mentioned by others: its id is ours already, it is not."""

    id: str
    identity: Identity
    subject: str | None = None
    replaced_by: str | None = None
    current: int | None = None
    latest: int = 0
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One resource as one sender wants it stored (M13). `resource_id`: update of that one; `if_none_exist`: conditional create."""

    organisation: str
    submission: Submission
    resource_id: str | None = None
    if_none_exist: bool = False
    if_match: int | None = None
    place: str = ""
    """Where it stood in a Bundle, for whoever must find what is wrong."""
    named: tuple[Name, ...] = ()
    """The alternatives of a condition, its own name among them; one resource at most may be found by them."""
    search: Search | None = None
    """A condition that takes a search."""
    found: tuple[Name, ...] | None = None
    """What that search has found, which is for whoever stores the request to say."""

    @property
    def received(self) -> Received:
        """What every submission carries."""
        return self.submission.received

    @property
    def identity(self) -> Identity:
        """The identity under which the sender states it."""
        return Identity(self.organisation, self.received.type, self.received.name)


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a request that was not refused. `number`, `received_at`: of the version that counts now."""

    outcome: Literal["created", "updated", "outranked", "repeated", "ignored"]
    type: ResourceType
    id: str
    number: int
    received_at: datetime
    warnings: tuple[Problem, ...] = ()

    @property
    def is_repeat(self) -> bool:
        """Whether nothing was stored."""
        return self.outcome in ("repeated", "ignored")


OUTRANKED = warning("informational", None, "Stored, but a version that was received earlier outranks it and stays the current one.")
DIFFERS = warning("duplicate", None, "The resource that the condition finds differs from the body sent, which was ignored.")


NOT_CURRENT = "The version that If-Match names is not the current one. Read that, decide again, and send its ETag in If-Match."
NOT_HELD = "The {} referred to is not held here. Send it first, or refer to it by identifier."


class Register:
    """The resources, versions and subjects that a batch may touch; `decide` changes them, `made` and `told` say what to write."""

    def __init__(
        self,
        *,
        resources: Iterable[Resource],
        versions: Mapping[str, Sequence[Version]],
        subjects: Mapping[Name, str],
        now: datetime,
        make_id: Callable[[], str],
    ) -> None:
        self._now, self._make_id = now, make_id
        self.resources = {resource.identity: resource for resource in resources}
        self._identities = {resource.id: resource.identity for resource in self.resources.values()}
        self.versions = {resource_id: tuple(known) for resource_id, known in versions.items()}
        self.subjects = dict(subjects)
        self.links_before = self.links()
        self._links = dict(self.links_before)
        self.new_subjects: dict[Name, str] = {}
        self.changed: dict[Identity, None] = {}
        self.new_versions: dict[tuple[str, int], tuple[Version, bytes]] = {}
        self.listed: dict[tuple[str, int], Listed] = {}
        self.stated: dict[str, tuple[AnswersStated, str | None]] = {}
        self.restated: dict[str, None] = {}
        self.touched: dict[Standing, None] = {}
        self._receipt: str | None = None
        self._undo: list[tuple[MutableMapping[Any, Any], Any, Any]] = []

    def decide(self, unit: Sequence[Request], receipt: str | None = None) -> list[Decision] | Refused:
        """Judges a unit: all its requests are decided, or one is refused, the refusal is given, and nothing has happened.

        `receipt` is that of the Bundle or import the unit came with.
        """
        self._undo.clear()
        self._receipt = receipt
        decisions = []
        for request in unit:
            try:
                decisions.append(self._decide(request))
            except Refused as refused:
                self._take_back()
                return Refused([_placed(problem, request.place) for problem in refused.problems])
        return decisions

    def counted(self) -> Iterator[tuple[str, Sequence[Version], Sequence[Version]]]:
        """The answers that got versions: organisation, the versions held before, and those held now."""
        got: dict[str, int] = {}
        for resource_id, _ in self.new_versions:
            got[resource_id] = got.get(resource_id, 0) + 1
        for resource_id, number in got.items():
            identity = self._identities[resource_id]
            if identity.type == "QuestionnaireResponse":
                known = self.versions[resource_id]
                yield identity.organisation, known[:-number], known

    def links(self) -> dict[Standing, Standing]:
        """Who was replaced by whom, per organisation, by the current versions of the patients."""
        links = {}
        for resource in self.resources.values():
            if resource.subject is not None and resource.replaced_by is not None:
                organisation = resource.identity.organisation
                links[organisation, resource.subject] = (organisation, resource.replaced_by)
        return links

    def moved(self) -> set[Standing]:
        """The subjects that stand for another one than before, since a patient was replaced or is no longer."""
        after = self.links()
        if after == self.links_before:
            return set()
        both = {*self.links_before, *after}
        return {standing for standing in both if chain(standing, self.links_before)[-1] != chain(standing, after)[-1]}

    def _decide(self, request: Request) -> Decision:
        resource = self._existing(request)
        known = self.versions.get(resource.id, ()) if resource else ()
        _check_match(request, resource)
        incoming = _version(request.submission, resource.latest + 1 if resource else 1, self._now, self._receipt)
        if resource and known:
            if request.if_none_exist:
                differs = all(version.digest != incoming.digest for version in known)
                return _decision("ignored", resource, known, (DIFFERS,) if differs else ())
            if order.is_repeat(known, incoming):
                return _decision("repeated", resource, known)
        self._check_references(request)
        return self._store(request, resource or Resource(self._make_id(), request.identity), (*known, incoming))

    def _check_references(self, request: Request) -> None:
        """Refuses a literal reference to what is not held here, also of a version that will not count."""
        submission = request.submission
        patient = submission.replaced_by if isinstance(submission, PatientStated) else submission.patient
        if patient is not None and patient.resource_id is not None:
            self._subject(request, patient)
        episode = _episode_of(submission)
        if episode is not None and episode.resource_id is not None:
            self._episode(request, episode)

    def _existing(self, request: Request) -> Resource | None:
        """The resource that a request is about, if it is there; refuses an update of what is not there (M13)."""
        if request.resource_id is None:
            return self._matching(request)
        resource = self._held(request.organisation, request.received.type, request.resource_id)
        if resource is None:
            text = "There is no such resource here to update. Create it by POST, or by PUT to <type>?identifier=<system>|<value>."
            raise _refused(404, "not-found", request.received.type, text)
        if resource.identity != request.identity:
            text = "The identifier differs from that of the stored resource; an identifier never changes."
            raise _refused(422, "business-rule", f"{request.received.type}.identifier", text)
        return resource

    def _matching(self, request: Request) -> Resource | None:
        """The resource that a condition finds; without condition, the one of that name (M13)."""
        own = self.resources.get(request.identity)
        asked = request.named if request.found is None else request.found
        named = (self.resources.get(replace(request.identity, name=name)) for name in asked)
        found = [resource for resource in named if resource is not None and resource.current is not None]
        if len(found) > 1:
            raise _refused(412, "multiple-matches", request.received.type, "The condition finds several resources. Name one of them.")
        if request.found is not None and not found and own is not None and own.current is not None:
            text = "The condition does not find the resource that has this identifier, so nothing was changed."
            raise _refused(412, "conflict", f"{request.received.type}.identifier", text)
        if not found or found[0] is own or request.if_none_exist:
            return found[0] if found else own
        text = "The condition finds a resource with another identifier; an identifier never changes."
        raise _refused(422, "business-rule", f"{request.received.type}.identifier", text)

    def _held(self, organisation: str, type_: ResourceType, resource_id: str) -> Resource | None:
        """A received resource by our id; another organisation's is as unknown as a made-up one."""
        identity = self._identities.get(resource_id)
        resource = self.resources.get(identity) if identity else None
        if resource is None or resource.current is None:
            return None
        return resource if (resource.identity.organisation, resource.identity.type) == (organisation, type_) else None

    def _store(self, request: Request, resource: Resource, known: tuple[Version, ...]) -> Decision:
        incoming, winner = known[-1], order.current(known)
        stored = replace(resource, latest=incoming.number)
        if winner is incoming:
            stored = self._state(request, stored, incoming)
        elif isinstance(request.submission, AnswersStated) and order.measured(known) != order.measured(known[:-1]):
            self._put(self.restated, stored.id, None)
        self._put(self.versions, stored.id, known)
        self._put(self.new_versions, (stored.id, incoming.number), (incoming, request.received.body))
        self._put(self.listed, (stored.id, incoming.number), self._listing(request, stored.id, shown=winner is incoming))
        self._keep(stored)
        if winner is not incoming:
            return _decision("outranked", stored, known, (OUTRANKED,))
        return _decision("created" if incoming.number == 1 else "updated", stored, known)

    def _listing(self, request: Request, resource_id: str, *, shown: bool) -> Listed:
        _, episode = self.stated.get(resource_id, (None, None)) if shown else (None, None)
        unknown = episode is not None and self.resources[self._identities[episode]].current is None
        return Listed(request.organisation, request.received.type, shown, request.received.searchable, episode if unknown else None)

    def _state(self, request: Request, resource: Resource, incoming: Version) -> Resource:
        """The resource as its new current version states it."""
        submission = request.submission
        if isinstance(submission, AnswersStated):
            subject = self._subject(request, submission.patient)
            self._put(self.stated, resource.id, (submission, self._episode(request, _episode_of(submission))))
            return replace(resource, subject=subject, current=incoming.number)
        if isinstance(submission, PatientStated):
            subject = self._named(request.received.name)
            resource = self._replaced(request, submission, replace(resource, subject=subject))
        else:
            subject = self._subject(request, submission.patient)
        for standing in {resource.subject or subject, subject}:
            self._put(self.touched, (request.organisation, standing), None)
        record = _record(submission, self._episode(request, _episode_of(submission)), incoming)
        return replace(resource, subject=subject, current=incoming.number, record=record)

    def _replaced(self, request: Request, submission: PatientStated, resource: Resource) -> Resource:
        """The patient with the one who replaced it; refuses a ring (M14)."""
        target = self._subject(request, submission.replaced_by) if submission.replaced_by else None
        standing = (request.organisation, str(resource.subject))
        if target is None:
            self._drop(self._links, standing)
            return replace(resource, replaced_by=None)
        self._put(self._links, standing, (request.organisation, target))
        try:
            chain(standing, self._links)
        except MergeCycle:
            text = "This replacement would make patients replace each other in a ring."
            raise _refused(422, "business-rule", "Patient.link", text) from None
        return replace(resource, replaced_by=target)

    def _subject(self, request: Request, reference: Reference) -> str:
        """The subject that a reference to a patient means."""
        if reference.name is not None:
            return self._named(reference.name)
        patient = self._held(request.organisation, "Patient", str(reference.resource_id))
        if patient is None or patient.subject is None:
            raise _refused(422, "not-found", joined(request.received.type, reference.where), NOT_HELD.format("patient"))
        return patient.subject

    def _named(self, name: Name) -> str:
        """The subject of a pseudonym; the same for every organisation, random, and made at first mention."""
        if name not in self.subjects:
            self._put(self.subjects, name, self._make_id())
            self._put(self.new_subjects, name, self.subjects[name])
        return self.subjects[name]

    def _episode(self, request: Request, reference: Reference | None) -> str | None:
        """Our id of the episode that a reference means; one that is named before it was received gets its id now (M7)."""
        if reference is None:
            return None
        if reference.name is None:
            held = self._held(request.organisation, "EpisodeOfCare", str(reference.resource_id))
            if held is None:
                raise _refused(422, "not-found", joined(request.received.type, reference.where), NOT_HELD.format("episode of care"))
            return held.id
        identity = Identity(request.organisation, "EpisodeOfCare", reference.name)
        if identity not in self.resources:
            self._keep(Resource(self._make_id(), identity))
        return self.resources[identity].id

    def _keep(self, resource: Resource) -> None:
        self._put(self.resources, resource.identity, resource)
        self._put(self._identities, resource.id, resource.identity)
        self._put(self.changed, resource.identity, None)

    def _put(self, table: MutableMapping[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def _drop(self, table: MutableMapping[Any, Any], key: Any) -> None:
        self._undo.append((table, key, table.pop(key, _ABSENT)))

    def _take_back(self) -> None:
        while self._undo:
            table, key, before = self._undo.pop()
            if before is _ABSENT:
                table.pop(key, None)
            else:
                table[key] = before


_ABSENT = object()


def _check_match(request: Request, resource: Resource | None) -> None:
    if request.if_match is not None and request.if_match != (resource.current if resource else None):
        raise _refused(412, "conflict", request.received.type, NOT_CURRENT)


def _placed(problem: Problem, place: str) -> Problem:
    """A problem of a resource, seen from where it stood: `Patient.link` becomes `Bundle.entry[0].resource.link`."""
    return replace(problem, expression=joined(place, (problem.expression or "").partition(".")[2])) if place else problem


def _refused(status: int, code: IssueCode, expression: str, sentence: str) -> Refused:
    return Refused([Problem("error", code, expression, sentence, status)])


def _decision(
    outcome: Literal["created", "updated", "outranked", "repeated", "ignored"],
    resource: Resource,
    known: Sequence[Version],
    warnings: tuple[Problem, ...] = (),
) -> Decision:
    winner = order.current(known)
    return Decision(outcome, resource.identity.type, resource.id, winner.number, winner.received_at, warnings)


def _version(submission: Submission, number: int, now: datetime, receipt: str | None) -> Version:
    form, mapping = None, None
    if isinstance(submission, AnswersStated):
        mapping = submission.mapping
        form = Form(submission.status, submission.authored, submission.whole_day)
    return Version(number, now, submission.received.digest, submission.received.stated_at, form, receipt, mapping)


def _episode_of(submission: Submission) -> Reference | None:
    """The episode that an answer states to belong to, or the only one that a Consent is about."""
    if isinstance(submission, AnswersStated):
        return submission.stated_episode
    return submission.episode if isinstance(submission, ConsentStated) else None


def _record(submission: PatientStated | EpisodeStated | ConsentStated, episode: str | None, version: Version) -> Record:
    stamp = Stamp(version.stated_at, version.received_at)
    if isinstance(submission, PatientStated):
        return Patient(submission.sex, submission.birth_year, submission.deceased, submission.deceased_on, stamp)
    if isinstance(submission, EpisodeStated):
        return Episode(submission.programme, submission.status, submission.t0, submission.ended, stamp)
    return Consent(submission.since, submission.refuses, episode, stamp)
