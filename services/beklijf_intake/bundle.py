"""Batch and transaction Bundles: each entry read by itself, references between them resolved to names.

What is wrong with the Bundle as a whole is raised; what is wrong with an entry stays with the entry, so that a batch can
take the others. Whoever runs a transaction refuses all if any entry has problems.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import msgspec

from beklijf_intake import fhir
from beklijf_intake.domain import bsn
from beklijf_intake.domain.problem import Problem, Refused, broken_rule, joined, malformed
from beklijf_intake.domain.reading import addresses
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.reading.criteria import version_wanted
from beklijf_intake.domain.search import condition
from beklijf_intake.domain.search.condition import UNCONDITIONAL, Condition
from beklijf_intake.domain.search.criteria import Circumstances
from beklijf_intake.domain.submission import Name, Submission

ENTRIES_LIMIT = 1_000
READS_LIMIT = 100
_READ = re.compile(r"[A-Z][A-Za-z]{1,40}(?:[/?].*)?", re.DOTALL)
_UPDATE = re.compile(r"([A-Z][A-Za-z]{1,40})/([^/?]+)")


_ONLY = "Only GET, POST and PUT are supported in a Bundle. Nothing is deleted: retract a resource with status entered-in-error."


class _Part(msgspec.Struct):
    """Of an entry: its resource, undecoded."""

    resource: msgspec.Raw = msgspec.Raw(b"")


class _Parts(msgspec.Struct):
    """Of a Bundle: its entries."""

    entry: list[_Part] = []


_BODIES = msgspec.json.Decoder(_Parts)

Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a submission and how to store it, or the problems for which it is refused (never both)."""

    index: int
    method: Method | None
    url: str
    submission: Submission | None = None
    problems: tuple[Problem, ...] = ()
    resource_id: str | None = None
    """PUT Type/id: the resource to update."""
    if_none_exist: bool = False
    """Conditional create (M13); the criterion names the resource itself."""
    if_match: int | None = None
    condition: Condition = UNCONDITIONAL
    """What it depends on (M13)."""
    reads: bool = False
    """GET: a read, history or search, answered as the same request alone; `if_none_match` is what the reader has."""
    if_none_match: str | None = None


def kind_of(bundle: Mapping[str, Any]) -> Literal["batch", "transaction"]:
    """The kind of Bundle; raises Refused for those that ask nothing of a server."""
    if bundle.get("resourceType") != "Bundle":
        raise Refused([malformed("structure", "resourceType", "Send a Bundle here, or a resource to its own address, like /Patient.")])
    kind = bundle.get("type")
    if kind is None:
        raise Refused([malformed("required", "Bundle.type", "Send a Bundle of type batch or transaction.")])
    if kind not in ("batch", "transaction"):
        raise Refused([broken_rule("not-supported", "Bundle.type", "Send a Bundle of type batch or transaction.")])
    return cast("Literal['batch', 'transaction']", kind)


def read_bundle(bundle: dict[str, Any], body: bytes, context: ReadingContext, address: str = "") -> list[Entry]:
    """Every entry, in order. `body` is what `bundle` was parsed from: each submission keeps its own part of it exactly.

    `address` is the FHIR base, with a slash at its end, as conditions may name it.
    """
    kind = kind_of(bundle)
    entries = bundle.get("entry", [])
    if type(entries) is list and len(entries) > ENTRIES_LIMIT:
        raise Refused([Problem("error", "too-costly", "Bundle.entry", f"A Bundle may have {ENTRIES_LIMIT} entries. Send several.", 413)])
    problems = fhir.check_shape(bundle)
    problems += _hidden_numbers(bundle) or []
    if not problems:
        problems += _same_address_twice(entries)
    if problems:
        raise Refused(problems)
    named = addresses.Addresses(entries)
    circle = named.in_circle()
    if circle is not None:
        sentence = "Entries of this Bundle refer to each other in a circle. Refer by identifier in one of them."
        raise Refused([_at(circle, malformed("invalid", "resource", sentence))])
    bodies = _bodies(body) if entries else []
    found = [_entry(index, entry, part, named, context, address) for index, (entry, part) in enumerate(zip(entries, bodies, strict=True))]
    if sum(entry.reads for entry in found) > READS_LIMIT:
        raise Refused([Problem("error", "too-costly", "Bundle.entry", f"A batch may have {READS_LIMIT} reads. Send several.", 413)])
    return _named_once([_only_storing(entry) for entry in found]) if kind == "transaction" else found


def _only_storing(entry: Entry) -> Entry:
    """A transaction takes effect whole or not at all; what it would read is not known before."""
    if not entry.reads:
        return entry
    sentence = "A transaction only stores here. Send what is to be read in a batch."
    return _refused(Entry(entry.index, entry.method, entry.url), [Problem("error", "not-supported", "request.method", sentence, 405)])


def _entry(index: int, entry: dict[str, Any], body: bytes, named: addresses.Addresses, context: ReadingContext, address: str) -> Entry:
    request = entry.get("request", {})
    method, url = request.get("method"), request.get("url", "")
    problems = _request_problems(entry)
    if problems:
        return _refused(Entry(index, method, url), problems)
    if method == "GET":
        return Entry(index, method, url, reads=True, if_none_match=request.get("ifNoneMatch"))
    resource = entry["resource"]
    if b'"reference"' in body or b"\\" in body:
        resource, body = named.resolved(resource, body, entry.get("fullUrl", ""))
    target, _, query = url.partition("?")
    update = _UPDATE.fullmatch(target) if method == "PUT" and not query else None
    try:
        submission = fhir.read(resource, body, context, type=update[1] if update else target, id=update[2] if update else None)
    except Refused as refused:
        return _refused(Entry(index, method, url), [_inside(problem) for problem in refused.problems])
    try:
        depends = _condition(request, query, submission, context, address)
    except Refused as refused:
        return _refused(Entry(index, method, url), list(refused.problems))
    told = tuple(_at(index, _inside(problem)) for problem in submission.received.warnings)
    return Entry(
        index,
        method,
        url,
        submission=replace(submission, received=replace(submission.received, warnings=told)) if told else submission,
        resource_id=update[2] if update else None,
        if_none_exist="ifNoneExist" in request,
        if_match=version_wanted(request["ifMatch"]) if "ifMatch" in request else None,
        condition=depends,
    )


