"""events tail: what the services tell each other, as it goes by."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from beklijf.commands.running import console
from beklijf.elsewhere import Addressed, running_system
from beklijf_shared import bus
from beklijf_shared.ids import new_id
from beklijf_shared.topics import BY_NAME, TOPICS

BATCH = 500
POLL_MS = 500

app = typer.Typer(no_args_is_help=True, help="Look at the events.")


@app.callback()
def events() -> None:
    """Look at the events."""


@app.command()
def tail(
    topic: Annotated[str | None, typer.Argument(help="A topic, or a part of its name; all topics when left out.")] = None,
    *,
    follow: Annotated[bool, typer.Option(help="Go on as events come, until Ctrl-C.")] = True,
    headers: Annotated[bool, typer.Option(help="Show the CloudEvents attributes too.")] = False,
) -> None:
    """Print the events that the broker holds, one JSON object per line, oldest first, and then those that come."""
    names = [one.name for one in TOPICS if topic is None or topic in one.name]
    if not names:
        raise LookupError(f"no topic has {topic!r} in its name; there are: {', '.join(one.name for one in TOPICS)}")
    with contextlib.suppress(KeyboardInterrupt):
        for record in _records(running_system(), names, follow=follow):
            console.print(_line(record, headers=headers), markup=False)


def newest(local: Addressed, topic: str) -> list[dict[str, Any]]:
    """The newest state of each entity of one topic, as the broker holds it now."""
    states: dict[str, dict[str, Any]] = {}
    for record in _records(local, [topic], follow=False):
        event = json.loads(record.value or b"{}")
        entity = "/".join(str(event[field]) for field in BY_NAME[topic].entity)
        if event["version"] >= states.get(entity, event)["version"]:
            states[entity] = event
    return list(states.values())


def _records(local: Addressed, names: list[str], *, follow: bool) -> Iterator[bus.Polled]:
    # A group of its own: a reader must never take partitions away from a service.
    consumer = bus.Consumer(local.bootstrap, local.kafka_profile, f"beklijf-tail-{new_id()}", names, BATCH)
    try:
        while True:
            records = consumer.poll(POLL_MS, dict)
            yield from records
            # How far the log goes is known only once a fetch has been answered, hence an empty poll first.
            if not follow and not records and consumer.assignment() and not any(consumer.behind().values()):
                return
    finally:
        consumer.close()


def _line(record: bus.Polled, *, headers: bool) -> str:
    line: dict[str, object] = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    if headers:
        line["headers"] = {name: value.decode(errors="replace") for name, value in record.headers}
    try:
        line["event"] = json.loads(record.value or b"null")
    except ValueError:
        line["value"] = (record.value or b"").decode(errors="replace")
    return json.dumps(line)
