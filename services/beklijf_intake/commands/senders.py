"""`python -m beklijf_intake sender ...`: the operator's words for what `registrar` does."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from beklijf_intake.domain.registration import RegistrationRefused
from beklijf_intake.domain.scopes import USUAL
from beklijf_intake.senders import keys, registrar
from beklijf_intake.senders.registrar import Proof, Wish
from beklijf_intake.store import senders as store
from beklijf_shared import db
from beklijf_shared.clock import Clock, from_environment, instant_text
from beklijf_shared.settings import Settings, secret

Line = Mapping[str, Any]


class Refused(Exception):
    """It was not done; the text says why, for the operator."""


def arguments(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    kinds = command.add_subparsers(required=True, metavar="WHAT", dest="what")
    add = kinds.add_parser("add", help="register a new sender")
    add.add_argument("id", help="its client id, like hospital-one")
    add.add_argument("--organisation", required=True, help="the URA of the organisation that it sends for, eight digits")
    _add_wish(add)
    _add_proof(add)
    listed = kinds.add_parser("list", help="a line per sender; no secret is kept, so none is shown")
    listed.add_argument("--changes", action="store_true", help="a line per change instead, oldest first")
    change = kinds.add_parser("change", help="change what a sender may do")
    change.add_argument("id")
    _add_wish(change)
    rotate = kinds.add_parser("rotate", help="give a sender new keys")
    rotate.add_argument("id")
    rotate.add_argument("--keep", action="store_true", help="keep the old keys beside the new ones, until the sender has changed over")
    _add_proof(rotate)
    for what, says in (("disable", "a sender may no longer send, within a second"), ("enable", "a sender may send again")):
        kinds.add_parser(what, help=says).add_argument("id")


def _add_wish(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", help="how people call it")
    command.add_argument("--scopes", help=f"SMART scopes in one argument; usually: {USUAL}")
    command.add_argument("--unversioned", help="answers to a questionnaire without version: refuse (usual), only-known, or a version")
    command.add_argument("--pseudonymise", action="append", metavar="SYSTEM", help="an identifier system whose values are never kept")


def _add_proof(command: argparse.ArgumentParser) -> None:
    proof = command.add_mutually_exclusive_group(required=True)
    proof.add_argument("--keys", metavar="FILE", help="public keys: a JWKS, or one key in PEM; - for standard input")
    proof.add_argument("--keys-url", metavar="URL", help="the https address of a JWKS")
    proof.add_argument("--generate-key", metavar="FILE", help="make a key pair for trying out, and write the private key to this new file")


def run(settings: Settings, options: argparse.Namespace, clock: Clock | None = None) -> Iterator[Line]:
    """Does it, and gives the lines to print; raises Refused."""
    now = (clock or from_environment())()
    private = os.environ.get("BEKLIJF_PRIVATE_NETWORKS", "") == "yes"
    with db.opened(settings.database_url) as engine, db.transaction(engine) as connection:
        try:
            match options.what:
                case "list" if options.changes:
                    for one in store.changes(connection):
                        yield {"sender": one.sender, "at": instant_text(one.at), "what": one.what, **one.told}
                case "list":
                    yield from map(registrar.shown, store.everybody(connection))
                case "add":
                    proof, wish = _proof(options), _wish(options)
                    added = registrar.add(connection, options.id, options.organisation, wish, proof, now, private_networks=private)
                    yield registrar.shown(added)
                case "change":
                    yield registrar.shown(registrar.change(connection, options.id, _wish(options), now))
                case "rotate":
                    proof = _proof(options)
                    yield registrar.shown(registrar.rotate(connection, options.id, proof, now, keep=options.keep, private_networks=private))
                case what:
                    yield registrar.shown(registrar.enable(connection, options.id, what == "enable", now))
        except RegistrationRefused as refused:
            raise Refused(str(refused)) from None


def _wish(options: argparse.Namespace) -> Wish:
    if options.pseudonymise and not secret(os.environ, "BEKLIJF_IDENTIFIER_KEY") and os.environ.get("BEKLIJF_PROFILE") != "laptop":
        raise Refused("BEKLIJF_IDENTIFIER_KEY is not set, nor BEKLIJF_IDENTIFIER_KEY_FILE: without it no pseudonym can be made")
    return Wish(options.name, options.scopes, options.unversioned, options.pseudonymise)


def _proof(options: argparse.Namespace) -> Proof:
    if options.keys_url is not None:
        return Proof(url=options.keys_url)
    if options.generate_key is not None:
        return Proof(keys=_generated(Path(options.generate_key)))
    if options.keys == "-":
        return Proof(keys=sys.stdin.buffer.read())
    try:
        return Proof(keys=Path(options.keys).read_bytes())
    except OSError:
        raise Refused("the file of keys cannot be read") from None


def _generated(file: Path) -> bytes:
    """A new key pair: the private half in a file that only its owner reads and that was not there before."""
    private, jwks = keys.new_key_pair()
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(private)
    except OSError:
        raise Refused("the private key is written to a new file only, in a folder that can be written") from None
    return json.dumps(jwks).encode()
