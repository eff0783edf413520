"""Done is a fact (design, section 3.5): which reports say so, and what the others lack."""

from __future__ import annotations

from beklijf.done import Report, missing, report_of
from beklijf_shared.topics import COHORT_SNAPSHOT, RESPONSE_ACCEPTED

ANSWERS, SNAPSHOTS = RESPONSE_ACCEPTED.name, COHORT_SNAPSHOT.name


def relay(service: str, acknowledged: dict[str, dict[str, int]], unsent: int = 0, incarnation: str = "one") -> Report:
    return Report(f"{service}-relay", service, incarnation=incarnation, unsent=unsent, acknowledged=acknowledged)


def consumer(service: str, applied: dict[str, dict[str, int]], incarnation: str = "one") -> Report:
    return Report(f"{service}-consumer", service, incarnation=incarnation, unsent=0, applied=applied)


def test_all_applied_is_done() -> None:
    reports = [relay("intake", {ANSWERS: {"0": 3, "4": 1}}), consumer("scoring", {ANSWERS: {"0": 3, "4": 2}})]

    assert missing(reports, "one") == []


def test_nothing_ever_sent_is_done() -> None:
    reports = [relay("intake", {}), consumer("scoring", {})]

    assert missing(reports, "one") == []


def test_an_acknowledged_event_that_is_not_applied_is_not_done() -> None:
    reports = [relay("intake", {ANSWERS: {"0": 3, "4": 1}}), consumer("scoring", {ANSWERS: {"0": 1}})]

    assert missing(reports, "one") == [f"scoring has 3 events of {ANSWERS} to apply"]


def test_an_unsent_event_is_not_done() -> None:
    reports = [relay("intake", {}, unsent=2), consumer("scoring", {})]

    assert missing(reports, "one") == ["intake has 2 events to send"]


def test_an_archive_that_is_not_stored_yet_is_not_done() -> None:
    reports = [Report("intake-importer", "intake", importing=2), relay("intake", {}), consumer("scoring", {})]

    assert missing(reports, "one") == ["intake-importer has 2 files to take in"]


def test_a_process_that_has_met_another_broker_is_not_done() -> None:
    reports = [relay("intake", {}, incarnation="two"), consumer("scoring", {}, incarnation="one")]

    assert missing(reports, "two") == ["scoring-consumer has not met the present broker"]


def test_a_publisher_with_a_snapshot_to_publish_is_not_done() -> None:
    reports = [Report("cohorts-publisher", "cohorts", settled=False)]

    assert missing(reports, "one") == ["cohorts-publisher has a snapshot to publish"]


def test_a_snapshot_that_reporting_does_not_hold_is_not_done() -> None:
    reports = [relay("cohorts", {SNAPSHOTS: {"2": 9}}), consumer("reporting", {SNAPSHOTS: {"2": 8}})]

    assert missing(reports, "one") == [f"reporting has 1 events of {SNAPSHOTS} to apply"]


def test_a_process_that_does_not_answer_is_not_done() -> None:
    reports = [Report("scoring-relay", "scoring", error="ConnectError")]

    assert missing(reports, "one") == ["scoring-relay does not answer (ConnectError)"]


def test_a_process_that_waits_for_something_is_not_done() -> None:
    reports = [Report("scoring-relay", "scoring", incarnation="one", waiting_for=("database",))]

    assert missing(reports, "one") == ["scoring-relay waits for database"]


def test_a_broker_that_nobody_has_marked_is_not_done() -> None:
    assert missing([], None) == ["the broker has not been marked by a relay yet"]


def test_a_report_is_read_from_what_a_process_says() -> None:
    body = {
        "service": "scoring",
        "process": "relay",
        "incarnation": "one",
        "unsent": 4,
        "acknowledged": {ANSWERS: {"0": 3}},
        "applied": {},
        "settled": None,
        "waiting_for": ["broker"],
    }

    report = report_of("scoring-relay", "scoring", body)

    assert report == Report("scoring-relay", "scoring", "one", 4, {ANSWERS: {"0": 3}}, {}, None, ("broker",))
