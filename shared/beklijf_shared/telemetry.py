"""Logs from a closed vocabulary and metrics: nothing free-form can leave, so nothing that identifies can.

A log line is one of `Log` with the fields listed for it; any other field is dropped. One JSON object per line on stderr.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from operator import add
from typing import Any, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

FIELDS = frozenset(
    [
        "topic",
        "count",
        "duplicate",
        "stale",
        "rejected",
        "reason",
        "error",
        "incarnation",
        "partition",
        "port",
        "seconds",
        "command",
        "status",
        "method",
        "route",
        "cohort",
        "version",
        "unsent",
        "partitions",
        "waiting_for",
        "signal",
        "day",
        "attempt",
        "organisation_count",
        "contract",
        "codes",
    ]
)
"""The fields a log line may carry; values are numbers or short codes, never an identifier, an answer or a text somebody typed."""


class Log(Enum):
    """Every line that Beklijf logs: name, level, sentence."""

    PROCESS_STARTED = ("info", "process started")
    PROCESS_STOPPING = ("info", "process is stopping")
    PROCESS_STOPPED = ("info", "process stopped")
    PROCESS_FAILED = ("error", "process ends because of an error")
    INSTRUMENTS_PLANNED = ("info", "a contract names instruments that are not here yet: answers to them are refused")
    RESCORE_DUE = (
        "warning",
        "everybody was derived by other instruments, protocols or rules; `rescore --plan` says what differs",
    )
    FORM_NOT_WHOLE = ("info", "a Questionnaire is checked in part; `questionnaire show` says which part is not")
    NOT_READY = ("warning", "waiting for what is missing")
    BROKER_MET = ("info", "met a broker incarnation")
    BROKER_LOST = ("warning", "the broker does not answer; will try again")
    DATABASE_LOST = ("warning", "the database does not answer; will try again")
    REPUBLISHING = ("info", "another broker than before: all current states are sent again")
    BATCH_APPLIED = ("debug", "batch applied")
    BATCH_HALVED = ("warning", "a batch could not be applied as a whole; looking for the culprit")
    MESSAGES_DEAD = ("warning", "messages became dead letters")
    OFFSETS_NOT_COMMITTED = ("warning", "the group's offsets were not committed; the effect is stored, so nothing is lost")
    BATCH_SENT = ("debug", "batch sent and acknowledged")
    SEND_FAILED = ("warning", "a send failed or timed out; a new producer resends")
    MESSAGE_TOO_LARGE = ("error", "a state is too large for the broker and was put aside")
    STALLED = ("error", "a partition has records but does not move; the process ends to be restarted")
    RELAY_STANDS_BY = ("info", "another relay is active; standing by")
    REQUEST_FAILED = ("error", "a request failed unexpectedly")
    WRITE_RETRIED = ("warning", "a shared commit failed; its requests are tried one by one")
    KEYS_NOT_FETCHED = ("warning", "the keys of a sender could not be fetched from where they are published")
    IMPORTER_STANDS_BY = ("info", "another importer is active; standing by")
    IMPORT_FILE_DONE = ("info", "a file of an archive has gone in")
    IMPORT_INTERRUPTED = ("warning", "an import was interrupted; it goes on where it was")
    SNAPSHOT_TAKEN = ("debug", "snapshot taken")
    DAY_TURNED = ("info", "the daily tick derived what changes with the date")
    RECOUNTED = ("info", "cells were counted anew")


def exposed(others: Sequence[bytes] = ()) -> bytes:
    """All metrics as Prometheus reads them, added to those of other processes that answer for the same port.

    Counts and times are sums; of a gauge the least is shown, because ready is what all are.
    """
    if not others:
        return generate_latest(REGISTRY)
    return generate_latest(cast("CollectorRegistry", _Sum([generate_latest(REGISTRY), *others])))


class _Sum:
    """What several processes have exposed, as one."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        """The metrics, in the order of the first that has each."""
        families: dict[str, Metric] = {}
        values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for text in self._texts:
            for family in text_string_to_metric_families(text.decode()):
                families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                known = values.setdefault(family.name, {})
                for sample in family.samples:
                    key = sample.name, tuple(sample.labels.items())
                    together = min if family.type == "gauge" else add
                    known[key] = together(known[key], sample.value) if key in known else sample.value
        for name, metric in families.items():
            for (sample_name, labels), value in values[name].items():
                metric.add_sample(sample_name, dict(labels), value)
            yield metric


def say_behind(behind: Mapping[tuple[str, int], int]) -> None:
    """How far a consumer is behind in the partitions that it has; others are not spoken of."""
    BEHIND.clear()
    for (topic, partition), count in behind.items():
        BEHIND.labels(topic, partition).set(count)


class Logger:
    """Writes log lines of the closed vocabulary; knows which process it speaks for."""

    def __init__(self, service: str, process: str) -> None:
        self._log = structlog.get_logger().bind(service=service, process=process)

    def event(self, what: Log, **fields: Any) -> None:
        """One line; fields that are not listed are dropped, whoever passes them."""
        level, sentence = what.value
        kept = {name: value for name, value in fields.items() if name in FIELDS}
        getattr(self._log, level)(sentence, event_code=what.name.lower(), **kept)


class _Stderr:
    """Writes to what standard error is at that moment, not to what it was when the logs were set up."""

    def msg(self, line: str) -> None:
        """One line."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = msg


def configure(level: str = "info") -> None:
    """Sets structlog up: JSON lines on stderr, UTC; the kafka client's own log from WARNING on, as it alone says why a login failed."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: _Stderr(),
        cache_logger_on_first_use=True,
    )
    line = '{"level": "warning", "logger": "%(name)s", "event": "%(levelname)s"}'
    logging.basicConfig(level=logging.WARNING, format=line, stream=sys.stderr)


REGISTRY = CollectorRegistry()
MESSAGES = Counter("beklijf_messages_total", "Messages handled by consumers", ["topic", "outcome"], registry=REGISTRY)
BATCH_SECONDS = Histogram("beklijf_batch_seconds", "Time to apply one batch", registry=REGISTRY)
SENT = Counter("beklijf_sent_total", "States acknowledged by the broker", ["topic"], registry=REGISTRY)
SEND_FAILURES = Counter("beklijf_send_failures_total", "Sends that failed or timed out", registry=REGISTRY)
UNSENT = Gauge("beklijf_outbox_unsent", "Lines of the work list not yet acknowledged", registry=REGISTRY)
DEAD_LETTERS = Gauge("beklijf_dead_letters_waiting", "Dead letters nobody has replayed", registry=REGISTRY)
BEHIND = Gauge(
    "beklijf_messages_behind", "Messages of a partition that its consumer has not read yet", ["topic", "partition"], registry=REGISTRY
)
PARTITIONS = Gauge("beklijf_partitions", "Partitions that this consumer has", registry=REGISTRY)
REQUESTS = Counter("beklijf_http_requests_total", "HTTP requests by route and status", ["method", "route", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram("beklijf_http_request_seconds", "Time to answer a request", ["route"], registry=REGISTRY)
READY = Gauge("beklijf_ready", "1 when the process has all it needs", registry=REGISTRY)
