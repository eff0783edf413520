"""P-01: whatever is sent by whichever route, nobody is told that it is stored before COMMIT returned.

The routes are read off the application, so a new one is put to the same test, or the module fails.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import psycopg
import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from psycopg import sql
from sqlalchemy import event

from beklijf_intake import api
from beklijf_intake.senders.registrar import Wish
from beklijf_shared import db
from tests.lib import builders
from tests.lib.databases import Databases, plain
from tests.lib.located import id_of
from tests.lib.senders import ASSERTION_TYPE, FORM, public, rsa
from tests.lib.server_door import ServerDoor, opened

AUTHORED = "2014-03-03T10:00:00+01:00"
STORED = {
    "Patient": builders.patient("p1"),
    "EpisodeOfCare": builders.episode("e1"),
    "Consent": builders.consent("c1"),
    "QuestionnaireResponse": builders.vas("a1", 40, authored=AUTHORED),
}
CHANGED = {
    "Patient": builders.patient("p1", born="1971"),
    "EpisodeOfCare": builders.episode("e1", status="finished", ended="2014-05-01"),
    "Consent": builders.consent("c1", refuses="use"),
    "QuestionnaireResponse": builders.vas("a1", 41, authored=AUTHORED, status="amended"),
}
FRESH = {
    "Patient": builders.patient("p2"),
    "EpisodeOfCare": builders.episode("e2", t0="2015-03-03"),
    "Consent": builders.consent("c2"),
    "QuestionnaireResponse": builders.vas("a2", 50, authored=AUTHORED),
}
ASKS_ONLY = ("$validate", "_search", "$reconcile", "$bulk-submit-status")
LOST = db.DBAPIError("COMMIT", None, psycopg.OperationalError("the connection is lost"), connection_invalidated=True)
REFUSED = db.DBAPIError("COMMIT", None, psycopg.errors.RestrictViolation("a deferred constraint does not hold"))


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and address by which something can be changed."""
    found = {(method, one.path) for one in app.routes if isinstance(one, APIRoute) for method in one.methods or ()}
    assert all(isinstance(one, APIRoute) for one in app.routes)
    return sorted((method, path) for method, path in found if method not in ("GET", "HEAD"))


@dataclass(eq=False)
class Commits:
    """Every commit of an engine; raises instead while it has something to raise."""

    raises: Exception | None = None

    def __call__(self, _: object) -> None:
        if self.raises is not None:
            raise self.raises


