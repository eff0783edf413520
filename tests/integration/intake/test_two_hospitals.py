"""Every route asks who sends and what may be done, and none shows one hospital anything of another: whatever routes there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from beklijf_intake.senders.registrar import Wish
from tests.lib import builders
from tests.lib.databases import Databases
from tests.lib.located import id_of, place_of
from tests.lib.senders import public, rsa
from tests.lib.server_door import ServerDoor, opened

MARK = "mark-of-the-first-hospital"
"""Part of every identifier that the first hospital sends."""
OPEN = {("GET", "/fhir/metadata"), ("GET", "/fhir/.well-known/smart-configuration"), ("POST", "/fhir/auth/token")}
RESOURCES = [
    builders.patient(f"p-{MARK}"),
    builders.episode(f"e-{MARK}", of=f"p-{MARK}", t0="2014-01-01"),
    builders.consent(f"c-{MARK}", of=f"p-{MARK}"),
    builders.vas(f"a-{MARK}", 40, of=f"p-{MARK}", authored="2014-03-03T10:00:00+01:00"),
]
VARIABLE = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def door(databases: Databases) -> Iterator[ServerDoor]:
    """Two hospitals, and a sender that may do nothing that is asked here."""
    with opened(databases("intake")) as running:
        running.register("first", "11111111", public(rsa(1)), Wish(scopes="system/*.cruds"))
        running.register("second", "22222222", public(rsa(2)), Wish(scopes="system/*.cruds"))
        running.register("nothing", "11111111", public(rsa(3)), Wish(scopes="system/Basic.d"))
        yield running


def routes(door: ServerDoor) -> list[tuple[str, str]]:
    """Every method and address there is."""
    found = {(method, one.path) for one in door.app.routes for method in getattr(one, "methods", ()) if method != "HEAD"}
    return sorted(found)


def asked(door: ServerDoor, method: str, path: str, headers: dict[str, str], **ids: str) -> Any:
    """The answer to a request there, with these ids in the address."""
    address = VARIABLE.sub(lambda variable: ids.get(variable[1], "1"), path)
    body = {"content": "{}"} if method in ("POST", "PUT") else {}
    return door.client.request(method, address, headers={"Content-Type": "application/fhir+json", **headers}, **body)


def test_every_route_asks_who_sends(door: ServerDoor) -> None:
    closed = [route for route in routes(door) if route not in OPEN]

    open_after_all = [route for route in closed if asked(door, *route, {}).status_code != 401]

    assert len(closed) > 30
    assert open_after_all == []


def test_every_route_asks_what_may_be_done(door: ServerDoor) -> None:
    nobody = door.as_sender("nothing", rsa(3))
    closed = [route for route in routes(door) if route not in OPEN and route != ("POST", "/fhir")]

    allowed = [route for route in closed if asked(door, *route, nobody).status_code != 403]

    assert allowed == []


def test_no_route_shows_one_hospital_anything_of_another(door: ServerDoor) -> None:
    first, second = door.as_sender("first", rsa(1)), door.as_sender("second", rsa(2))
    ids, versions = {}, {}
    for one in RESOURCES:
        created = door.client.post(f"/fhir/{one['resourceType']}", content=json.dumps(one), headers=first)
        assert created.status_code == 201, created.text
        ids[one["resourceType"]] = id_of(created)
        versions[one["resourceType"]] = created.headers["etag"].strip('W/"')
    reading = [(method, path) for method, path in routes(door) if method == "GET" and "{" in path and path.split("/")[2] in ids]

    shown, refused = {}, {}
    for method, path in reading:
        type_ = path.split("/")[2]
        shown[path] = MARK in asked(door, method, path, first, id=ids[type_], version=versions[type_]).text
        answer = asked(door, method, path, second, id=ids[type_], version=versions[type_])
        refused[path] = (answer.status_code, MARK in answer.text)

    assert len(reading) >= len(RESOURCES)
    assert set(shown.values()) == {True}, shown
    assert set(refused.values()) == {(404, False)}, refused


def test_no_search_finds_what_another_hospital_holds(door: ServerDoor) -> None:
    second = door.as_sender("second", rsa(2))
    found = []
    for one in RESOURCES:
        given = one["identifier"][0] if isinstance(one["identifier"], list) else one["identifier"]
        for query in ("", f"?identifier={given['system']}|{given['value']}"):
            answer = door.client.get(f"/fhir/{one['resourceType']}{query}", headers=second)
            found.append((answer.status_code, MARK in json.dumps(answer.json().get("entry", []))))

    assert set(found) == {(200, False)}


def test_nobody_changes_what_another_hospital_holds(door: ServerDoor) -> None:
    first, second = door.as_sender("first", rsa(1)), door.as_sender("second", rsa(2))
    changed = []
    for one in RESOURCES:
        created = door.client.post(f"/fhir/{one['resourceType']}", content=json.dumps(one), headers=first)
        place = place_of(created)
        mine = door.client.put(f"/fhir/{place}", content=json.dumps({**one, "id": id_of(created)}), headers=second)
        same_name = door.client.post(f"/fhir/{one['resourceType']}", content=json.dumps(one), headers=second)
        changed.append((mine.status_code, same_name.status_code, place_of(same_name) == place))

    assert set(changed) == {(404, 201, False)}
