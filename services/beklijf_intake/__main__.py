"""`python -m beklijf_intake COMMAND`: api, relay, migrate, republish, state-hash, dlq, openapi, sender, questionnaire, mapping."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from beklijf_intake import api, app
from beklijf_intake.commands import mappings as mapping_command
from beklijf_intake.commands import questionnaires as questionnaire_command
from beklijf_intake.commands import senders as sender_command
from beklijf_intake.settings import Intake
from beklijf_shared import commands
from beklijf_shared.settings import SettingMissing, Settings


def openapi(_: Settings, __: argparse.Namespace) -> int:
    """Prints the OpenAPI of the FHIR door; no database is asked."""
    print(json.dumps(api.application().openapi()))
    return 0


def sender(settings: Settings, options: argparse.Namespace) -> int:
    """Registers, lists and changes senders; prints a JSON object a line, and says on standard error why it did not."""
    try:
        for line in sender_command.run(settings, options):
            print(json.dumps(line, ensure_ascii=False))
    except sender_command.Refused as refused:
        print(f"beklijf_intake: {refused}", file=sys.stderr)
        return 1
    return 0


def questionnaire(arguments: list[str]) -> int:
    """Says of forms what is checked and what is not, and on standard error why it cannot."""
    try:
        lines, status = questionnaire_command.run(arguments)
    except questionnaire_command.Refused as refused:
        print(f"beklijf_intake: {refused}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return status


def mapping(arguments: list[str]) -> int:
    """Says what a mapping makes of a sample, and on standard error why it cannot."""
    try:
        lines, status = mapping_command.run(arguments)
    except (mapping_command.Refused, SettingMissing) as refused:
        print(f"beklijf_intake: {refused}", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return status


def check(arguments: list[str]) -> int:
    """Says which setting keeps the FHIR door from starting, before anything is started; 0 when nothing does."""
    if arguments[:1] == ["api"]:
        try:
            Intake.of(Settings.from_environment("intake"))
        except SettingMissing as missing:
            print(f"beklijf_intake: {missing}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["questionnaire"]:  # needs neither a database nor any other setting
        sys.exit(questionnaire(sys.argv[2:]))
    if sys.argv[1:2] == ["mapping"]:  # a check needs no database
        sys.exit(mapping(sys.argv[2:]))
    tasks = {"openapi": ("print the OpenAPI of the FHIR door", openapi), "sender": ("register, list and change senders", sender)}
    service = dataclasses.replace(app.SERVICE, tasks=tasks, arguments={"sender": sender_command.arguments})
    sys.exit(check(sys.argv[1:]) or commands.main(service))
