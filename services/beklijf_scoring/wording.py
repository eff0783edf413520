"""The sentences that say why, in every language. Numbers and names are put in; nothing here decides anything."""

from __future__ import annotations

from typing import Literal, get_args

Language = Literal["en", "nl"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

SENTENCES: dict[str, tuple[str, str]] = {
    "answer": (
        "The answer to {title} ({questionnaire} version {version}) was {status} and measured on {day}.",
        "Het antwoord op {title} ({questionnaire} versie {version}) is {status} en gemeten op {day}.",
    ),
    "mapped": (
        "It came as a form of the sender's own and was read by the mapping {mapping}.",
        "Het kwam als eigen formulier van de afzender en is gelezen met de vertaling {mapping}.",
    ),
    "score": (
        "{measure} is {value}: {formula} ({items}).",
        "{measure} is {value}: {formula} ({items}).",
    ),
    "rounded": (
        "{measure} is exactly {exact}; it is rounded for show, and verdicts rest on the exact value.",
        "{measure} is precies {exact}; het is afgerond om te tonen, en oordelen rusten op de precieze waarde.",
    ),
    "scored-by": (
        "It was scored by {instrument} version {version}, whose source is: {citation}",
        "De score is berekend volgens {instrument} versie {version}, met als bron: {citation}",
    ),
    "not-scorable": ("It has no score: {reason}.", "Het heeft geen score: {reason}."),
    "stated": (
        "It belongs to moment {moment} because the sender said so.",
        "Het hoort bij moment {moment} omdat de afzender dat heeft gezegd.",
    ),
    "window": (
        "It belongs to moment {moment}: its day lies in the window from {opens} to {closes}, {distance} days from the target {target}.",
        "Het hoort bij moment {moment}: de dag valt in het venster van {opens} tot {closes}, {distance} dagen van het doel {target}.",
    ),
    "off-window": ("Its day lies in no window of the episode.", "De dag valt in geen enkel venster van de episode."),
    "counts": ("How it counts: {counts}.", "Hoe het telt: {counts}."),
    "verdict": (
        "{rule} ({version}) at {moment}: {baseline} → {follow_up}: {distance}, needed {needed}; {verdict}{margin}.",
        "{rule} ({version}) op {moment}: {baseline} → {follow_up}: {distance}, nodig {needed}; {verdict}{margin}.",
    ),
    "state": (
        "{rule} ({version}) at {moment}: {score} is {verdict}, where {cutoff} is needed{margin}.",
        "{rule} ({version}) op {moment}: {score} is {verdict}, waar {cutoff} nodig is{margin}.",
    ),
    "error-beyond": (
        "{rule} ({version}) at {moment}: {baseline} → {follow_up}: {distance}, needed {needed}; it exceeds measurement error.",
        "{rule} ({version}) op {moment}: {baseline} → {follow_up}: {distance}, nodig {needed}; dat is groter dan de meetfout.",
    ),
    "error-within": (
        "{rule} ({version}) at {moment}: {baseline} → {follow_up}: {distance}, needed {needed}; it may be measurement error alone.",
        "{rule} ({version}) op {moment}: {baseline} → {follow_up}: {distance}, nodig {needed}; dat kan alleen meetfout zijn.",
    ),
    "not-evaluable": (
        "{rule} ({version}) at {moment}: not evaluable, because {reason}.",
        "{rule} ({version}) op {moment}: niet te beoordelen, omdat {reason}.",
    ),
    "no-verdict": ("At {moment} there is no verdict: {reason}.", "Op {moment} is er geen oordeel: {reason}."),
    "programme": (
        "Its episode, which began on {t0}, is under version {version} of the programme {programme}.",
        "De episode, die begon op {t0}, valt onder versie {version} van het programma {programme}.",
    ),
    "compared": (
        "At {moment} the answer {follow_up} of {day} is compared with the answer {baseline} of {baseline_day}.",
        "Op {moment} wordt het antwoord {follow_up} van {day} vergeleken met het antwoord {baseline} van {baseline_day}.",
    ),
    "superseded": ("Until {until} it said: {said}. Then it said: {then}.", "Tot {until} stond er: {said}. Daarna: {then}."),
    "made": ("So told on {at} by Beklijf {version}.", "Zo verteld op {at} door Beklijf {version}."),
    "pair-made": (
        "What is said of {moment} was told on {at} by Beklijf {version}.",
        "Wat over {moment} staat, is verteld op {at} door Beklijf {version}.",
    ),
}

WORDS: dict[str, tuple[str, str]] = {
    "unknown": ("of an unknown version", "van een onbekende versie"),
    "no-score": ("no score ({reason})", "geen score ({reason})"),
    "no-verdict": ("no verdict ({reason}) ({moment})", "geen oordeel ({reason}) ({moment})"),
    "completed": ("completed", "voltooid"),
    "amended": ("amended", "gewijzigd"),
    "entered-in-error": ("withdrawn as entered in error", "ingetrokken als foutief ingevoerd"),
    "missing-items": ("items are missing", "er ontbreken items"),
    "no-answers": ("nothing was answered", "er is niets beantwoord"),
    "expression-empty": ("its expression found nothing to compute with", "de formule vond niets om mee te rekenen"),
    "expression-failed": (
        "its expression gives no single exact number for these answers",
        "de formule geeft geen enkel exact getal voor deze antwoorden",
    ),
    "expression-too-costly": ("its expression takes more steps than are allowed", "de formule vraagt meer stappen dan is toegestaan"),
    "expression-outside": (
        "what its expression gives lies outside the instrument's range",
        "wat de formule geeft ligt buiten het bereik van het instrument",
    ),
    "retracted": ("it was retracted", "het is ingetrokken"),
    "counted": ("counted", "geteld"),
    "surplus": ("surplus, another answer counts at this moment", "overtollig, een ander antwoord telt op dit moment"),
    "waiting": ("waiting for its episode", "wachtend op de episode"),
    "after-end": ("after the end of the episode", "na het einde van de episode"),
    "off-window": ("outside every window", "buiten elk venster"),
    "unscheduled": ("not asked at this moment", "niet gevraagd op dit moment"),
    "improved": ("improved", "verbeterd"),
    "unchanged": ("unchanged", "onveranderd"),
    "deteriorated": ("deteriorated", "verslechterd"),
    "acceptable": ("an acceptable state", "een aanvaardbare toestand"),
    "not-acceptable": ("no acceptable state", "geen aanvaardbare toestand"),
    "baseline-zero": ("the baseline is zero", "de startscore nul is"),
    "baseline-below-minimum": ("the baseline lies below the rule's minimum", "de startscore onder het minimum van de regel ligt"),
    "no-follow-up": ("there is no follow-up any more", "er is geen vervolgmeting meer"),
    "no-baseline": ("there is no baseline", "er is geen beginmeting"),
    "not-scorable": ("the follow-up has no score", "de vervolgmeting heeft geen score"),
    "not-evaluable": ("no rule can judge it", "geen regel kan het beoordelen"),
    "retracted-episode": ("the episode was retracted", "de episode is ingetrokken"),
    "beyond": (", {points} points more than needed", ", {points} punten meer dan nodig"),
    "short": (", {points} points short of an improvement", ", {points} punten te weinig voor een verbetering"),
    "percent": ("{n} %", "{n} %"),
    "points": ("{n} points", "{n} punten"),
    "and": (" and ", " en "),
    "or": (" or ", " of "),
    "worse": ("{distance} worse", "{distance} slechter"),
    "more": ("more than {needed}", "meer dan {needed}"),
    "inside": ("; {points} points better than that", "; {points} punten beter dan dat"),
    "outside": ("; {points} points worse than that", "; {points} punten slechter dan dat"),
    "value": ("the only answer", "het enige antwoord"),
    "category": ("the only answer", "het enige antwoord"),
    "sum": ("the sum", "de som"),
    "mean": ("the mean", "het gemiddelde"),
    "count": ("the number that apply", "het aantal dat van toepassing is"),
    "percent-of-maximum": ("the percentage of the greatest possible sum", "het percentage van de grootst mogelijke som"),
    "weighted-sum": ("the weighted sum", "de gewogen som"),
    "lookup": ("the published table", "de gepubliceerde tabel"),
    "profile": ("the answers in a row", "de antwoorden op een rij"),
    "groups": ("the limits", "de grenzen"),
    "expression": ("the expression {text}, evaluated by {engine}", "de formule {text}, uitgerekend door {engine}"),
}


def sentence(key: str, language: Language, **values: object) -> str:
    """One sentence with its values."""
    return SENTENCES[key][LANGUAGES.index(language)].format(**values)


def word(key: str, language: Language, **values: object) -> str:
    """One word or part of a sentence; what has no words of its own is a code, and stays one."""
    return WORDS[key][LANGUAGES.index(language)].format(**values) if key in WORDS else key
