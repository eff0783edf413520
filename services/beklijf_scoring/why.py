"""Why a score and its verdicts are what they are: from the answers to the rule, in sentences that a clinician can check by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from beklijf_domain.exact import cut_decimals, exact_text
from beklijf_domain.instrument import Measure
from beklijf_domain.protocol import Protocol
from beklijf_domain.rule import Rule, Threshold
from beklijf_domain.states import STATE_VERDICTS
from beklijf_scoring.effect import result_text
from beklijf_scoring.queries import Former, Known, Made, Pair, State
from beklijf_scoring.wording import Language, sentence, word
from beklijf_shared.clock import instant_text
from beklijf_shared.contracts import Contracts
from beklijf_shared.events import McicChanged, Result, RuleVerdict, ScoreComputed

ITEMS_SHOWN = 30
SHARE_DECIMALS_MAXIMUM = 9


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

    def number(self, text: str) -> str:
        """A number with the decimal sign of the language."""
        return text.replace(".", ",") if self.language == "nl" else text


def sentences(known: Known, contracts: Contracts, language: Language) -> list[str]:
    """The whole story, in order: the answer, its score, its place, its verdicts, what stood there before, and who says so."""
    telling = Telling(known, contracts, language)
    return [
        *_answer(telling),
        *_score(telling),
        _made(telling, "made", known.made),
        *_place(telling),
        *(said for pair in known.pairs for said in _pair(telling, pair)),
        *(_former(telling, former) for former in known.former),
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
            values = {
                "value": telling.number(result_text(result)),
                "formula": _formula(telling, measure),
                "items": _items(telling, measure),
            }
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
    if episode is not None and telling.known.protocol_version is not None:
        title = programme.title if programme else episode.programme
        yield telling.say("programme", programme=title, version=telling.known.protocol_version, t0=episode.t0)


def _window(telling: Telling, protocol: Protocol, moment: str) -> str:
    episode, day = telling.known.episode, date.fromisoformat(telling.known.score.day)
    assert episode is not None  # it has a moment
    ended = date.fromisoformat(episode.treatment_ended) if episode.treatment_ended else None
    window = protocol.windows(date.fromisoformat(episode.t0), ended)[moment]
    days = {"opens": window.opens, "closes": window.closes, "target": window.target, "distance": abs((day - window.target).days)}
    return telling.say("window", moment=moment, **days)


def _made(telling: Telling, key: str, made: Made, **more: object) -> str:
    """When something was told as it stands, and by which software."""
    return telling.say(key, at=instant_text(made.at), version=made.software or telling.word("unknown"), **more)


def _pair(telling: Telling, known: Pair) -> Iterator[str]:
    """The two answers, what every rule says of the change, and when that was told."""
    if known.baseline is not None and known.follow_up is not None:
        sides = {"baseline": known.baseline.response, "baseline_day": known.baseline.day}
        sides |= {"follow_up": known.follow_up.response, "day": known.follow_up.day}
        yield telling.say("compared", moment=known.said.moment, **sides)
    yield from _verdicts(telling, known.said)
    yield _made(telling, "pair-made", known.made, moment=known.said.moment)


def _verdicts(telling: Telling, pair: McicChanged) -> Iterator[str]:
    if pair.change is None:
        yield telling.say("no-verdict", moment=pair.moment, reason=telling.word(str(pair.none_because)))
    for verdict in pair.verdicts:
        rule = telling.contracts.rules.get(verdict.rule)
        title = rule.titles.get(telling.language, rule.title) if rule else verdict.rule
        about = {"rule": title, "version": verdict.rule_version, "moment": pair.moment}
        if verdict.verdict in STATE_VERDICTS and pair.follow_up is not None:
            yield telling.say("state", score=result_text(pair.follow_up), **about, **_reached(telling, pair, verdict, rule))
        elif verdict.verdict == "not-evaluable":
            yield telling.say("not-evaluable", reason=telling.word(verdict.reason or "not-evaluable"), **about)
        elif rule is not None and rule.purpose == "measurement-error":
            beyond = verdict.verdict in ("improved", "deteriorated")
            yield telling.say("error-beyond" if beyond else "error-within", **about, **_compared(telling, pair, verdict))
        else:
            yield telling.say("verdict", **about, **_change(telling, pair, verdict))


def _reached(telling: Telling, pair: McicChanged, verdict: RuleVerdict, rule: Rule | None) -> dict[str, str]:
    """The cut-off, and how far the score lies from it."""
    cutoff = rule.cutoffs.get(pair.instrument) if rule is not None else None
    points = {"points": (verdict.margin or "0").lstrip("-")}
    return {
        "verdict": telling.word(verdict.verdict),
        "cutoff": f"{cutoff.operator} {exact_text(cutoff.score)}" if cutoff is not None else "?",
        "margin": telling.word("inside" if verdict.verdict == "acceptable" else "outside", **points),
    }


def _change(telling: Telling, pair: McicChanged, verdict: RuleVerdict) -> dict[str, str]:
    """What became of the score, the verdict, and how far that lies from what is needed, in score points."""
    points = {"points": telling.number((verdict.margin or "0").lstrip("-"))}
    return {
        **_compared(telling, pair, verdict),
        "verdict": telling.word(verdict.verdict) + (f" ({verdict.band})" if verdict.band else ""),
        "margin": telling.word("beyond" if Fraction(verdict.margin or "0") >= 0 else "short", **points),
    }


def _compared(telling: Telling, pair: McicChanged, verdict: RuleVerdict) -> dict[str, str]:
    """Both scores, and the change beside what the rule asks, in the rule's own measures: 24 → 16, 33.3 %, 30 %."""
    assert pair.baseline is not None  # there is a change
    assert pair.follow_up is not None
    said = {"baseline": telling.number(result_text(pair.baseline)), "follow_up": telling.number(result_text(pair.follow_up))}
    rule, known = telling.contracts.rules.get(verdict.rule), telling.contracts.instruments.get(pair.instrument)
    judgement = rule.judgement(pair.instrument) if rule and rule.version == verdict.rule_version else None
    before, change = _number(pair.baseline), _number(pair.follow_up) - _number(pair.baseline)
    if judgement is None or known is None or known.judged is None:  # judged by what is not here any more: the bare change
        return said | {"distance": telling.word("points", n=telling.number(str(pair.change))), "needed": "?"}
    better = change if known.judged.direction == "high-is-better" else -change
    threshold = judgement.improvement if better >= 0 else judgement.deterioration
    distance = _joined(telling, threshold, _share(abs(better), before, threshold), pair.change.lstrip("-") if pair.change else "")
    needed = _joined(telling, threshold, exact_text(100 * (threshold.relative or 0)), exact_text(threshold.absolute or Fraction(0)))
    said["distance"] = distance if better >= 0 else telling.word("worse", distance=distance)
    return said | {"needed": needed if threshold.operator == ">=" else telling.word("more", needed=needed)}


