"""Narrative (`text.div`): XHTML that can do nothing but be read (FHIR R4, Narrative).

Scripts, event handlers, forms, external images and document types are refused. We never render a narrative; whoever gets
the resource from us later might.
"""

from __future__ import annotations

import re
from xml.parsers import expat

_NAMESPACE = "http://www.w3.org/1999/xhtml"
_TAGS = frozenset(
    "a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre q samp"
    " small span strong sub sup table tbody td tfoot th thead tr tt ul var".split()
)
_ATTRIBUTES = frozenset(
    "abbr accesskey align alt axis border cellpadding cellspacing char charoff charset cite class colspan compact coords dir frame headers"
    " height href hreflang hspace id lang longdesc name nowrap rel rev rowspan rules scope shape span src start style summary tabindex"
    " title type valign value vspace width xml:lang xmlns".split()
)
_LINK = re.compile(r"(?:#|https?://|mailto:)\S*", re.IGNORECASE)
_IMAGE = re.compile(r"#\S+|data:image/(?:png|gif|jpeg);base64,[A-Za-z0-9+/=]+")
_STYLE = re.compile(r"[A-Za-z0-9 :;#%.,!-]*")  # no bracket, no backslash: no url(), no expression()


class _Unsafe(Exception):
    pass


def complaint(text: str) -> str | None:
    """None for a safe narrative, else what is wrong with it."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.ProcessingInstructionHandler = reader.instruction
    try:
        parser.Parse(text, True)
    except _Unsafe as unsafe:
        return str(unsafe)
    except expat.ExpatError:
        return "must be well-formed XHTML: every tag closed, every attribute quoted, no named entities but the five of XML"
    return None if reader.says_something else "must hold some text or an image"


class _Reader:
    def __init__(self) -> None:
        self.at_root = True
        self.says_something = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.at_root and (tag != "div" or attributes.get("xmlns") != _NAMESPACE):
            raise _Unsafe(f'must be one <div xmlns="{_NAMESPACE}">')
        self.at_root = False
        if tag not in _TAGS:
            raise _Unsafe("holds a tag that FHIR does not allow in a narrative (scripts, forms, frames, objects, styles)")
        self.says_something |= tag == "img"
        for name, value in attributes.items():
            _check_attribute(tag, name, value)

    def characters(self, text: str) -> None:
        self.says_something |= not text.isspace()

    def doctype(self, *_: object) -> None:
        raise _Unsafe("must not hold a document type or entities")

    def instruction(self, *_: object) -> None:
        raise _Unsafe("must not hold processing instructions")


def _check_attribute(tag: str, name: str, value: str) -> None:
    if name not in _ATTRIBUTES or (name == "xmlns" and value != _NAMESPACE):
        raise _Unsafe("holds an attribute that FHIR does not allow in a narrative (event handlers and the like)")
    if name in ("href", "cite", "longdesc") and not _LINK.fullmatch(value):
        raise _Unsafe("holds a link that is neither http, https, mailto nor a place in the same text")
    if name == "src" and (tag != "img" or not _IMAGE.fullmatch(value)):
        raise _Unsafe("holds an image from elsewhere; only images within the resource are allowed")
    if name == "style" and (not _STYLE.fullmatch(value) or "expression" in value.lower()):
        raise _Unsafe("holds a style that does more than style")
