"""What a query asks of a resource: parameters with their values become criteria (FHIR R4 search, 3.1.1.4).

Commas between values mean or, a repeated parameter means and. A backslash takes the meaning from a comma, a bar or a dollar sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from beklijf_intake.domain.primitives import is_id
from beklijf_intake.domain.problem import Refused, malformed
from beklijf_intake.domain.search import dates
from beklijf_intake.domain.search.parameters import Parameter
from beklijf_intake.domain.submission import Name, ResourceType

URA = "http://fhir.nl/fhir/NamingSystem/ura"
STATUS_SYSTEMS: dict[ResourceType, str] = {
    "QuestionnaireResponse": "http://hl7.org/fhir/questionnaire-answers-status",
    "EpisodeOfCare": "http://hl7.org/fhir/episode-of-care-status",
    "Consent": "http://hl7.org/fhir/consent-state-codes",
}
_REFERENCE = re.compile(r"(?:([A-Z][A-Za-z]{1,40})/)?([A-Za-z0-9\-.]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """`system` None: of any system; "": of none. `code` None: any code."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Ids:
    """One of these ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """An identifier that one of these tokens fits."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Patients:
    """About one of these patients: by pseudonym, or by the id of a Patient that is held here."""

    names: tuple[Name, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statuses:
    """One of these statuses."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Codes:
    """A coding that one of these tokens fits."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Questionnaires:
    """One of these canonical addresses; without version, whatever the version."""

    canonicals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dates:
    """A date that fits one of these: the receipt (`_lastUpdated`) or what the resource itself states."""

    of_receipt: bool
    asked: tuple[dates.Asked, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No resource at all, such as those of another organisation."""


Criterion = Ids | Names | Patients | Statuses | Codes | Questionnaires | Dates | Nothing


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when a query is asked. `address` is that of this server, up to the type, with a slash at its end."""

    type: ResourceType
    organisation: str
    address: str
    zone: tzinfo
    now: datetime


def criterion(parameter: Parameter, modifier: str, values: list[str], at: Circumstances) -> Criterion | None:
    """The criterion that a parameter's alternatives make, still escaped; None asks nothing. Raises Refused."""
    return _READERS[parameter.name](parameter, modifier, values, at)


def split(text: str, at: str) -> list[str]:
    """The parts between characters `at` that no backslash precedes; they stay escaped."""
    parts, part, escaped = [], "", False
    for character in text:
        if character == at and not escaped:
            parts.append(part)
            part = ""
        else:
            part += character
        escaped = character == "\\" and not escaped
    return [*parts, part]


def plain(text: str) -> str:
    r"""Without escapes: `\,` is a comma, `\\` a backslash; a backslash before anything else stands for itself."""
    return re.sub(r"\\([\\,|$])", r"\1", text)


def _wrong(parameter: Parameter, sentence: str) -> Refused:
    return Refused([malformed("value", None, f"{parameter.name}: {sentence}")])


def _ids(parameter: Parameter, _: str, values: list[str], __: Circumstances) -> Criterion:
    if not all(map(is_id, values)):
        raise _wrong(parameter, "an id is 1 to 64 letters, digits, hyphens and points.")
    return Ids(tuple(values))


def _token(parameter: Parameter, value: str) -> Token:
    """`code`, `system|code`, `|code` (no system) or `system|` (any code)."""
    parts = [plain(part) for part in split(value, "|")]
    if len(parts) == 1:
        return Token(None, parts[0])
    if len(parts) > 2 or parts == ["", ""]:
        raise _wrong(parameter, "write <system>|<code>, or <code>; a bar within either is written \\|.")
    return Token(parts[0], parts[1] or None)


def _names(parameter: Parameter, _: str, values: list[str], __: Circumstances) -> Criterion:
    tokens = tuple(_token(parameter, value) for value in values)
    with_system = tuple(token for token in tokens if token.system != "")  # every identifier here has a system
    return Names(with_system) if with_system else Nothing()


def _statuses(parameter: Parameter, _: str, values: list[str], at: Circumstances) -> Criterion | None:
    tokens = [token for token in (_token(parameter, value) for value in values) if token.system in (None, STATUS_SYSTEMS[at.type])]
    if any(token.code is None for token in tokens):  # any code of the system that every status is of
        return None
    return Statuses(tuple(str(token.code) for token in tokens)) if tokens else Nothing()


def _codes(parameter: Parameter, _: str, values: list[str], __: Circumstances) -> Criterion:
    return Codes(tuple(_token(parameter, value) for value in values))


def _questionnaires(parameter: Parameter, _: str, values: list[str], __: Circumstances) -> Criterion:
    canonicals = tuple("|".join(plain(part) for part in split(value, "|")) for value in values)
    if any(canonical.startswith("|") or canonical.endswith("|") or canonical.count("|") > 1 for canonical in canonicals):
        raise _wrong(parameter, "write <address>, or <address>|<version>.")
    return Questionnaires(canonicals)


def _patients(parameter: Parameter, modifier: str, values: list[str], at: Circumstances) -> Criterion:
    if modifier == "identifier":
        return Patients(names=tuple(_name(parameter, value) for value in values))
    ids = []
    for value in values:
        text = plain(value)
        found = _REFERENCE.fullmatch(text.removeprefix(at.address))
        if found is None and not re.match(r"[a-z]+:", text):  # an address elsewhere is well-formed, and nothing here refers to it
            raise _wrong(parameter, "write Patient/<id>, or use :identifier with <system>|<value>.")
        if found is not None and found[1] in (None, "Patient"):
            ids.append(found[2])
    return Patients(ids=tuple(ids)) if ids else Nothing()


def _name(parameter: Parameter, value: str) -> Name:
    token = _token(parameter, value)
    if not token.system or not token.code:
        raise _wrong(parameter, "with :identifier, write <system>|<value>, both of them.")
    return Name(token.system, token.code)


def _organisations(parameter: Parameter, modifier: str, values: list[str], at: Circumstances) -> Criterion | None:
    """A sender sees its own organisation's resources only: so it is all of them or none."""
    if modifier == "identifier":
        own = Token(URA, at.organisation), Token(None, at.organisation), Token(URA, None)
        return None if any(_token(parameter, value) in own for value in values) else Nothing()
    if not all(_REFERENCE.fullmatch(plain(value)) or re.match(r"[a-z]+:", value) for value in values):
        raise _wrong(parameter, "use :identifier with the URA of the organisation.")
    return Nothing()  # no Organization has an id here


def _dates(parameter: Parameter, _: str, values: list[str], at: Circumstances) -> Criterion:
    found = [dates.asked(plain(value), at.zone, at.now) for value in values]
    if None in found:
        raise _wrong(
            parameter,
            "write a date (YYYY, YYYY-MM, YYYY-MM-DD or with a time and offset), with eq, ne, gt, lt, ge, le, sa, eb or ap before it.",
        )
    return Dates(parameter.name == "_lastUpdated", tuple(one for one in found if one is not None))


_READERS: dict[str, Callable[[Parameter, str, list[str], Circumstances], Criterion | None]] = {
    "_id": _ids,
    "_lastUpdated": _dates,
    "authored": _dates,
    "date": _dates,
    "identifier": _names,
    "organization": _organisations,
    "patient": _patients,
    "questionnaire": _questionnaires,
    "status": _statuses,
    "subject": _patients,
    "type": _codes,
}