def _joined(telling: Telling, threshold: Threshold, share: str, points: str) -> str:
    """The sides of a threshold in words: 30 %, 5 points, or both."""
    sides = [telling.word("percent", n=telling.number(share))] if threshold.relative is not None else []
    sides += [telling.word("points", n=telling.number(points))] if threshold.absolute is not None else []
    return telling.word("or" if threshold.any_of else "and").join(sides)


def _share(distance: Fraction, before: Fraction, threshold: Threshold) -> str:
    """A share of the baseline in percent with one decimal, and with more where one would make it look like what is needed."""
    if threshold.relative is None or not before:
        return "0"
    share, needed = 100 * distance / before, 100 * threshold.relative
    texts = (cut_decimals(share, decimals) for decimals in range(1, SHARE_DECIMALS_MAXIMUM + 1))
    return exact_text(next(number for number in map(Fraction, texts) if share == needed or number != needed))


def _former(telling: Telling, former: Former) -> str:
    """What was said before, until when, and what took its place."""
    said, then = _state(telling, former.said), _state(telling, former.then)
    return telling.say("superseded", until=instant_text(former.until), said=said, then=then)


def _state(telling: Telling, said: State) -> str:
    if isinstance(said, ScoreComputed):
        if not said.results:
            return telling.word("no-score", reason=telling.word(str(said.not_scorable_reason)))
        return ", ".join(f"{each.measure} {result_text(each)}" for each in said.results) + f" ({said.instrument} {said.instrument_version})"
    if not said.verdicts:
        return telling.word("no-verdict", reason=telling.word(str(said.none_because)), moment=said.moment)
    return ", ".join(f"{each.rule} {each.rule_version}: {telling.word(each.verdict)}" for each in said.verdicts) + f" ({said.moment})"


def _number(result: Result) -> Fraction:
    return Fraction(result.exact) if result.exact is not None else Fraction(result.integer or 0, 10**result.scale)
