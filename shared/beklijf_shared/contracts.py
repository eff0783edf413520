"""The loader of the readable contracts: instruments, protocols, rules, cohorts, studies and Questionnaires, validated as one whole.

They come from `beklijf_shared/_contracts` when installed from a wheel, else from the checkout's `contracts/`; a site adds its own
from the folder that BEKLIJF_CONTRACTS names. A service that cannot load them does not start: the error names file and key.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from typing import Protocol as HasCode

from beklijf_domain import cohort, instrument, mapping, protocol, rule, study
from beklijf_domain.cohort import Cohort
from beklijf_domain.crossing import Groupings
from beklijf_domain.document import ContractError, Document
from beklijf_domain.instrument import Instrument
from beklijf_domain.mapping import FormMapping
from beklijf_domain.protocol import Protocol
from beklijf_domain.rule import EVERY, Rule
from beklijf_domain.score import wrong_examples
from beklijf_domain.study import Study
from beklijf_shared.telemetry import Log, Logger

__all__ = ["ContractError", "Contracts", "Note", "load", "say", "shipped_folder"]

Resource = Mapping[str, Any]


class _Coded(HasCode):
    @property
    def code(self) -> str: ...


Definition = TypeVar("Definition", bound=_Coded)


class Note(NamedTuple):
    """A contract ("protocols/imsr") that names instruments which are not here yet."""

    contract: str
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contracts:
    """Everything that is data, by code; resources by canonical address (and version, for Questionnaires)."""

    instruments: Mapping[str, Instrument]
    protocols: Mapping[str, Protocol]
    rules: Mapping[str, Rule]
    cohorts: Mapping[str, Cohort]
    studies: Mapping[str, Study]
    questionnaires: Mapping[tuple[str, str], Resource]
    code_systems: Mapping[str, Resource]
    resources: tuple[Resource, ...]
    """Every FHIR resource that is a file here, Questionnaires and code systems among them."""
    mappings: Mapping[str, FormMapping]
    """Forms of hospitals' own, which become ours."""
    notes: tuple[Note, ...]
    """What a service says at start: which instruments are named and not here yet."""
    by_questionnaire: Mapping[str, tuple[Instrument, ...]] = field(repr=False)

    def instrument_of(self, questionnaire: str, version: str) -> Instrument | None:
        """The instrument that scores answers to this version of a Questionnaire (M30), or None."""
        for candidate in self.by_questionnaire.get(questionnaire, ()):
            if candidate.scores_version(version):
                return candidate
        return None

    def protocol_of(self, cohort: Cohort) -> Protocol:
        """The version of the protocol that a cohort is about; its episodes are those that began under it."""
        return next(each for each in self.every_protocol if each.name == f"{cohort.programme}@{cohort.protocol_version}")

    @property
    def every_protocol(self) -> tuple[Protocol, ...]:
        """Every version of every protocol."""
        return tuple(version for each in self.protocols.values() for version in (each, *each.former))

    @property
    def fingerprint(self) -> str:
        """A digest of all that scores and verdicts rest on: whoever was derived by another one may have to be derived anew."""
        known = [self.instruments, self.protocols, self.rules]
        text = repr([[repr(each[code]) for code in sorted(each)] for each in known])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def moment_codes(self) -> frozenset[str]:
        """Every moment code that some protocol knows (M5)."""
        return frozenset(moment.code for each in self.every_protocol for moment in each.moments)


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
    instruments = _read_all(folders, "instruments", instrument.read)
    resources = list(_resources(folders))
    rules = _read_all(folders, "rules", rule.read)
    contracts = Contracts(
        instruments=instruments,
        protocols=_judged_by(_protocols(folders), rules),
        rules=rules,
        cohorts=_read_all(folders, "cohorts", cohort.read),
        studies=_studies(folders),
        questionnaires=_questionnaires(resources),
        code_systems=_code_systems(resources),
        mappings=_read_all(folders, "mappings", mapping.read),
        resources=tuple(MappingProxyType(resource) for _, resource in resources),
        notes=(),
        by_questionnaire=_grouped(instruments),
    )
    return _checked(contracts)


def items_of(questionnaire: Resource) -> Iterator[Resource]:
    """Every item of a Questionnaire, those in groups and below answers too, in their order."""
    for item in questionnaire.get("item", ()):
        yield item
        yield from items_of(item)


def say(contracts: Contracts, log: Logger) -> None:
    """Logs the notes, so that whoever sends answers to such an instrument finds out why they are refused."""
    for note in contracts.notes:
        log.event(Log.INSTRUMENTS_PLANNED, contract=note.contract, count=len(note.instruments), codes=" ".join(note.instruments))


def _read_all(folders: list[Path], kind: str, read: Callable[[Document], Definition]) -> Mapping[str, Definition]:
    """Every TOML file of one kind; its name must be its code, so that whoever reads a code finds the file."""
    found: dict[str, Definition] = {}
    for document in _documents(folders, kind):
        definition = read(document)
        if definition.code != Path(document.name).stem:
            document.fail("code", f"{definition.code!r} must be the name of the file")
        if definition.code in found:
            document.fail("code", f"{definition.code!r} is defined twice")
        found[definition.code] = definition
    return MappingProxyType(found)


