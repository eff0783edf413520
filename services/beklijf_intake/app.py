"""The composition root: the only place that knows concrete engines, contracts and clocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection

from fastapi import FastAPI

from beklijf_domain.calendar import zone
from beklijf_intake import api, definitions, exchange, fhir, forms, outside
from beklijf_intake.api import Answer, Current, Door
from beklijf_intake.bulk import download, importer
from beklijf_intake.bulk.archives import Storing
from beklijf_intake.bulk.handover import Handover
from beklijf_intake.bulk.importer import worker
from beklijf_intake.bulk.importer.fetching import Fetcher
from beklijf_intake.bulk.importer.pool import Pool
from beklijf_intake.bulk.spool import Spool
from beklijf_intake.domain import mapping
from beklijf_intake.domain.reading.context import REFUSE, Gate, ReadingContext
from beklijf_intake.domain.receipt import Delivery, Receipt
from beklijf_intake.domain.register import Request
from beklijf_intake.domain.registration import pseudonymised
from beklijf_intake.outside import is_public
from beklijf_intake.pseudonyms import Pseudonyms
from beklijf_intake.senders.key_shelf import KeyShelf
from beklijf_intake.senders.keys import SecretKeys
from beklijf_intake.senders.roster import REFRESH_SECONDS, Either, Roster
from beklijf_intake.senders.sender import Authority, Sender, Senders
from beklijf_intake.settings import Archives, Intake
from beklijf_intake.store import raw, receipts, senders
from beklijf_intake.usecases import Rules, Unit, Verdict, judge
from beklijf_intake.writer import Unavailable, Writer, committer
from beklijf_shared import contracts, db, http
from beklijf_shared.clock import Clock, from_environment
from beklijf_shared.commands import Service
from beklijf_shared.ids import IdMaker, new_id
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Log, Logger
from beklijf_shared.topics import INTAKE_TALLY

CHECK_SECONDS = 1.0
CONNECTIONS = 4
QUESTIONS_AT_A_TIME = 2
"""Searches and histories leave connections to those who store."""


def serve(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """The process `api`: serves FHIR until `stop`, and says on its operations port when the database is away."""
    intake = Intake.of(settings)
    with db.opened(settings.database_url, pool_size=CONNECTIONS) as engine:
        app = application(settings, intake, engine, clock, log, on_writer_lost=stop.set)
        with http.watched(engine, status, stop):
            http.serve(app, settings, status, stop, refusal=exchange.not_a_request, workers=settings.workers)


def application(
    settings: Settings,
    intake: Intake,
    engine: db.Engine,
    clock: Clock,
    log: Logger,
    *,
    archives: Archives | None = None,
    make_id: IdMaker = new_id,
    on_writer_lost: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The FHIR door on a service's database, with its writer for as long as the application lives."""
    known = contracts.load(settings.contracts_folder)
    contracts.say(known, log)
    reading = _reading(known, intake, clock, log)
    commit = committer(engine, clock, make_id, Rules(intake.key, intake.time_zone))
    app = api.application()
    roster = Roster(engine, SecretKeys.of(intake.token_keys), intake.address, clock, make_id, _shelf(intake, log))
    reading = replace(reading, gate_of=_gates(engine, intake, roster.systems_of))
    writer, alone = Writer(commit, log), Writer(commit, log, most=1)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        keeping = asyncio.create_task(_keep_fresh(roster, log), name="roster")
        writing = [asyncio.create_task(one.run(), name="writer") for one in (writer, alone)]
        for each in writing:
            each.add_done_callback(lambda task: None if task.cancelled() else on_writer_lost())
        yield
        for each in (*writing, keeping):
            each.cancel()
        await asyncio.gather(*writing, keeping, return_exceptions=True)

    async def submit(units: Sequence[Unit]) -> list[Verdict]:
        return await (alone if units[0].searches else writer).submit(units)

    async def judged(request: Request) -> Verdict:
        return await asyncio.to_thread(_judge, engine, request, clock, make_id)

    async def fetch(organisation: str, type_: str, id_: str) -> Current | None:
        return await asyncio.to_thread(_fetch, engine, organisation, type_, id_)

    async def fetch_all(organisation: str, ids: Collection[str]) -> dict[str, Current]:
        return await asyncio.to_thread(_fetch_all, engine, organisation, ids)

    async def receipt(organisation: str, id_: str) -> Receipt | None:
        return await asyncio.to_thread(_receipt, engine, organisation, id_)

    few = asyncio.Semaphore(QUESTIONS_AT_A_TIME)

    async def ask(question: Callable[[db.Connection], Answer]) -> Answer:
        async with few:
            return await asyncio.to_thread(_answer, engine, question)

    app.router.lifespan_context = lifespan
    app.state.roster = roster
    app.state.handover = _handover(archives or Archives.of(), engine, clock, make_id, intake)
    app.state.door = Door(
        senders=_authority(intake, roster),
        context=lambda organisation, unversioned=REFUSE: replace(reading, now=clock(), organisation=organisation, unversioned=unversioned),
        submit=submit,
        judge=judged,
        fetch=fetch,
        fetch_all=fetch_all,
        deliver=lambda kind, total: Delivery(make_id(), kind, clock(), total),
        receipt=receipt,
        definitions=definitions.of(known, intake.base),
        ask=ask,
        address=intake.address,
        log=log,
    )
    return app


def _gates(engine: db.Engine, intake: Intake, systems_of: Callable[[str], frozenset[str]]) -> Callable[[str], Gate | None]:
    """How an organisation's gate is found."""
    keys = SecretKeys.of(intake.identifier_keys) if intake.identifier_keys else None
    return Pseudonyms(engine, keys, systems_of, intake.base).gate_of


