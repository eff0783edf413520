"""The FHIR door: its routes, one module for each kind of request. Decides nothing; every answer is FHIR, also when something is wrong.

A module adds its own routes in `add`; `door` is what they share.
"""

from __future__ import annotations

from fastapi import FastAPI

from beklijf_intake import exchange
from beklijf_intake.api import (
    bundles,
    definitions,
    errors,
    history,
    imports,
    metadata,
    reading,
    receipts,
    reconcile,
    resources,
    searching,
    submissions,
    token,
    validate,
)
from beklijf_intake.api.door import ROOT, Answer, Current, Door
from beklijf_shared import http

__all__ = ["ROOT", "Answer", "Current", "Door", "application"]


def application() -> FastAPI:
    """The routes; `app.state.door` must be set before the first request."""
    app = http.application("Beklijf intake: FHIR R4")
    app.add_middleware(exchange.AddressGate)
    for each in (
        resources,
        validate,
        bundles,
        imports,
        submissions,
        searching,
        history,
        reading,
        receipts,
        reconcile,
        definitions,
        metadata,
        token,
        errors,
    ):
        each.add(app)
    return app
