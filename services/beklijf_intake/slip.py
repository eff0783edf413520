"""A receipt as it is handed out: as JSON, and as FHIR Parameters with the same names. How the told answers count, reporting says."""

from __future__ import annotations

from typing import Any

from beklijf_intake.domain.receipt import DIFFERENT, STANDINGS, Receipt
from beklijf_shared.parameters import parameters

Document = dict[str, Any]


def as_json(receipt: Receipt) -> Document:
    """The receipt with its sums spelled out: sent = accepted + duplicate + refused; accepted answers = draft + superseded + told."""
    opening, types = receipt.opening, receipt.accepted_by_type
    return {
        "receipt": receipt.id,
        "kind": opening.kind,
        "organisation": receipt.organisation,
        "day": opening.day.isoformat(),
        "started": opening.started.isoformat().replace("+00:00", "Z"),
        "total": opening.total,
        "complete": receipt.is_complete,
        "sent": receipt.sent,
        "accepted": receipt.accepted,
        "duplicate": receipt.duplicate,
        "duplicate_different": receipt.counts.get(DIFFERENT, 0),
        "refused": receipt.refused,
        "refused_by_code": receipt.refused_by_code,
        "accepted_by_type": types,
        "answers": {"accepted": types.get("QuestionnaireResponse", 0), **{name: receipt.counts.get(name, 0) for name in STANDINGS}},
    }


def as_parameters(receipt: Receipt) -> Document:
    """The same as FHIR R4 Parameters."""
    return parameters(as_json(receipt))
