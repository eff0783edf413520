"""Patient: the subject, and nothing that identifies (design, section 3b)."""

from __future__ import annotations

from datetime import date

from beklijf_intake.domain.problem import broken_rule
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.reading.elements import Problems, Resource, check_not_ahead, check_organisation, day_of, reference_to
from beklijf_intake.domain.submission import PatientStated, Received, Reference

EARLIEST_BIRTH_YEAR = 1850
_IDENTIFIES = {
    "name": "names",
    "telecom": "telephone numbers and mail addresses",
    "address": "addresses",
    "photo": "photographs",
    "contact": "contact persons",
    "text": "a narrative of a patient, which usually shows the name,",
    "contained": "contained resources of a patient",
}


def read(resource: Resource, received: Received, context: ReadingContext, problems: Problems) -> PatientStated:
    """The patient as stated; problems are added to the list, and the result counts only if there are none."""
    for element, called in _IDENTIFIES.items():
        if element in resource:
            problems.append(
                broken_rule(
                    "business-rule", element, f"The registry does not keep {called}: it knows patients by pseudonym only. Leave it out."
                )
            )
    check_organisation(resource, context, problems)
    born = resource.get("birthDate")
    birth_year = int(born[:4]) if born else None
    if birth_year is not None and birth_year > context.now.astimezone(context.zone).year:
        problems.append(broken_rule("business-rule", "birthDate", "The date of birth lies in the future."))
    if birth_year is not None and birth_year < EARLIEST_BIRTH_YEAR:
        problems.append(broken_rule("business-rule", "birthDate", f"The year of birth must not lie before {EARLIEST_BIRTH_YEAR}."))
    deceased_on = _deceased_on(resource, context, problems)
    return PatientStated(
        received=received,
        sex=resource.get("gender", "unknown"),
        birth_year=birth_year,
        deceased="deceasedDateTime" in resource or resource.get("deceasedBoolean", False),
        deceased_on=deceased_on,
        replaced_by=_replaced_by(resource, problems),
    )


def _deceased_on(resource: Resource, context: ReadingContext, problems: Problems) -> date | None:
    text = resource.get("deceasedDateTime")
    if text is None:
        return None
    day = day_of(text, "deceased", context, problems)
    check_not_ahead(day, "deceased", context, problems)
    return day


def _replaced_by(resource: Resource, problems: Problems) -> Reference | None:
    found: Reference | None = None
    times = 0
    for index, link in enumerate(resource.get("link", ())):
        reference = reference_to("Patient", link["other"], f"link[{index}].other", problems)
        if link["type"] == "replaced-by":
            found, times = reference, times + 1
    if times > 1:
        problems.append(broken_rule("business-rule", "link", "A patient can be replaced by one other patient only."))
    return found