def _condition(request: Mapping[str, Any], query: str, submission: Submission, context: ReadingContext, address: str) -> Condition:
    """What the entry depends on; raises Refused, saying where the condition stands."""
    updates = request["method"] == "PUT"
    text = query if updates else request.get("ifNoneExist", "")
    if not text:
        return UNCONDITIONAL
    at = Circumstances(submission.received.type, context.organisation, address, context.zone, context.now)
    try:
        return condition.read(text, submission.received.name, at)
    except Refused as refused:
        where = "request.url" if updates else "request.ifNoneExist"
        raise Refused([replace(problem, expression=where) for problem in refused.problems]) from None


def _request_problems(entry: dict[str, Any]) -> list[Problem]:
    """What is wrong with how the entry asks, before its resource is looked at."""
    request = entry.get("request")
    if request is None:
        return [malformed("required", "request", "An entry of a batch or transaction needs a request with method and url (bdl-3).")]
    method, url = request["method"], request["url"]
    if method == "GET":
        return _read_problems(entry, url)
    if method not in ("POST", "PUT"):
        return [Problem("error", "not-supported", "request.method", _ONLY, 405)]
    if type(entry.get("resource")) is not dict:
        return [malformed("required", "resource", f"A {method} needs a resource.")]
    if entry["resource"].get("resourceType") == "Bundle":
        return [malformed("structure", "resource", "A Bundle within a Bundle is not accepted. Send its entries.")]
    return _address_problems(method, url) or _version_problems(request)


def _read_problems(entry: dict[str, Any], url: str) -> list[Problem]:
    if "resource" in entry:
        return [malformed("invalid", "resource", "A GET brings no resource.")]
    if not _READ.fullmatch(url):
        return [malformed("value", "request.url", "The url of a GET begins with the resource's type: Patient/<id>, or Patient?<query>.")]
    return []


def _address_problems(method: str, url: str) -> list[Problem]:
    if method == "POST" and not url.isalpha():
        return [malformed("value", "request.url", "The url of a POST is the resource's type, like Patient.")]
    if method == "PUT" and "?" not in url and not _UPDATE.fullmatch(url):
        return [malformed("value", "request.url", "The url of a PUT is Type/id, or Type?<condition>.")]
    return []


def _version_problems(request: dict[str, Any]) -> list[Problem]:
    if "ifMatch" in request and version_wanted(request["ifMatch"]) is None:
        return [malformed("value", "request.ifMatch", 'ifMatch names a version, like W/"3".')]
    if request.keys() & {"ifNoneMatch", "ifModifiedSince"}:
        return [broken_rule("not-supported", "request", "ifNoneMatch and ifModifiedSince are not supported when storing.")]
    return []


def _hidden_numbers(bundle: dict[str, Any]) -> list[Problem]:
    """BSNs in what surrounds the resources: addresses and criteria."""
    around = {name: value for name, value in bundle.items() if name != "entry"}
    found = [bsn.refusal(joined("Bundle", where)) for where in bsn.find(around)]
    entries = bundle.get("entry", [])
    for index, entry in enumerate(entries if type(entries) is list else ()):
        if type(entry) is dict:
            outside = {name: value for name, value in entry.items() if name != "resource"}
            found += [_at(index, bsn.refusal(where)) for where in bsn.find(outside)]
    return found


def _same_address_twice(entries: Sequence[dict[str, Any]]) -> list[Problem]:
    seen: set[str] = set()
    found: list[Problem] = []
    for index, entry in enumerate(entries):
        address = entry.get("fullUrl")
        if address in seen:
            found.append(
                _at(index, malformed("duplicate", "fullUrl", "Two entries have the same fullUrl, so references are ambiguous (bdl-7)."))
            )
        if address is not None:
            seen.add(address)
    return found


def _named_once(entries: list[Entry]) -> list[Entry]:
    """A transaction may state each resource once (FHIR R4, transactions: identities must not overlap)."""
    seen: set[tuple[str, Name]] = set()
    found: list[Entry] = []
    for entry in entries:
        identity = (entry.submission.received.type, entry.submission.received.name) if entry.submission else None
        if identity in seen:
            sentence = "Another entry of this transaction is about the same resource. Send one of them, or send a batch."
            found.append(_refused(Entry(entry.index, entry.method, entry.url), [malformed("duplicate", "resource.identifier", sentence)]))
        else:
            found.append(entry)
        if identity is not None:
            seen.add(identity)
    return found


def _bodies(body: bytes) -> list[bytes]:
    """The bytes of each entry's resource exactly as they came; empty where an entry has none. The body is known to be valid."""
    return [bytes(entry.resource) for entry in _BODIES.decode(body).entry]


def _inside(problem: Problem) -> Problem:
    """A problem of a resource, seen from its entry: `Patient.gender` becomes `resource.gender`."""
    _, _, rest = (problem.expression or "").partition(".")
    return replace(problem, expression=joined("resource", rest))


def _at(index: int, problem: Problem) -> Problem:
    return problem.below(f"Bundle.entry[{index}]")


def _refused(entry: Entry, problems: Sequence[Problem]) -> Entry:
    return replace(entry, problems=tuple(_at(entry.index, problem) for problem in problems))
