"""Made-up contracts in several versions: one form of three items, one programme, one rule, each of which changes and changes back.

A world is the contracts of a day. The plain reference (`plain_history`) knows each of them by heart; the services read them as a site's
files.
"""

from __future__ import annotations

import json
import tomllib
from itertools import product
from pathlib import Path
from typing import NamedTuple

from beklijf_domain import instrument
from beklijf_domain.document import Document
from beklijf_shared import contracts, skeleton
from beklijf_shared.contracts import Contracts

FORM = f"{skeleton.BASE}/Questionnaire/ache"
LINKS = ("ache-1", "ache-2", "ache-3")
CHANGED_SINCE = "2015-01-01"


class World(NamedTuple):
    """Which of the contracts are changed. `instrument`: the last item counts the other way round; `rule`: a half instead of thirty
    percent, strictly, and another one beside it; `protocol`: another window for who begins in 2015 or later."""

    instrument: bool
    rule: bool
    protocol: bool


WORLDS = tuple(World(*which) for which in product((False, True), repeat=3))
AS_BEGUN = WORLDS[0]

_INSTRUMENT = """
code = "ache"
version = "{version}"
title = "Ache, made up"
questionnaire = "{form}"
scores = ["1"]
judged = "total"
recall_period = "none"
licence = "Made up for tests."
citation = "None."

[[items]]
links = ["ache-1", "ache-2"]
low = 0
high = 10

[[items]]
links = ["ache-3"]
low = 0
high = 10
reversed = {reversed}

[[measures]]
code = "total"
en = "Total"
nl = "Totaal"
formula = "sum"
low = 0
high = 30
direction = "high-is-worse"

[missing_items]
rule = "all-required"
source = "Made up."

[[examples]]
answers = "10 10 10"
source = "All of it"
results = {{ total = "{most}" }}
"""

_RULE = """
code = "{code}"
version = "{version}"
title = "Made up"
kind = "{kind}"
operator = "{operator}"
population = "for tests"
citation = "none"
programmes = ["care"]

[{kind}]
every = "{enough}"
"""

_PROTOCOL = """
code = "care"
version = "{version}"
title = "Care, made up"
time_zone = "Europe/Amsterdam"
years = [2013, 2014, 2015, 2016]
rules = []
citation = "None."
{since}

[[moments]]
code = "start"
title = "Start"
months = 0
before = 10
after = 10
instruments = ["ache"]

[[moments]]
code = "later"
title = "Later"
months = {months}
before = 20
after = 20
instruments = ["ache"]
baseline = "start"

[[moments]]
code = "year"
title = "A year after"
months = 12
before = 60
after = 60
instruments = ["ache"]
baseline = "start"
"""


def contracts_of(world: World, folder: Path) -> Contracts:
    """The contracts of a world, read from the files of a site."""
    for kind in ("instruments", "rules", "protocols"):
        (folder / kind).mkdir(parents=True)
    begun = _INSTRUMENT.format(version="1.0.0", form=FORM, reversed="false", most=30)
    changed = _INSTRUMENT.format(version="2.0.0", form=FORM, reversed="true", most=20)
    _write(folder / "instruments" / "ache.toml", changed if world.instrument else begun)
    _write(folder / "rules" / "share.toml", _rule(world))
    if world.rule:
        points = {"code": "points", "version": "1.0.0", "kind": "absolute", "operator": ">=", "enough": "7"}
        _write(folder / "rules" / "points.toml", _RULE.format(**points))
    _write(folder / "protocols" / "care.toml", _PROTOCOL.format(version="1.0.0", since="", months=3))
    if world.protocol:
        later = _PROTOCOL.format(version="2.0.0", since=f'since = "{CHANGED_SINCE}"', months=4)
        _write(folder / "protocols" / "care@2.0.0.toml", later)
    made = instrument.read(Document("ache", tomllib.loads(begun)))
    for resource in skeleton.resources(made, date="2020-01-01", publisher="tests"):
        _write(folder / "fhir" / f"{resource['resourceType']}-{resource['id']}.json", json.dumps(resource))
    return contracts.load(folder)


def _rule(world: World) -> str:
    version, operator, enough = ("2.0.0", ">", "0.5") if world.rule else ("1.0.0", ">=", "0.3")
    return _RULE.format(code="share", kind="relative", version=version, operator=operator, enough=enough)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
