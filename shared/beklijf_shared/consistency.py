"""What contracts say of each other, and whether it holds: an instrument and its Questionnaire, a programme and what it asks, a rule and
what it judges, a cohort and its programme. The errors name file and key, because whoever reads them is editing that file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from beklijf_domain import instrument
from beklijf_domain.cohort import Cohort
from beklijf_domain.crossing import Groupings
from beklijf_domain.document import ContractError
from beklijf_domain.exact import exact_text, scaled
from beklijf_domain.instrument import Instrument
from beklijf_domain.mapping import FormMapping
from beklijf_domain.protocol import Protocol
from beklijf_domain.rule import Rule
from beklijf_domain.score import wrong_examples
from beklijf_shared.catalogue import Contracts, Note, Resource, items_of


def check(contracts: Contracts) -> tuple[Note, ...]:
    """Raises ContractError with all places where contracts do not fit together; gives what they name that is not here yet."""
    faults = [
        *_check_examples(contracts),
        *_check_questionnaires(contracts),
        *_check_protocols(contracts),
        *_check_rules(contracts),
        *_check_cohorts(contracts),
        *(fault for each in contracts.mappings.values() for fault in _check_mapping(each, contracts)),
        *_check_overlap(contracts.mappings),
    ]
    if faults:
        raise ContractError(*dict.fromkeys(faults))
    protocols = (Note(f"protocols/{each.code}", each.planned) for each in contracts.every_protocol if each.planned)
    rules = (Note(f"rules/{each.code}", each.planned) for each in contracts.rules.values() if each.planned)
    return (*protocols, *rules)


def _check_examples(contracts: Contracts) -> Iterator[str]:
    """An instrument whose worked examples come out otherwise does not score as its manual says."""
    for each in contracts.instruments.values():
        for problem in wrong_examples(each):
            yield f"instruments/{each.code}: {problem}"
        for measure in each.measures:  # nothing else is known of what it gives
            if measure.expression is not None and not any(measure.code in example.results for example in each.examples):
                yield f"instruments/{each.code}: examples: an expression needs one at least that gives {measure.code}"


def _check_questionnaires(contracts: Contracts) -> Iterator[str]:
    """Every instrument has a Questionnaire here, whose items and codes are exactly those that it scores."""
    for url, instruments in contracts.by_questionnaire.items():
        held = [version for known, version in contracts.questionnaires if known == url]
        for each in instruments:
            versions = [version for version in held if each.scores_version(version)]
            if not versions:
                yield f"instruments/{each.code}: questionnaire: no Questionnaire {url} of version {', '.join(each.scores)} is here"
            for version in versions:
                yield from _check_items(each, contracts.questionnaires[url, version])
        for version in held:
            if sum(each.scores_version(version) for each in instruments) > 1:
                yield f"instruments/{instruments[0].code}: scores: {url}|{version} is scored by more than one instrument"


def _check_items(each: Instrument, questionnaire: Resource) -> Iterator[str]:
    name = f"instruments/{each.code}: items: {questionnaire['url']}|{questionnaire['version']}"
    asked = {item["linkId"]: item for item in items_of(questionnaire)}
    for item in each.items:
        if item.link not in asked:
            yield f"{name} has no item {item.link}"
            continue
        options = [option["valueCoding"]["code"] for option in asked[item.link].get("answerOption", ()) if "valueCoding" in option]
        if item.codes is not None and set(options) != set(item.codes):
            yield f"{name} offers other codes for {item.link}"
        if item.categories and options != [category.code for category in item.categories]:
            yield f"{name} offers the codes of {item.link} in another order"


def _check_protocols(contracts: Contracts) -> Iterator[str]:
    for each in contracts.every_protocol:
        asked = {code for moment in each.moments for code in moment.instruments}
        yield from _check_planned(f"protocols/{each.code}", asked, each.planned, contracts)
        for missing in sorted(set(each.rules) - set(contracts.rules)):
            yield f"protocols/{each.code}: rules: {missing!r} is no rule that is here"
        for gap in gaps(each, contracts.instruments):
            yield f"protocols/{each.code}: moments: {gap}"


def gaps(protocol: Protocol, instruments: Mapping[str, Instrument]) -> Iterator[str]:
    """Judged instruments that are compared with a moment at which they are not asked: none of their pairs would ever have a verdict."""
    for moment in protocol.moments:
        before = protocol.moment(moment.baseline) if moment.baseline else None
        for code in moment.instruments:
            known = instruments.get(code)
            if before is not None and known is not None and known.judged is not None and code not in before.instruments:
                yield f"{code} is asked at {moment.code} and not at {before.code}, with which it is compared"


def _check_rules(contracts: Contracts) -> Iterator[str]:
    for each in contracts.rules.values():
        yield from _check_planned(f"rules/{each.code}", set(each.instruments), each.planned, contracts)
        yield from _check_cutoffs(each, contracts)
        for known in contracts.instruments.values():
            judgement = each.judgement(known.code)
            if known.judged is None:
                if known.code in each.instruments:
                    yield f"rules/{each.code}: {known.code}: has no measure that rules judge"
            elif judgement is not None and judgement.improvement.relative is not None and known.judged.low < 0:
                yield f"rules/{each.code}: relative: a share of a baseline below zero means nothing ({known.code})"


def _check_cutoffs(rule: Rule, contracts: Contracts) -> Iterator[str]:
    """A cut-off lies within the instrument's range, and its acceptable side is the instrument's better one."""
    for code, cutoff in rule.cutoffs.items():
        known = contracts.instruments.get(code)
        if known is None or known.judged is None:
            continue  # planned, or said elsewhere
        low, high = (scaled(end, known.judged.scale) for end in (known.judged.low, known.judged.high))
        if not low <= cutoff.score <= high:
            yield f"rules/{rule.code}: cutoff: {code}: {exact_text(cutoff.score)} lies outside the instrument's range"
        if cutoff.low_is_better != (known.judged.direction == "high-is-worse"):
            yield f"rules/{rule.code}: operator: {cutoff.operator} takes the worse side of {code} for the acceptable one"


def _check_planned(name: str, used: set[str], planned: tuple[str, ...], contracts: Contracts) -> Iterator[str]:
    """What is named is either here or said to be planned; never both, never neither."""
    for code in sorted(used):
        if code not in contracts.instruments and code not in planned:
            yield f"{name}: instruments: {code!r} is not here, and is not listed as planned"
    for code in planned:
        if code in contracts.instruments:
            yield f"{name}: planned: {code!r} is here by now; take it off the list"
        if code not in used:
            yield f"{name}: planned: {code!r} is used nowhere"


def check_mapping(each: FormMapping, contracts: Contracts) -> None:
    """What a mapping says of our Questionnaire must be so. Raises ContractError."""
    if faults := [*_check_mapping(each, contracts)]:
        raise ContractError(*faults)


def _check_mapping(each: FormMapping, contracts: Contracts) -> Iterator[str]:
    where = f"mappings/{each.code}"
    questionnaire = contracts.questionnaires.get(each.to)
    if questionnaire is None:
        yield f"{where}: to: no Questionnaire {'|'.join(each.to)} is here"
        return
    if each.moment is not None and each.moment not in contracts.moment_codes:
        yield f"{where}: moment: {each.moment!r} is known to no protocol"
    for version in each.versions:
        if (each.questionnaire, version) in contracts.questionnaires:
            yield f"{where}: versions: {version!r} is here as a Questionnaire itself; take one of both away"
    items = {item["linkId"]: item for item in items_of(questionnaire)}
    for mapped in each.items:
        if mapped.link not in items or items[mapped.link].get("type") in ("group", "display"):
            yield f"{where}: items.{mapped.link}: our Questionnaire has no question with this linkId"
            continue
        options = [one["valueCoding"]["code"] for one in items[mapped.link].get("answerOption", ()) if "valueCoding" in one]
        for sent, value in mapped.values.items():
            if options and value not in options:
                yield f"{where}: items.{mapped.link}.values.{sent}: {value!r} is not one of {', '.join(options)}"


def _check_overlap(mappings: Mapping[str, FormMapping]) -> Iterator[str]:
    """One form of one organisation has one mapping."""
    taken: dict[tuple[str, str, str], str] = {}
    for each in mappings.values():
        for place in ((organisation, each.questionnaire, version) for organisation in each.organisations for version in each.versions):
            if place in taken:
                yield f"mappings/{each.code}: versions: {place[2]!r} of organisation {place[0]} is mapped by {taken[place]} too"
            taken[place] = each.code


def _check_cohorts(contracts: Contracts) -> Iterator[str]:
    names = {each.name for each in contracts.rules.values()}
    for each in contracts.cohorts.values():
        programme = contracts.protocols.get(each.programme)
        if programme is None:
            yield f"cohorts/{each.code}: programme: {each.programme!r} is no protocol"
            continue
        versions = {version.version: version for version in (programme, *programme.former)}
        if each.protocol_version not in versions:
            yield f"cohorts/{each.code}: protocol_version: the protocol is at {', '.join(versions)}"
            continue
        programme = versions[each.protocol_version]
        if not set(each.years) <= set(programme.years):
            yield f"cohorts/{each.code}: years: {sorted(set(each.years) - set(programme.years))} are not the protocol's"
        if each.study is not None and each.study not in contracts.studies:
            yield f"cohorts/{each.code}: study: {each.study!r} is no study that is here"
        for missing in sorted(set(each.rules) - names):
            yield f"cohorts/{each.code}: rules: {missing!r} is no rule that is here"
        of_it = {contracts.rules[code].name for code in programme.rules if code in contracts.rules}
        for unused in sorted((set(each.rules) & names) - of_it):
            yield f"cohorts/{each.code}: rules: {unused!r} is none of the programme's"
        yield from _check_categories(contracts, each, programme)


def _check_categories(contracts: Contracts, cohort: Cohort, programme: Protocol) -> Iterator[str]:
    for crossed in cohort.crossed:
        for side in (crossed.rows, crossed.columns):
            known = contracts.instruments.get(side.instrument)
            if known is None or not programme.is_scheduled(side.moment, side.instrument):
                yield f"cohorts/{cohort.code}: crossed: {side.instrument} is not here, or not asked at {side.moment}"
                continue
            measures = known.measures
            yield from _check_groupings(
                f"cohorts/{cohort.code}: crossed", side.groupings, measures[0].categories if len(measures) == 1 else ()
            )
    for tallied in cohort.tallied:
        known = contracts.instruments.get(tallied.instrument)
        if known is None or not any(measure.categories for measure in known.measures):
            yield f"cohorts/{cohort.code}: tallied: {tallied.instrument!r} has no categories here"
            continue
        for code, groupings in tallied.groupings.items():
            measure = known.measure(code)
            yield from _check_groupings(f"cohorts/{cohort.code}: tallied: {code}", groupings, measure.categories if measure else ())


def _check_groupings(where: str, groupings: Groupings, categories: tuple[instrument.Category, ...]) -> Iterator[str]:
    """What is grouped must be categories, and a grouping must not be called like one."""
    codes = {category.code for category in categories}
    if not codes:
        yield f"{where}: is not one question with categories"
        return
    for name, grouped in groupings.items():
        if name in codes or not set(grouped) <= codes:
            yield f"{where}: {name!r} must have a name of its own and group categories that are there"