def _documents(folders: list[Path], kind: str) -> Iterator[Document]:
    for path in (path for folder in folders for path in sorted((folder / kind).glob("*.toml"))):
        try:
            yield Document(str(path), tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ContractError(f"{path}: is no valid TOML: {error}") from error


def _protocols(folders: list[Path]) -> Mapping[str, Protocol]:
    """Every programme at its newest version, which knows the others. `imsr@2.0.0.toml` is another version of `imsr.toml`."""
    versions: dict[str, list[Protocol]] = {}
    for document in _documents(folders, "protocols"):
        each = protocol.read(document)
        if Path(document.name).name not in (f"{each.code}.toml", f"{each.name}.toml"):
            document.fail("code", f"{each.code!r} must be the name of the file, with @{each.version} behind it if there is another version")
        versions.setdefault(each.code, []).append(each)
    found = {}
    for code, known in versions.items():
        try:
            found[code] = protocol.in_turn(known)
        except ValueError as error:
            raise ContractError(f"protocols/{code}: since: {error}") from None
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


def _checked(contracts: Contracts) -> Contracts:
    """The contracts, once what they say of each other holds."""
    _check_examples(contracts)
    _check_questionnaires(contracts)
    notes = [*_check_protocols(contracts), *_check_rules(contracts)]
    _check_cohorts(contracts)
    for each in contracts.mappings.values():
        check_mapping(each, contracts)
    _check_overlap(contracts.mappings)
    return replace(contracts, notes=tuple(notes))


def _check_examples(contracts: Contracts) -> None:
    """An instrument whose worked examples come out otherwise does not score as its manual says."""
    for each in contracts.instruments.values():
        for problem in wrong_examples(each):
            raise ContractError(f"instruments/{each.code}: {problem}")


def _check_questionnaires(contracts: Contracts) -> None:
    """Every instrument has a Questionnaire here, whose items and codes are exactly those that it scores."""
    for url, instruments in contracts.by_questionnaire.items():
        held = [version for known, version in contracts.questionnaires if known == url]
        for each in instruments:
            versions = [version for version in held if each.scores_version(version)]
            if not versions:
                raise ContractError(
                    f"instruments/{each.code}: questionnaire: no Questionnaire {url} of version {', '.join(each.scores)} is here"
                )
            for version in versions:
                _check_items(each, contracts.questionnaires[url, version])
        for version in held:
            if sum(each.scores_version(version) for each in instruments) > 1:
                raise ContractError(f"instruments/{instruments[0].code}: scores: {url}|{version} is scored by more than one instrument")


def _check_items(each: Instrument, questionnaire: Resource) -> None:
    name = f"instruments/{each.code}: items: {questionnaire['url']}|{questionnaire['version']}"
    asked = {item["linkId"]: item for item in items_of(questionnaire)}
    for item in each.items:
        if item.link not in asked:
            raise ContractError(f"{name} has no item {item.link}")
        options = [option["valueCoding"]["code"] for option in asked[item.link].get("answerOption", ()) if "valueCoding" in option]
        if item.codes is not None and set(options) != set(item.codes):
            raise ContractError(f"{name} offers other codes for {item.link}")
        if item.categories and options != [category.code for category in item.categories]:
            raise ContractError(f"{name} offers the codes of {item.link} in another order")


def _check_protocols(contracts: Contracts) -> list[Note]:
    notes: list[Note] = []
    for each in contracts.every_protocol:
        asked = {code for moment in each.moments for code in moment.instruments}
        _check_planned(f"protocols/{each.code}", asked, each.planned, contracts)
        for missing in set(each.rules) - set(contracts.rules):
            raise ContractError(f"protocols/{each.code}: rules: {missing!r} is no rule that is here")
        if each.planned:
            notes.append(Note(f"protocols/{each.code}", each.planned))
    return notes


def _check_rules(contracts: Contracts) -> list[Note]:
    notes: list[Note] = []
    for each in contracts.rules.values():
        _check_planned(f"rules/{each.code}", set(each.judgements) - {EVERY}, each.planned, contracts)
        for known in contracts.instruments.values():
            judgement = each.judgement(known.code)
            if known.judged is None:
                if known.code in each.judgements:
                    raise ContractError(f"rules/{each.code}: {known.code}: has no measure that rules judge")
            elif judgement is not None and judgement.improvement.relative is not None and known.judged.low < 0:
                raise ContractError(f"rules/{each.code}: relative: a share of a baseline below zero means nothing ({known.code})")
        if each.planned:
            notes.append(Note(f"rules/{each.code}", each.planned))
    return notes


def _check_planned(name: str, used: set[str], planned: tuple[str, ...], contracts: Contracts) -> None:
    """What is named is either here or said to be planned; never both, never neither."""
    for code in sorted(used):
        if code not in contracts.instruments and code not in planned:
            raise ContractError(f"{name}: instruments: {code!r} is not here, and is not listed as planned")
    for code in planned:
        if code in contracts.instruments:
            raise ContractError(f"{name}: planned: {code!r} is here by now; take it off the list")
        if code not in used:
            raise ContractError(f"{name}: planned: {code!r} is used nowhere")


def check_mapping(each: FormMapping, contracts: Contracts) -> None:
    """What a mapping says of our Questionnaire must be so. Raises ContractError."""
    where = f"mappings/{each.code}"
    questionnaire = contracts.questionnaires.get(each.to)
    if questionnaire is None:
        raise ContractError(f"{where}: to: no Questionnaire {'|'.join(each.to)} is here")
    if each.moment is not None and each.moment not in contracts.moment_codes:
        raise ContractError(f"{where}: moment: {each.moment!r} is known to no protocol")
    for version in each.versions:
        if (each.questionnaire, version) in contracts.questionnaires:
            raise ContractError(f"{where}: versions: {version!r} is here as a Questionnaire itself; take one of both away")
    items = {item["linkId"]: item for item in items_of(questionnaire)}
    for mapped in each.items:
        if mapped.link not in items or items[mapped.link].get("type") in ("group", "display"):
            raise ContractError(f"{where}: items.{mapped.link}: our Questionnaire has no question with this linkId")
        options = [one["valueCoding"]["code"] for one in items[mapped.link].get("answerOption", ()) if "valueCoding" in one]
        for sent, value in mapped.values.items():
            if options and value not in options:
                raise ContractError(f"{where}: items.{mapped.link}.values.{sent}: {value!r} is not one of {', '.join(options)}")


def _check_overlap(mappings: Mapping[str, FormMapping]) -> None:
    """One form of one organisation has one mapping."""
    taken: dict[tuple[str, str, str], str] = {}
    for each in mappings.values():
        for place in ((organisation, each.questionnaire, version) for organisation in each.organisations for version in each.versions):
            if place in taken:
                raise ContractError(
                    f"mappings/{each.code}: versions: {place[2]!r} of organisation {place[0]} is mapped by {taken[place]} too"
                )
            taken[place] = each.code


def _check_cohorts(contracts: Contracts) -> None:
    names = {each.name for each in contracts.rules.values()}
    for each in contracts.cohorts.values():
        programme = contracts.protocols.get(each.programme)
        if programme is None:
            raise ContractError(f"cohorts/{each.code}: programme: {each.programme!r} is no protocol")
        versions = {version.version: version for version in (programme, *programme.former)}
        if each.protocol_version not in versions:
            raise ContractError(f"cohorts/{each.code}: protocol_version: the protocol is at {', '.join(versions)}")
        programme = versions[each.protocol_version]
        if not set(each.years) <= set(programme.years):
            raise ContractError(f"cohorts/{each.code}: years: {sorted(set(each.years) - set(programme.years))} are not the protocol's")
        if each.study is not None and each.study not in contracts.studies:
            raise ContractError(f"cohorts/{each.code}: study: {each.study!r} is no study that is here")
        for missing in set(each.rules) - names:
            raise ContractError(f"cohorts/{each.code}: rules: {missing!r} is no rule that is here")
        for unused in set(each.rules) - {contracts.rules[code].name for code in programme.rules}:
            raise ContractError(f"cohorts/{each.code}: rules: {unused!r} is none of the programme's")
        _check_categories(contracts, each, programme)


def _check_categories(contracts: Contracts, cohort: Cohort, programme: Protocol) -> None:
    for crossed in cohort.crossed:
        for side in (crossed.rows, crossed.columns):
            known = contracts.instruments.get(side.instrument)
            if known is None or not programme.is_scheduled(side.moment, side.instrument):
                raise ContractError(f"cohorts/{cohort.code}: crossed: {side.instrument} is not here, or not asked at {side.moment}")
            measures = known.measures
            _check_groupings(f"cohorts/{cohort.code}: crossed", side.groupings, measures[0].categories if len(measures) == 1 else ())
    for tallied in cohort.tallied:
        known = contracts.instruments.get(tallied.instrument)
        if known is None or not any(measure.categories for measure in known.measures):
            raise ContractError(f"cohorts/{cohort.code}: tallied: {tallied.instrument!r} has no categories here")
        for code, groupings in tallied.groupings.items():
            measure = known.measure(code)
            _check_groupings(f"cohorts/{cohort.code}: tallied: {code}", groupings, measure.categories if measure else ())


def _check_groupings(where: str, groupings: Groupings, categories: tuple[instrument.Category, ...]) -> None:
    """What is grouped must be categories, and a grouping must not be called like one."""
    codes = {category.code for category in categories}
    if not codes:
        raise ContractError(f"{where}: is not one question with categories")
    for name, grouped in groupings.items():
        if name in codes or not set(grouped) <= codes:
            raise ContractError(f"{where}: {name!r} must have a name of its own and group categories that are there")
