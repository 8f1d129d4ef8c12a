"""Writing the journal, and reading sessions back from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Self, TypeVar

from sqlalchemy import (
    URL,
    BindParameter,
    Connection,
    Engine,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from .engine import (
    JournalError,
    check_schema,
    is_missing,
    is_shared,
    make_engine,
    make_file_engine,
    shown,
    unusable,
    upgrade,
)
from .records import Batch, EpisodeRecord, Recorded, Status, StepRecord
from .tables import EPISODE, STEP

MAX_IDS = 500  # in one statement

log = logging.getLogger(__name__)

R = TypeVar("R")


class JournalUnavailable(Exception):
    """Nothing was written, or nothing could be read; the same may work later."""


class Journal:
    """The journal of one server. For one event loop."""

    def __init__(self, engine: AsyncEngine, files: Engine | None) -> None:
        self.shared = is_shared(engine.url)
        self._engine = engine
        self._files = files
        self._writing = ThreadPoolExecutor(1, "sqldojo-journal")
        self._reading = ThreadPoolExecutor(1, "sqldojo-journal-reads")
        self._insert_episode = _compiled(engine, insert(EPISODE))
        self._insert_step = _compiled(engine, insert(STEP))

    @classmethod
    async def open(cls, url: URL, synchronous: str = "NORMAL") -> Self:
        """Opens a journal; a SQLite file that is not there is made. Raises JournalError."""
        if is_missing(url):
            await upgrade(url)
        engine = make_engine(url, synchronous)
        try:
            await check_schema(engine)
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise unusable(url, error) from error
        except JournalError:
            await engine.dispose()
            raise
        return cls(engine, make_file_engine(url, synchronous))

    def __str__(self) -> str:
        return shown(self._engine.url)

    async def close(self) -> None:
        """Closes the connections."""
        await self._engine.dispose()
        if self._files is not None:
            self._files.dispose()
        self._writing.shutdown()
        self._reading.shutdown()

    async def write(self, batch: Batch) -> frozenset[int]:
        """Writes a batch in one transaction; gives the episodes that another server was faster with.

        Of these nothing is written, of the others everything. Raises JournalUnavailable, and then nothing is.
        """
        try:
            return await self._transact(partial(self._write, batch), self._writing)
        except IntegrityError:
            return await self._write_apart(batch)
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailable(str(_reason(error))) from error

    async def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        """Gives the newest episode, with its steps, of each session known. Raises JournalUnavailable."""
        found: dict[str, Recorded] = {}
        try:
            for start in range(0, len(session_ids), MAX_IDS):
                read = partial(_newest, session_ids[start : start + MAX_IDS])
                for recorded in await self._transact(read, self._reading):
                    found[recorded.episode.session_id] = recorded
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailable(str(_reason(error))) from error
        return found

    async def head(self, session_id: str) -> tuple[int, int, int] | None:
        """Gives the newest episode's id, its status and its number of steps; None for an unknown session."""
        try:
            return await self._transact(partial(_head, session_id), self._reading)
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailable(str(_reason(error))) from error

    async def count(self) -> int:
        """Gives the number of episodes."""
        async with self._engine.connect() as connection:
            return int(await connection.scalar(select(func.count()).select_from(EPISODE)) or 0)

    async def episodes(self, session_id: str = "") -> AsyncIterator[Recorded]:
        """Gives all episodes with their steps, the oldest first, or those of one session."""
        last = -1
        while True:
            some = select(EPISODE).where(EPISODE.c.episode_id > last)
            if session_id:
                some = some.where(EPISODE.c.session_id == session_id)
            some = some.order_by(EPISODE.c.episode_id).limit(MAX_IDS)
            async with self._engine.connect() as connection:
                found = [EpisodeRecord(*row) for row in await connection.execute(some)]
                steps = await connection.run_sync(_steps, [record.episode_id for record in found])
            for record in found:
                yield Recorded(record, steps.get(record.episode_id, ()))
            if len(found) < MAX_IDS:
                return
            last = found[-1].episode_id

    async def prune(self, before: float) -> int:
        """Deletes the episodes whose last sign of life is older than a time; gives how many.

        That is their end, or for one that did not end its last step, or its opening.
        """
        last_step = select(func.max(STEP.c.played_at)).where(STEP.c.episode_id == EPISODE.c.episode_id)
        last_sign = func.coalesce(EPISODE.c.ended_at, last_step.scalar_subquery(), EPISODE.c.opened_at)
        old = select(EPISODE.c.episode_id).where(EPISODE.c.opened_at < before, last_sign < before)
        pruned = 0
        while True:
            async with self._engine.begin() as connection:
                some = [row[0] for row in await connection.execute(old.limit(MAX_IDS))]
                await connection.execute(delete(STEP).where(STEP.c.episode_id.in_(some)))
                await connection.execute(delete(EPISODE).where(EPISODE.c.episode_id.in_(some)))
            pruned += len(some)
            if len(some) < MAX_IDS:
                return pruned

    async def _transact(self, work: Callable[[Connection], R], thread: Executor) -> R:
        """Does the work in one transaction; on that thread, where the journal is a file."""
        files = self._files
        if files is None:
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

        def run() -> R:
            with files.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(thread, run)

    def _write(self, batch: Batch, connection: Connection) -> frozenset[int]:
        opened, steps, lost = batch.opened, batch.steps, frozenset[int]()
        if self.shared:
            lost = _lock_episodes(connection, batch)
            # In one order on every server, so that none waits for another that waits for it.
            opened = sorted(opened, key=attrgetter("session_id", "generation"))
            steps = sorted(step for step in steps if step.episode_id not in lost)
        if opened:
            connection.exec_driver_sql(self._insert_episode, list(opened))
        if steps:
            connection.exec_driver_sql(self._insert_step, list(steps))
        if batch.ended:
            connection.execute(_END, [ending.parameters() for ending in batch.ended])
        return lost

    async def _write_apart(self, batch: Batch) -> frozenset[int]:
        """Writes each episode by itself, since one of them is there already."""
        lost: set[int] = set()
        for episode_id, part in batch.by_episode():
            try:
                lost |= await self._transact(partial(self._write, part), self._writing)
            except IntegrityError:
                lost.add(episode_id)
            except (SQLAlchemyError, OSError) as error:
                log.warning("the journal failed in the middle of a batch (%s)", _reason(error))
                lost.add(episode_id)
        return frozenset(lost)


