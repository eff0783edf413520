"""Charts: Vega-Lite specifications made from a snapshot's rows, rendered to SVG on the server (no script reaches the reader).

The specification is the chart's source and can be downloaded; the table with the same numbers stands beside it. Nothing is
calculated: the specification has no aggregates and no transforms, and a cell without a number is a gap.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Literal

import vl_convert

from beklijf_reporting.charts.drawing import ACCENT, ALL, PAPER, SERIES, Chart, Key, Specification, Words, apart, is_pooled, slug
from beklijf_reporting.charts.figures import by_name, windows
from beklijf_reporting.language import Language

__all__ = [
    "ACCENT",
    "ALL",
    "PAPER",
    "SERIES",
    "Chart",
    "Key",
    "Renderer",
    "Words",
    "apart",
    "by_name",
    "is_pooled",
    "render",
    "slug",
    "windows",
]

KEPT_MAXIMUM = 256
"""Rendered charts kept; one is about 20 kB."""
FORMAT_LOCALES: Mapping[str, Literal["en-GB", "nl-NL"]] = {"en": "en-GB", "nl": "nl-NL"}
"""How axes write numbers."""


class Renderer:
    """Renders specifications once per snapshot version, one at a time: the converter holds one JavaScript engine."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._lock = threading.Lock()

    def svg(self, place: tuple[str, ...], make: Callable[[], Chart], language: Language) -> str:
        """The chart at a place as SVG text; it is made only when it is not kept. What `make` raises is passed on."""
        with self._lock:
            if place not in self._kept:
                self._kept[place] = render(make().specification, language)
                while len(self._kept) > KEPT_MAXIMUM:
                    self._kept.popitem(last=False)
            return self._kept[place]


def render(specification: Specification, language: Language) -> str:
    """SVG without scripts and inline styles, one image to screen readers; nothing is fetched from anywhere."""
    return vl_convert.vegalite_to_svg(specification, allowed_base_urls=[], format_locale=FORMAT_LOCALES[language.code]).replace(
        "<svg ", '<svg role="img" ', 1
    )