def _systems_of(engine: db.Engine, organisation: str) -> frozenset[str]:
    """The identifier systems that are replaced, as the database says at this moment."""
    with db.transaction(engine) as connection:
        return pseudonymised(senders.everybody(connection)).get(organisation, frozenset())


def _authority(intake: Intake, roster: Roster) -> Authority:
    """Registered senders; on a laptop ready-made ones too."""
    if not intake.senders:
        return roster
    return Either(Senders(intake.senders, intake.default_organisation).authenticate, roster.authenticate)


def _shelf(intake: Intake, log: Logger) -> KeyShelf:
    return KeyShelf(partial(outside.fetch, private_networks=intake.private_networks), log)


async def _keep_fresh(roster: Roster, log: Logger) -> None:
    """Looks every second at who may send; a database that is away is waited for, and who was known stays known."""
    while True:
        try:
            await asyncio.to_thread(roster.refresh)
        except db.DBAPIError as error:
            log.event(Log.DATABASE_LOST, error=type(error).__name__)
        await asyncio.sleep(REFRESH_SECONDS)


def import_archives(
    settings: Settings,
    clock: Clock,
    status: Status,
    stop: threading.Event,
    log: Logger,
    archives: Archives | None = None,
    sources: download.Sources | None = None,
) -> None:
    """The process `importer`: takes archives in until `stop`; idle where there is no spool."""
    intake, archives = Intake.behind_the_door(settings), archives or Archives.of()
    if archives.spool is None:
        while not stop.wait(CHECK_SECONDS):
            status.beat()
        return
    spool = Spool(archives.spool, archives.limit_bytes)
    spool.make()
    pool = Pool(partial(import_worker, settings), archives.workers)
    fetched_from, rules = sources or download.Sources(archives.sources, is_public), Rules(intake.key, intake.time_zone)

    def make(connection: db.Connection) -> importer.Importer:
        fetcher = Fetcher(fetched_from, spool, new_id)
        return importer.Importer(connection, spool, pool, fetcher, clock, new_id, rules, status, stop, log)

    importer.run(settings, status, stop, log, make)


def import_worker(settings: Settings, asked: Connection) -> None:
    """One worker of the importer, in a process of its own: composed anew, for nothing but its end of the pipe crosses over."""
    intake, clock = Intake.behind_the_door(settings), from_environment()
    reading = _reading(contracts.load(settings.contracts_folder), intake, clock)
    with db.opened(settings.database_url, pool_size=1) as engine:
        storing = Storing(engine, clock, new_id, Rules(intake.key, intake.time_zone))
        gates = _gates(engine, intake, partial(_systems_of, engine))

        def context(sender: Sender) -> ReadingContext:
            gate = gates(sender.organisation)  # asked of the database here, once for a block and not for each line
            of = replace(reading, now=clock(), organisation=sender.organisation, unversioned=sender.unversioned)
            return replace(of, gate_of=lambda _: gate)

        worker.work(asked, context, storing)


def _handover(archives: Archives, engine: db.Engine, clock: Clock, make_id: IdMaker, intake: Intake) -> Handover | None:
    if archives.spool is None:
        return None
    spool = Spool(archives.spool, archives.limit_bytes)
    spool.make()
    return Handover(engine, clock, make_id, spool, archives.sources, intake.base, Rules(intake.key, intake.time_zone))


def _reading(known: contracts.Contracts, intake: Intake, clock: Clock, log: Logger | None = None) -> ReadingContext:
    """What reading FHIR needs, compiled once: the tables of base R4, the Questionnaires, the codes of all protocols."""
    fhir.shapes()
    known_forms = forms.compiled(known)
    if log is not None:
        forms.say(known_forms, log)
    return ReadingContext(
        forms=known_forms,
        programmes=frozenset(known.protocols),
        moments=known.moment_codes,
        zone=zone(intake.time_zone),
        now=clock(),
        organisation="",
        base=intake.base,
        mappings=mapping.compiled(known.mappings, known.questionnaires),
    )


def _judge(engine: db.Engine, request: Request, clock: Clock, make_id: IdMaker) -> Verdict:
    with _asking(engine) as connection:
        return judge(connection, request, now=clock(), make_id=make_id)


def _fetch(engine: db.Engine, organisation: str, type_: str, id_: str) -> Current | None:
    with _asking(engine) as connection:
        found = raw.read(connection, organisation, type_, id_)
    return None if found is None else (found.body, found.number, found.received_at)


def _fetch_all(engine: db.Engine, organisation: str, ids: Collection[str]) -> dict[str, Current]:
    with _asking(engine) as connection:
        found = raw.read_all(connection, organisation, ids)
    return {id_: (one.body, one.number, one.received_at) for id_, one in found.items()}


def _receipt(engine: db.Engine, organisation: str, id_: str) -> Receipt | None:
    with _asking(engine) as connection:
        return receipts.read(connection, organisation, id_)


def _answer(engine: db.Engine, question: Callable[[db.Connection], Answer]) -> Answer:
    with _asking(engine) as connection:
        return question(connection)


@contextmanager
def _asking(engine: db.Engine) -> Iterator[db.Connection]:
    """A transaction that only asks; raises Unavailable while the database is away."""
    try:
        with db.transaction(engine) as connection:
            yield connection
    except db.DBAPIError as error:
        if db.is_transient(error):
            raise Unavailable from error
        raise


def _counts_messages(topic: str, _: bytes) -> bool:
    """Tallies count what was sent, not what is so: a repeat changes them, and nothing else."""
    return topic == INTAKE_TALLY.name


SERVICE = Service(
    name="intake", package="beklijf_intake", loops={"api": serve, "importer": import_archives}, hash_leaves_out=_counts_messages
)
