"""The loader of the readable contracts: instruments, protocols, rules, cohorts, studies and Questionnaires, validated as one whole.

They come from `beklijf_shared/_contracts` when installed from a wheel, else from the checkout's `contracts/`; a site adds its own
from the folder that BEKLIJF_CONTRACTS names. A service that cannot load them does not start: the error names file and key.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from typing import Protocol as HasCode

from beklijf_domain import cohort, instrument, mapping, protocol, rule, study
from beklijf_domain.document import ContractError, Document
from beklijf_domain.instrument import Instrument
from beklijf_domain.protocol import Protocol
from beklijf_domain.rule import Rule
from beklijf_domain.study import Study
from beklijf_shared import consistency, expressions, wordings
from beklijf_shared.catalogue import Contracts, Note, Resource, items_of
from beklijf_shared.consistency import check_mapping
from beklijf_shared.telemetry import Log, Logger

__all__ = ["ContractError", "Contracts", "Note", "check_mapping", "items_of", "load", "say", "shipped_folder"]


class _Coded(HasCode):
    @property
    def code(self) -> str: ...


Definition = TypeVar("Definition", bound=_Coded)


class Faults:
    """What is wrong with several files, so that whoever mends them sees all of it at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def note(self, error: ContractError) -> None:
        """Keeps what one file is refused for."""
        self._found.extend(error.faults)

    def of_every(self, read: Callable[[Document], None], documents: Iterable[Document]) -> None:
        """Reads every document; those that cannot hold are noted."""
        for document in documents:
            try:
                read(document)
            except ContractError as error:
                self.note(error)

    def raise_all(self) -> None:
        """Raises ContractError if anything was noted."""
        if self._found:
            raise ContractError(*self._found)


def shipped_folder() -> Path:
    """Where the contracts that come with the software are: inside the package, else beside the source roots."""
    here = Path(__file__).resolve().parent
    installed = here / "_contracts"
    return installed if installed.is_dir() else here.parents[1] / "contracts"


def load(site: str | Path | None = None) -> Contracts:
    """All contracts, the site's own folder included. Raises ContractError with file and key if any of them cannot hold."""
    folders = [shipped_folder()]
    if site is not None and str(site):
        folders.append(Path(site))
    for folder in folders:
        if not folder.is_dir():
            raise ContractError(f"{folder}: is no folder of contracts")
    faults = Faults()
    resources = list(_resources(folders))
    questionnaires = _questionnaires(resources)
    read = _read_all(folders, "instruments", instrument.read, faults)
    rules = _read_all(folders, "rules", rule.read, faults)
    protocols = _protocols(folders, faults)
    cohorts = _read_all(folders, "cohorts", cohort.read, faults)
    mappings = _read_all(folders, "mappings", mapping.read, faults)
    texts = list(_documents(folders, "texts", faults))
    faults.raise_all()  # what they say of each other is looked at once each of them can be read
    instruments = MappingProxyType({code: expressions.ready(each, questionnaires) for code, each in read.items()})
    forms = (form for _, form in resources if form["resourceType"] == "Questionnaire")
    wordings.lay_over(forms, texts, instruments)
    contracts = Contracts(
        instruments=instruments,
        protocols=_judged_by(protocols, rules),
        rules=rules,
        cohorts=cohorts,
        studies=_studies(folders),
        questionnaires=questionnaires,
        code_systems=_code_systems(resources),
        mappings=mappings,
        resources=tuple(MappingProxyType(resource) for _, resource in resources),
        notes=(),
        by_questionnaire=_grouped(instruments),
    )
    return replace(contracts, notes=consistency.check(contracts))


def say(contracts: Contracts, log: Logger) -> None:
    """Logs the notes, so that whoever sends answers to such an instrument finds out why they are refused."""
    for note in contracts.notes:
        log.event(Log.INSTRUMENTS_PLANNED, contract=note.contract, count=len(note.instruments), codes=" ".join(note.instruments))


def _read_all(folders: list[Path], kind: str, read: Callable[[Document], Definition], faults: Faults) -> Mapping[str, Definition]:
    """Every TOML file of one kind; its name must be its code, so that whoever reads a code finds the file."""
    found: dict[str, Definition] = {}

    def one(document: Document) -> None:
        definition = document.read_by(read)
        if definition.code != Path(document.name).stem:
            document.fail("code", f"{definition.code!r} must be the name of the file")
        if (other := found.get(definition.code)) is not None and not _in_its_place(definition, other):
            document.fail("code", f"{definition.code!r} is defined twice; what takes the place of an instrument has a version of its own")
        found[definition.code] = definition

    faults.of_every(one, _documents(folders, kind, faults))
    return MappingProxyType(found)


