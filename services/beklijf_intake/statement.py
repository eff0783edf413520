"""The CapabilityStatement (FHIR R4): what this server can, read off its routes, so that it can never claim more or less."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from beklijf_intake import definitions
from beklijf_intake.domain.search import parameters as search
from beklijf_intake.domain.search.parameters import Parameter
from beklijf_shared import capability
from beklijf_shared.capability import as_markdown

INTERACTIONS = {
    ("GET", "/{}"): "read",
    ("GET", "/{}/_history/{}"): "vread",
    ("PUT", "/{}"): "update",
    ("PATCH", "/{}"): "patch",
    ("DELETE", "/{}"): "delete",
    ("GET", "/{}/_history"): "history-instance",
    ("GET", "/_history"): "history-type",
    ("POST", ""): "create",
    ("GET", ""): "search-type",
}
"""Of a resource type, by method and path below its own address (R4, type-restful-interaction)."""
OF_HL7 = {"validate": "http://hl7.org/fhir/OperationDefinition/Resource-validate"}
_VARIABLE = re.compile(r"\{[^}]*\}")
_BELOW = re.compile(r"/([A-Z][A-Za-z]+)(|/.*)")

Resource = dict[str, Any]
Routes = Collection[tuple[str, str]]


def capability_statement(routes: Routes, root: str, base: str, *, address: str, security: Resource) -> Resource:
    """The statement for these (method, path) pairs below `root`.

    `base` is that of our canonicals; `address` is where the sender finds this server; `security` says how it proves who it is.
    """
    below = {(method, _VARIABLE.sub("{}", path.removeprefix(root))) for method, path in routes if path.startswith(root)}
    types = sorted({found[1] for _, path in below if (found := _BELOW.fullmatch(path))})
    rest: Resource = {
        "mode": "server",
        "documentation": (
            "A sender sees its own organisation's resources only. References are logical (by identifier) by preference. "
            "A resource is known by its one identifier: a create with a known identifier stores a further version of it."
        ),
        "security": security,
        "resource": [_resource(type_, below, base) for type_ in types],
    }
    if ("POST", "") in below:
        rest["interaction"] = [{"code": "transaction"}, {"code": "batch"}]
    operations = sorted({path[2:] for _, path in below if path.startswith("/$") and path.count("/") == 1})
    if operations:
        rest["operation"] = [_operation(name, base) for name in operations]
    return capability.statement("intake", base=base, title="intake of an outcome registry", address=address, rest=rest)


def _resource(type_: str, below: Routes, base: str) -> Resource:
    codes = [code for (method, path), code in INTERACTIONS.items() if (method, f"/{type_}{path}") in below]
    found: Resource = {
        "type": type_,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{type_}",
        "documentation": as_markdown(" ".join(_says(type_, codes))),
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned",
        "readHistory": "vread" in codes,
        "updateCreate": False,
        "conditionalCreate": "create" in codes,
        "conditionalRead": "not-match" if type_ in definitions.TYPES else "full-support",
        "conditionalUpdate": ("PUT", f"/{type_}") in below,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical", "enforced", "local"],
    }
    if "search-type" in codes:
        found["searchInclude"] = list(_of(search.INCLUDES, type_, ()))
        found["searchParam"] = [_parameter(one) for one in searched(type_)]
    found["operation"] = [_operation(name, base) for name in _operations(type_, below)]
    return {name: value for name, value in found.items() if value not in ([], "")}


def searched(type_: str) -> Sequence[Parameter]:
    """What a type can be searched by."""
    return definitions.parameters(type_) if type_ in definitions.TYPES else _of(search.PARAMETERS, type_, ())


def _of(table: Any, type_: str, otherwise: Any) -> Any:
    return table.get(type_, otherwise)


def _says(type_: str, codes: Sequence[str]) -> Iterator[str]:
    """What the elements of a CapabilityStatement have no place for."""
    if "create" in codes:
        yield (
            "A condition (If-None-Exist, or the query of an update) may use all search parameters of this type; it names an identifier, an"
            " _id or a patient, and finds one resource at most (else 412). A reference by search is by identifier=<system>|<value>."
        )
        yield "An update may carry If-Match; all versions are kept."
    if "search-type" not in codes:
        return
    if type_ in definitions.TYPES:
        yield from (f"{name}: {text}." for name, text in definitions.RESULT_PARAMETERS.items())
        return
    yield from (f"{name}: {text}." for name, text in search.RESULT_PARAMETERS.items() if name not in ("_include", "_query"))
    yield f"It is sorted by {', '.join(_of(search.SORTS, type_, ()))}."
    yield from (f"_query={name}: {text}." for name, text in _of(search.NAMED_QUERIES, type_, {}).items())


def _parameter(one: Parameter) -> Resource:
    modifiers = f" Modifiers: {', '.join(one.modifiers)}." if one.modifiers else ""
    says = f"{one.says[0].upper()}{one.says[1:]}.{modifiers}"
    return {"name": one.name, "definition": one.definition, "type": one.kind, "documentation": as_markdown(says)}


def _operations(type_: str, below: Routes) -> list[str]:
    """The operations of a type, on itself or on one of its resources."""
    places = (f"/{type_}/$", f"/{type_}/{{}}/$")
    return sorted({path.removeprefix(place) for _, path in below for place in places if path.startswith(place)})


def _operation(name: str, base: str) -> Resource:
    return {"name": name, "definition": OF_HL7.get(name, f"{base}/OperationDefinition/{name}")}