@dataclass
class World:
    """A door behind which something is stored already, so that every route has something to do."""

    door: ServerDoor
    commits: Commits
    look: psycopg.Connection
    bearer: dict[str, str]
    ids: dict[str, str]

    def contents(self) -> dict[str, str | None]:
        """A digest of every table."""
        tables = self.look.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        digest = "SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {} AS t"
        rows = {name: self.look.execute(sql.SQL(digest).format(sql.Identifier(name))).fetchone() for (name,) in tables}
        return {name: row[0] for name, row in rows.items() if row}

    def send(self, method: str, path: str, body: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
        """One request of a sender that may do everything."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.door.client.request(method, path, content=content, headers={**self.bearer, **headers})

    def answers(self, method: str, path: str) -> list[httpx.Response]:
        """What is said to a proper request by this route: to one of each kind, where it takes several."""
        last = path.rpartition("/")[2]
        if path == "/fhir":
            return [self.send(method, path, bundle(kind)) for kind in ("batch", "transaction")]
        if path == "/fhir/auth/token":
            form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "scope": "system/*.cruds"}
            return [self.door.client.post(path, data={**form, "client_assertion": self.door.assertion("hospital", rsa(1))}, headers=FORM)]
        if "$import" in path or "$bulk" in path:
            return [self._archive(method, path)]
        if last == "$reconcile":
            return [self.send(method, path, b"type,identifier,sha256\n", **{"Content-Type": "text/csv"})]
        if last == "_search":
            return [self.send(method, path, b"_count=1", **FORM)]
        return [self._resource(method, path)]

    def _archive(self, method: str, path: str) -> httpx.Response:
        submitter = {"system": "https://hospital.example", "value": "us"}
        named = [{"name": "submitter", "valueIdentifier": submitter}, {"name": "submissionId", "valueString": "s1"}]
        if path.endswith("$bulk-submit"):
            named.append({"name": "manifestUrl", "valueUrl": "https://hospital.example/m.json"})
            named.append({"name": "fhirBaseUrl", "valueUrl": "https://hospital.example/fhir"})
        if "$bulk" in path:
            return self.send(method, path, {"resourceType": "Parameters", "parameter": named})
        lines = json.dumps(FRESH["Patient"]).encode()
        return self.send(method, path.format(id=self.ids["$import"]), lines, **{"Content-Type": "application/fhir+ndjson"})

    def _resource(self, method: str, path: str) -> httpx.Response:
        type_ = path.split("/")[2]
        one = CHANGED[type_] if "{id}" in path else FRESH[type_]
        identifier = one["identifier"][0] if isinstance(one["identifier"], list) else one["identifier"]
        address = path.format(id=self.ids[type_])
        if method == "PUT" and "{id}" not in path:
            address += f"?identifier={identifier['system']}|{identifier['value']}"
        told = {**one, "id": self.ids[type_]} if "{id}" in path else one
        return self.send(method, address, told)


def bundle(kind: str) -> dict[str, Any]:
    """Two new answers."""
    answers = [builders.vas(f"{kind}-{number}", 30, authored=AUTHORED) for number in range(2)]
    entries = [{"resource": one, "request": {"method": "POST", "url": "QuestionnaireResponse"}} for one in answers]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = databases("intake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEKLIJF_SPOOL", str(tmp_path_factory.mktemp("spool")))
        patch.setenv("BEKLIJF_IMPORT_SOURCES", "hospital.example")
        with opened(url) as door, psycopg.connect(plain(url), autocommit=True) as look:
            door.register("hospital", "11111111", public(rsa(1)), Wish(scopes="system/*.cruds"))
            made = World(door, Commits(), look, door.as_sender("hospital", rsa(1)), {})
            for type_, one in STORED.items():
                made.ids[type_] = id_of(made.send("POST", f"/fhir/{type_}", one))
            taken = made.send("POST", "/fhir/$import", b"{}\n", **{"Content-Type": "application/fhir+ndjson"})
            made.ids["$import"] = Path(taken.headers["Content-Location"]).name
            event.listen(door.engine, "commit", made.commits)
            yield made
            made.commits.raises = None


@pytest.mark.parametrize(("method", "path"), routes(api.application()), ids=lambda value: value)
def test_no_route_says_stored_when_the_commit_failed(world: World, method: str, path: str) -> None:
    before = world.contents()

    world.commits.raises = LOST
    while_lost = world.answers(method, path)
    world.commits.raises = REFUSED
    while_refused = world.answers(method, path)
    world.commits.raises = None
    meanwhile = world.contents()
    afterwards = world.answers(method, path)

    assert {said(answer) for answer in while_lost} == {(503, "temporarily_unavailable" if path == "/fhir/auth/token" else "transient")}
    assert {said(answer) for answer in while_refused} == {(500, "server_error" if path == "/fhir/auth/token" else "exception")}
    assert all("retry-after" in answer.headers for answer in while_lost)
    assert meanwhile == before
    assert [answer.text for answer in afterwards if not answer.is_success] == []
    assert (world.contents() != before) is not path.endswith(ASKS_ONLY)


def said(answer: httpx.Response) -> tuple[int, str]:
    """The status, and the issue code of the OperationOutcome; the token endpoint speaks OAuth."""
    body = answer.json()
    return answer.status_code, str(body["error"] if "error" in body else body["issue"][0]["code"])


def yielding(dependants: Iterable[Dependant]) -> list[str]:
    """The dependencies that do something after the answer has left: a commit there would be too late."""
    found = []
    for one in dependants:
        call = getattr(one.call, "__call__", one.call)  # noqa: B004 an object that is called is looked through
        if any(test(each) for test in (inspect.isgeneratorfunction, inspect.isasyncgenfunction) for each in (one.call, call)):
            found.append(getattr(one.call, "__name__", repr(one.call)))
        found += yielding(one.dependencies)
    return found


def of_routes(app: FastAPI) -> list[str]:
    """Of all routes of an application, with what its routers add to each."""
    return yielding(dependant for one in app.routes if isinstance(one, APIRoute) for dependant in one.dependant.dependencies)


def test_no_route_depends_on_anything_that_goes_on_after_the_answer() -> None:
    assert of_routes(api.application()) == []


async def session() -> Any:
    """What the most copied pattern does: it would commit when it goes on."""
    yield "a session"


def unit_of_work(found: Annotated[Any, Depends(session)]) -> Any:
    """One that does not yield itself, and depends on one that does."""
    return found


def test_the_gate_sees_one_that_does_however_deep() -> None:
    app = FastAPI(dependencies=[Depends(unit_of_work)])
    app.add_api_route("/", lambda: None)

    assert of_routes(app) == ["session"]