def _in_its_place(definition: object, other: object) -> bool:
    """Whether this is a site's own version of an instrument that ships: its folder is read later, and its version tells both apart."""
    return isinstance(definition, Instrument) and isinstance(other, Instrument) and definition.version != other.version


def _documents(folders: list[Path], kind: str, faults: Faults) -> Iterator[Document]:
    for path in (path for folder in folders for path in sorted((folder / kind).glob("*.toml"))):
        try:
            yield Document(str(path), tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.note(ContractError(f"{path}: is no valid TOML: {error}"))


def _protocols(folders: list[Path], faults: Faults) -> Mapping[str, Protocol]:
    """Every programme at its newest version, which knows the others. `imsr@2.0.0.toml` is another version of `imsr.toml`."""
    versions: dict[str, list[Protocol]] = {}

    def one(document: Document) -> None:
        each = document.read_by(protocol.read)
        if Path(document.name).name not in (f"{each.code}.toml", f"{each.name}.toml"):
            document.fail("code", f"{each.code!r} must be the name of the file, with @{each.version} behind it if there is another version")
        versions.setdefault(each.code, []).append(each)

    faults.of_every(one, _documents(folders, "protocols", faults))
    found = {}
    for code, known in versions.items():
        try:
            found[code] = protocol.in_turn(known)
        except ValueError as error:
            faults.note(ContractError(f"protocols/{code}: since: {error}"))
    return MappingProxyType(found)


def _judged_by(protocols: Mapping[str, Protocol], rules: Mapping[str, Rule]) -> Mapping[str, Protocol]:
    """The protocols, each with the rules that it names, then those that name it."""
    for each in rules.values():
        for code in set(each.programmes) - set(protocols):
            raise ContractError(f"rules/{each.code}: programmes: {code!r} is no protocol")

    def with_rules(protocol: Protocol) -> Protocol:
        more = [each.code for each in rules.values() if protocol.code in each.programmes]
        former = tuple(with_rules(version) for version in protocol.former)
        return replace(protocol, rules=tuple(dict.fromkeys((*protocol.rules, *more))), former=former)

    return MappingProxyType({code: with_rules(each) for code, each in protocols.items()})


def _studies(folders: list[Path]) -> Mapping[str, Study]:
    """Every folder of studies/ that says which numbers were printed (printed.csv) and of what (study.toml)."""
    found: dict[str, Study] = {}
    for path in (path for folder in folders for path in sorted((folder / "studies").glob("*/printed.csv"))):
        about = path.with_name("study.toml")
        try:
            document = Document(str(about), tomllib.loads(about.read_text(encoding="utf-8")))
            rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ContractError(f"{about}: cannot be read: {error}") from error
        known = study.read(document, rows)
        if known.code != path.parent.name or known.code in found:
            document.fail("code", f"{known.code!r} must be the name of the folder, and there once")
        found[known.code] = known
    return MappingProxyType(found)


def _resources(folders: list[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in (path for folder in folders for path in sorted((folder / "fhir").glob("*.json"))):
        try:
            resource = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ContractError(f"{path}: is no valid JSON: {error}") from error
        if not isinstance(resource, dict) or not all(isinstance(resource.get(key), str) for key in ("resourceType", "url", "version")):
            raise ContractError(f"{path}: needs resourceType, url and version")
        yield path, resource


def _questionnaires(resources: list[tuple[Path, dict[str, Any]]]) -> Mapping[tuple[str, str], Resource]:
    found: dict[tuple[str, str], Resource] = {}
    for path, resource in resources:
        if resource["resourceType"] == "Questionnaire":
            key = resource["url"], resource["version"]
            if key in found:
                raise ContractError(f"{path}: url: {key[0]}|{key[1]} is defined twice")
            found[key] = MappingProxyType(resource)
    return MappingProxyType(found)


def _code_systems(resources: list[tuple[Path, dict[str, Any]]]) -> Mapping[str, Resource]:
    return MappingProxyType({each["url"]: MappingProxyType(each) for _, each in resources if each["resourceType"] == "CodeSystem"})


def _grouped(instruments: Mapping[str, Instrument]) -> Mapping[str, tuple[Instrument, ...]]:
    grouped: dict[str, tuple[Instrument, ...]] = {}
    for each in instruments.values():
        grouped[each.questionnaire] = (*grouped.get(each.questionnaire, ()), each)
    return MappingProxyType(grouped)
