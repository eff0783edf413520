"""The worklist in numbers: how many moments are due, overdue, answered, missed or left (M23)."""

from __future__ import annotations

from beklijf_cohorts.domain.disclosure import Dimension, Table, block
from beklijf_cohorts.domain.figures.source import Count, Entry, Figure, Row, Source
from beklijf_domain.states import FOLLOW_UP_STATES

STATES = tuple(state for state in FOLLOW_UP_STATES if state != "not-due")


def figure(source: Source) -> Figure:
    """By moment: the moments that have come or will not come any more, of every episode that did not object."""
    rows, tables = [], []
    for moment in source.plan.protocol.moments:
        names, counts = {}, {}
        for year in source.years:
            found = source.row("u", year, moment.code)
            entries = {"total": Count(f"u|{year}|{moment.code}|total", sum(found.values()))}
            entries.update({state: Count(f"u|{year}|{moment.code}|{state}", found.get(state, 0)) for state in STATES})
            for state, count in entries.items():
                names[year, state] = count.name
                counts[count.name] = count.value
            rows.append(Row({"year": year, "moment": moment.code}, dict[str, Entry](entries)))
        tables.append(Table(block((source.year_dimension(), Dimension(STATES, "total", denominator=True)), names), counts))
    return Figure("follow-ups", "all episodes of the programme, except objected", "total", tuple(rows), tuple(tables))
