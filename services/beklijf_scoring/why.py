"""Why a score and its verdicts are what they are: from the answers to the rule, in sentences that a clinician can check by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from importlib.metadata import version as version_of

from beklijf_domain.exact import cut_decimals
from beklijf_domain.instrument import Measure
from beklijf_domain.protocol import Protocol
from beklijf_scoring.effect import result_text
from beklijf_scoring.queries import Former, Known
from beklijf_scoring.wording import Language, sentence, word
from beklijf_shared.clock import instant_text
from beklijf_shared.contracts import Contracts
from beklijf_shared.events import McicChanged, Result, RuleVerdict, ScoreComputed

SOFTWARE = version_of("beklijf")
ITEMS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Telling:
    """What the sentences need besides the facts."""

    known: Known
    contracts: Contracts
    language: Language

    def say(self, key: str, **values: object) -> str:
        """One sentence."""
        return sentence(key, self.language, **values)

    def word(self, key: str, **values: object) -> str:
        """One word."""
        return word(key, self.language, **values)


def sentences(known: Known, contracts: Contracts, language: Language) -> list[str]:
    """The whole story, in order: the answer, its score, its place, its verdicts, what stood there before, and who says so."""
    telling = Telling(known, contracts, language)
    return [
        *_answer(telling),
        *_score(telling),
        *_place(telling),
        *(said for pair in known.pairs for said in _pair(telling, pair)),
        *(_former(telling, former) for former in known.former),
        telling.say("made-by", version=SOFTWARE),
    ]


def _answer(telling: Telling) -> Iterator[str]:
    response, score, instrument = telling.known.response, telling.known.score, telling.known.instrument
    yield telling.say(
        "answer",
        title=instrument.title if instrument else score.instrument,
        questionnaire=response.questionnaire,
        version=response.questionnaire_version,
        status=telling.word(response.status),
        day=score.day,
    )
    if score.mapping:
        yield telling.say("mapped", mapping=score.mapping)


def _score(telling: Telling) -> Iterator[str]:
    score, instrument = telling.known.score, telling.known.instrument
    if not score.scorable:
        yield telling.say("not-scorable", reason=telling.word(str(score.not_scorable_reason)))
    for result in score.results:
        measure = instrument.measure(result.measure) if instrument else None
        label = measure.labels[telling.language] if measure else result.measure
        if measure is not None:
            values = {"value": result_text(result), "formula": _formula(telling, measure), "items": _items(telling, measure)}
            yield telling.say("score", measure=label, **values)
        if result.exact is not None:
            yield telling.say("rounded", measure=label, exact=result.exact)
    if instrument is not None and score.scorable:
        yield telling.say("scored-by", instrument=instrument.code, version=score.instrument_version, citation=instrument.citation)


def _formula(telling: Telling, measure: Measure) -> str:
    """The operation in words; an expression as it stands, with the library that evaluates it and its version."""
    if measure.expression is None:
        return telling.word(measure.formula)
    return telling.word(measure.formula, text=measure.expression.text, engine=measure.expression.engine)


def _items(telling: Telling, measure: Measure) -> str:
    """The answers that the measure was made of, as they were given; or the measures."""
    if measure.of:
        return ", ".join(measure.of)
    given = {}
    for answer in telling.known.response.answers:
        stated = (answer.code, answer.integer, answer.decimal, answer.boolean)
        given[answer.link] = str(next((value for value in stated if value is not None), ""))
    shown = [f"{link} = {given[link]}" for link in measure.links if link in given]
    return ", ".join(shown[:ITEMS_SHOWN])


def _place(telling: Telling) -> Iterator[str]:
    score, episode = telling.known.score, telling.known.episode
    programme = telling.contracts.protocols.get(episode.programme) if episode else None
    protocol = programme.at(date.fromisoformat(episode.t0), episode.episode) if programme and episode else None
    if score.moment is not None and score.moment_stated:
        yield telling.say("stated", moment=score.moment)
    elif score.moment is not None and episode is not None and protocol is not None:
        yield _window(telling, protocol, score.moment)
    elif score.counts == "off-window":
        yield telling.say("off-window")
    yield telling.say("counts", counts=telling.word(score.counts))


def _window(telling: Telling, protocol: Protocol, moment: str) -> str:
    episode, day = telling.known.episode, date.fromisoformat(telling.known.score.day)
    assert episode is not None  # it has a moment
    ended = date.fromisoformat(episode.treatment_ended) if episode.treatment_ended else None
    window = protocol.windows(date.fromisoformat(episode.t0), ended)[moment]
    days = {"opens": window.opens, "closes": window.closes, "target": window.target, "distance": abs((day - window.target).days)}
    return telling.say("window", moment=moment, **days)


def _pair(telling: Telling, pair: McicChanged) -> Iterator[str]:
    if pair.change is None:
        yield telling.say("no-verdict", moment=pair.moment, reason=telling.word(str(pair.none_because)))
        return
    for verdict in pair.verdicts:
        rule = telling.contracts.rules.get(verdict.rule)
        about = {"rule": rule.title if rule else verdict.rule, "version": verdict.rule_version, "moment": pair.moment}
        if verdict.verdict == "not-evaluable":
            yield telling.say("not-evaluable", reason=telling.word(verdict.reason or "not-evaluable"), **about)
        elif rule is not None and rule.purpose == "measurement-error":
            beyond = verdict.verdict in ("improved", "deteriorated")
            yield telling.say("error-beyond" if beyond else "error-within", change=pair.change, **about)
        else:
            yield telling.say("verdict", **about, **_change(telling, pair, verdict))


def _change(telling: Telling, pair: McicChanged, verdict: RuleVerdict) -> dict[str, str]:
    """The two scores, the change, its share of the baseline, and how far it lies from what is needed."""
    assert pair.baseline is not None  # there is a change
    assert pair.follow_up is not None
    before, after = _number(pair.baseline), _number(pair.follow_up)
    share = telling.word("share", share=cut_decimals(100 * (after - before) / before, 1)) if before else ""
    margin = Fraction(verdict.margin or "0")
    points = {"points": (verdict.margin or "0").lstrip("-")}
    return {
        "baseline": result_text(pair.baseline),
        "follow_up": result_text(pair.follow_up),
        "change": str(pair.change),
        "share": share,
        "verdict": telling.word(verdict.verdict) + (f" ({verdict.band})" if verdict.band else ""),
        "margin": telling.word("beyond" if margin >= 0 else "short", **points),
    }


def _former(telling: Telling, former: Former) -> str:
    """What was said before, and until when."""
    said = former.said
    if isinstance(said, ScoreComputed):
        text = ", ".join(f"{each.measure} {result_text(each)}" for each in said.results) + f" ({said.instrument} {said.instrument_version})"
    else:
        text = ", ".join(f"{each.rule} {each.rule_version}: {telling.word(each.verdict)}" for each in said.verdicts) + f" ({said.moment})"
    return telling.say("superseded", until=instant_text(former.until), said=text)


def _number(result: Result) -> Fraction:
    return Fraction(result.exact) if result.exact is not None else Fraction(result.integer or 0, 10**result.scale)
