"""The flow: everyone registered lies in exactly one box (M15)."""

from __future__ import annotations

from beklijf_cohorts.domain.cells import BOXES
from beklijf_cohorts.domain.disclosure import Dimension, Table, block
from beklijf_cohorts.domain.figures.source import Count, Derived, Figure, Row, Source
from beklijf_cohorts.domain.statistics import share


def figure(source: Source) -> Figure:
    """Registered = completed + in treatment + stopped early + objected, by treatment year; who stopped early as a share of both ends."""
    rows, names, counts = [], {}, {}
    for year in source.years:
        boxes = source.row("f", year)
        entries = {"registered": Count(f"f|{year}|registered", sum(boxes.values()))}
        entries.update({box: Count(f"f|{year}|{box}", boxes.get(box, 0)) for box in BOXES})
        for box, entry in entries.items():
            names[year, box] = entry.name
            counts[entry.name] = entry.value
        ended = entries["completed"], entries["stopped-early"]
        part = share(ended[1].value, sum(count.value for count in ended))
        rows.append(Row({"year": year}, {**entries, "stopped-early-share": Derived(part, tuple(count.name for count in ended))}))
    lines = block((source.year_dimension(), Dimension(BOXES, "registered", denominator=True)), names)
    return Figure("flow", "all episodes of the programme", "registered", tuple(rows), (Table(lines, counts),))
