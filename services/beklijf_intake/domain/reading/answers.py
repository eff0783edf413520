"""QuestionnaireResponse: one set of answers, checked against the Questionnaire it names (M2, M5, M24)."""

from __future__ import annotations

from datetime import datetime

from beklijf_intake.domain.answers import check
from beklijf_intake.domain.instants import AHEAD_LIMIT, when
from beklijf_intake.domain.mapping import Mapper, apply, told
from beklijf_intake.domain.problem import Problem, broken_rule, warning
from beklijf_intake.domain.questionnaire import Form
from beklijf_intake.domain.reading.context import ONLY_KNOWN, REFUSE, ReadingContext
from beklijf_intake.domain.reading.elements import EARLIEST_YEAR, Problems, Resource, reference_to
from beklijf_intake.domain.submission import AnswersStated, AnswerValue, Received, Reference

ADDRESSES_TOLD = 5  # a longer list helps nobody in a sentence
EPISODE_LINK = "http://hl7.org/fhir/StructureDefinition/workflow-episodeOfCare"


def read(
    resource: Resource, received: Received, context: ReadingContext, problems: Problems, recognised: tuple[AnswerValue, ...] | None = None
) -> AnswersStated | None:
    """The answers as stated; problems are added to the list, and the result counts only if none of them is an error.

    `recognised` are the answers where they were checked against their Questionnaire before (`quick`).
    """
    patient = reference_to("Patient", resource.get("subject"), "subject", problems)
    _check_displays(resource, problems)
    authored, whole_day = _authored(resource, context, problems)
    episode, moment = _stated(resource, context, problems)
    mapper = context.mapper(resource.get("questionnaire"))
    form = _form(resource, context, problems) if mapper is None else context.forms[mapper.mapping.to]
    answers: tuple[AnswerValue, ...] = recognised or ()
    if form is not None and recognised is None:
        found, answers = check(form, resource) if mapper is None else _check_mapped(mapper, form, resource)
        problems.extend(found)
    if mapper is not None and moment is None:
        moment = mapper.mapping.moment
    if patient is None or authored is None or form is None:
        return None
    return AnswersStated(
        received=received,
        patient=patient,
        questionnaire=form.url,
        questionnaire_version=form.version,
        status=resource["status"],
        authored=authored,
        whole_day=whole_day,
        stated_episode=episode,
        stated_moment=moment,
        answers=answers,
        mapping=None if mapper is None else mapper.mapping.name,
    )


def _check_mapped(mapper: Mapper, form: Form, resource: Resource) -> tuple[Problems, tuple[AnswerValue, ...]]:
    """A form of the sender's own as ours: first what cannot be mapped, then what our own check finds, said of the sender's items."""
    mapped = apply(mapper, resource)
    found, answers = check(form, mapped.response)
    return [*mapped.problems, *told(mapper, mapped, found)], answers


def _check_displays(resource: Resource, problems: Problems) -> None:
    """Who filled in the form may be the patient, or a relative: no name of theirs either."""
    for element in ("author", "source"):
        given = resource.get(element)
        if given is None or "display" not in given:
            continue
        about = given.get("type") or str(given.get("reference", "Patient")).split("/", 1)[0]
        if about in ("Patient", "RelatedPerson"):
            problems.append(
                broken_rule("business-rule", f"{element}.display", "Leave the display of a person out: it usually holds a name.")
            )


def _authored(resource: Resource, context: ReadingContext, problems: Problems) -> tuple[datetime | None, bool]:
    """The instant, and whether only its day was given (M2)."""
    text = resource.get("authored")
    if text is None:
        problems.append(broken_rule("required", "authored", "authored is required: it says at which moment the answers count."))
        return None, False
    found = when(text)
    at = found.instant_in(context.zone) if found else None
    if found is None or at is None:
        problems.append(
            broken_rule("business-rule", "authored", "A year or month is not enough: give the day, or date and time with offset.")
        )
        return None, False
    if not at.year >= EARLIEST_YEAR:
        problems.append(broken_rule("business-rule", "authored", f"The year must not lie before {EARLIEST_YEAR}."))
    if found.day is not None:
        ahead = found.day > (context.now + AHEAD_LIMIT).astimezone(context.zone).date()
    else:
        ahead = at > context.now + AHEAD_LIMIT
    if ahead:
        problems.append(
            broken_rule("business-rule", "authored", "authored lies in the future. Check the clock and the offset of the sending system.")
        )
    return at, found.day is not None


def _form(resource: Resource, context: ReadingContext, problems: Problems) -> Form | None:
    """The Questionnaire by exact address and version: never silently another version."""
    canonical = resource.get("questionnaire")
    if canonical is None:
        problems.append(broken_rule("required", "questionnaire", "questionnaire is required, with version: <address>|<version>."))
        return None
    url, bar, version = canonical.partition("|")
    form = context.forms.get((url, version)) if bar else _unversioned(url, context, problems)
    if form is None:
        problems.append(_unknown(url, version, context))
    return form


def _unversioned(url: str, context: ReadingContext, problems: Problems) -> Form | None:
    """The version that this sender's answers without one are taken for, and told so; None where it must state it."""
    known = [version for address, version in context.forms if address == url]
    if context.unversioned == ONLY_KNOWN:
        version = known[0] if len(known) == 1 else ""
    else:
        version = "" if context.unversioned == REFUSE else context.unversioned
    form = context.forms.get((url, version))
    if form is not None:
        sentence = f"No version was stated; by arrangement with this sender it was read as {form.version}."
        problems.append(warning("business-rule", "questionnaire", sentence))
    return form


def _unknown(url: str, version: str, context: ReadingContext) -> Problem:
    if "#" in url or "#" in version:
        return broken_rule("not-supported", "questionnaire", "A fragment (#) of a Questionnaire, or a contained one, is not supported.")
    if not any(address == url for address, _ in context.forms):
        known = sorted({address for address, _ in context.forms})
        which = f"Known: {', '.join(known)}" if len(known) <= ADDRESSES_TOLD else f"GET Questionnaire lists the {len(known)} that are known"
        return broken_rule("not-found", "questionnaire", f"This Questionnaire is not known here. {which}.")
    if not version:
        sentence = f"Say which version was filled in: <address>|<version>. {_versions(url, context)}"
        return broken_rule("business-rule", "questionnaire", sentence)
    return broken_rule("business-rule", "questionnaire", f"This version of the Questionnaire is not known here. {_versions(url, context)}")


def _versions(url: str, context: ReadingContext) -> str:
    return f"Known: {', '.join(sorted(version for known, version in context.forms if known == url))}."


def _stated(resource: Resource, context: ReadingContext, problems: Problems) -> tuple[Reference | None, str | None]:
    """The episode and the moment that the sender states by extension (M5, M7)."""
    moment_url = f"{context.base}/StructureDefinition/measurement-moment"
    episode: Reference | None = None
    moment: str | None = None
    seen: set[str] = set()
    for index, extension in enumerate(resource.get("extension", ())):
        url, where = extension["url"], f"extension[{index}].value"
        if url in (EPISODE_LINK, moment_url) and url in seen:
            problems.append(broken_rule("business-rule", f"extension[{index}]", "This extension may be given once."))
        elif url == EPISODE_LINK:
            episode = reference_to("EpisodeOfCare", extension.get("valueReference"), where, problems)
        elif url == moment_url:
            moment = extension.get("valueCode")
            if moment not in context.moments:
                sentence = f"No protocol knows this moment (a valueCode). Known: {', '.join(sorted(context.moments)) or 'none'}."
                problems.append(broken_rule("code-invalid", where, sentence))
        seen.add(url)
    return episode, moment