_END: Update = (
    update(EPISODE)
    .where(
        EPISODE.c.episode_id == bindparam("id_of_episode"),
        EPISODE.c.status == Status.LIVE,
        ~exists().where(
            STEP.c.episode_id == bindparam("id_of_episode"), STEP.c.step_index > bindparam("known_steps")
        ),
    )
    .values(status=bindparam("new_status"), ended_at=bindparam("new_ended_at"))
)


def _lock_episodes(connection: Connection, batch: Batch) -> frozenset[int]:
    """Holds the episodes that are stepped on or ended as they are until the transaction ends.

    Gives those that another server was faster with: it has ended one that is stepped on, or begun anew where
    one is ended.
    """
    opened = {record.episode_id for record in batch.opened}
    stepped = {step.episode_id for step in batch.steps} - opened
    held = sorted(stepped | {ending.episode_id for ending in batch.ended} - opened)
    gone: set[int] = set(held)
    for start in range(0, len(held), MAX_IDS):
        rows = connection.execute(_HOLD, {"ids": held[start : start + MAX_IDS]})
        gone -= {
            number
            for number, status in rows
            if status == Status.LIVE or (number not in stepped and status != Status.REPLACED)
        }
    return frozenset(gone)


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)

_HOLD: Select[Any] = (
    select(EPISODE.c.episode_id, EPISODE.c.status)
    .where(EPISODE.c.episode_id.in_(_IDS))
    .order_by(EPISODE.c.episode_id)
    .with_for_update()
)


def _newest(session_ids: Sequence[str], connection: Connection) -> list[Recorded]:
    found = [EpisodeRecord(*row) for row in connection.execute(_NEWEST, {"ids": session_ids})]
    steps = _steps(connection, [record.episode_id for record in found if record.status == Status.LIVE])
    return [Recorded(record, steps.get(record.episode_id, ())) for record in found]


_LATER = EPISODE.alias()

_NEWEST: Select[Any] = select(EPISODE).where(
    EPISODE.c.session_id.in_(_IDS),
    ~exists().where(_LATER.c.session_id == EPISODE.c.session_id, _LATER.c.generation > EPISODE.c.generation),
)


def _head(session_id: str, connection: Connection) -> tuple[int, int, int] | None:
    row = connection.execute(_HEAD, {"id": session_id}).first()
    return None if row is None else (row[0], row[1], row[2])


_HEAD: Select[Any] = (
    select(
        EPISODE.c.episode_id,
        EPISODE.c.status,
        select(func.count()).where(STEP.c.episode_id == EPISODE.c.episode_id).scalar_subquery(),
    )
    .where(EPISODE.c.session_id == bindparam("id"))
    .order_by(EPISODE.c.generation.desc())
    .limit(1)
)


def _steps(connection: Connection, episodes: Sequence[int]) -> dict[int, tuple[StepRecord, ...]]:
    if not episodes:
        return {}
    steps = [StepRecord(*row) for row in connection.execute(_STEPS, {"ids": episodes})]
    return {number: tuple(some) for number, some in groupby(steps, attrgetter("episode_id"))}


_STEPS: Select[Any] = (
    select(STEP).where(STEP.c.episode_id.in_(_IDS)).order_by(STEP.c.episode_id, STEP.c.step_index)
)


def _compiled(engine: AsyncEngine, statement: Insert) -> str:
    """Gives the driver's own SQL, whose parameters are a row of the table: handed over without any detour."""
    return str(statement.compile(dialect=engine.dialect))


def _reason(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
