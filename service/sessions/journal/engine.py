"""The journal's database: its URL, its engine, its schema's revision."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
SYNCHRONOUS = ("NORMAL", "FULL")
LOCK_SECONDS = 5.0  # how long a writer waits for a file that another process has locked

_FILE_LIMITS = "PRAGMA journal_mode = WAL; PRAGMA busy_timeout = {busy}; PRAGMA synchronous = {synchronous}"


class JournalError(Exception):
    """A journal that cannot be used: which one, why, and what to do."""


def journal_url(text: str) -> URL:
    """Reads a database URL, or the path of a SQLite file. Raises JournalError for another database."""
    if "://" not in text:
        return URL.create(DRIVERS["sqlite"], database=str(Path(text).expanduser().absolute()))
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise JournalError(f"{text!r} is no database URL; give a file or postgresql://…") from error
    name = url.get_backend_name()
    if name not in DRIVERS:
        raise JournalError(f"no journal on {name}; give a file, sqlite:///… or postgresql://…")
    return url.set(drivername=DRIVERS[name])


def default_url() -> URL:
    """The journal of this user: a SQLite file in $XDG_STATE_HOME or ~/.local/state, in `sqldojo/`."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return journal_url(str(state / "sqldojo" / "journal.sqlite"))


def is_missing(url: URL) -> bool:
    """Says whether the journal is a file that is not there yet."""
    return not is_shared(url) and not Path(str(url.database)).exists()


def is_shared(url: URL) -> bool:
    """Says whether several servers may write it at once: a database server's, not a file."""
    return url.get_backend_name() != "sqlite"


def make_engine(url: URL, synchronous: str = "NORMAL") -> AsyncEngine:
    """Makes an engine. `synchronous` is SQLite's: FULL also survives a power cut, NORMAL a killed process."""
    if is_shared(url):
        return create_async_engine(url, pool_size=4, max_overflow=0, pool_pre_ping=True)
    engine = create_async_engine(url)
    _set_up_files(engine.sync_engine, synchronous)
    return engine


def make_file_engine(url: URL, synchronous: str = "NORMAL") -> Engine | None:
    """Makes an engine for whole transactions on one thread, for a file; None for a database server's.

    With aiosqlite each statement is a way to another thread and back, which costs as much as some ten rows.
    """
    if is_shared(url):
        return None
    engine = create_engine(url.set(drivername="sqlite+pysqlite"))
    _set_up_files(engine, synchronous)
    return engine


def _set_up_files(engine: Engine, synchronous: str) -> None:
    busy = int(LOCK_SECONDS * 1000)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in _FILE_LIMITS.format(busy=busy, synchronous=synchronous).split("; "):
            cursor.execute(pragma)
        cursor.close()


@contextmanager
def sole_writer(url: URL) -> Iterator[None]:
    """Holds a SQLite journal's lock, so that one process at a time writes it. Raises JournalError.

    The lock is the system's, on a file beside the journal: it ends with the process, however that ends.
    """
    if is_shared(url) or not url.database or url.database == ":memory:":
        yield
        return
    path = Path(f"{url.database}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"the journal {url.database} cannot be written ({error})") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError(
                f"another server writes the journal {url.database}; give each server a file of its own "
                "with --journal, or let them share a PostgreSQL database"
            ) from error
        yield
    finally:
        os.close(descriptor)


async def upgrade(url: URL) -> str:
    """Makes the tables, or brings them up to this version's schema. Gives the revision."""
    engine = make_engine(url)
    if not is_shared(url) and url.database:
        os.makedirs(os.path.dirname(url.database), exist_ok=True)
    try:
        async with engine.begin() as connection:
            if not is_shared(url):  # else SQLite's driver commits each table by itself
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await connection.run_sync(_refuse_newer)
            await connection.run_sync(_upgrade)
            return await connection.run_sync(_revision) or ""
    except (SQLAlchemyError, OSError) as error:
        raise unusable(url, error) from error
    finally:
        await engine.dispose()


async def check_schema(engine: AsyncEngine) -> None:
    """Raises JournalError, which says what to do, when the schema is not this version's."""
    async with engine.connect() as connection:
        found = await connection.run_sync(_revision)
        await connection.run_sync(_refuse_newer)
    if found != _head():
        was = f"is at revision {found}" if found else "has no tables"
        raise JournalError(
            f"the journal {shown(engine.url)} {was}, this version needs {_head()}: "
            f"run `sqldojo db upgrade --journal {shown(engine.url)}`"
        )


def unusable(url: URL, error: BaseException) -> JournalError:
    """Words a database's failure."""
    reason = error.orig if isinstance(error, DBAPIError) else error
    return JournalError(f"the journal {shown(url)} cannot be used: {reason}")


def shown(url: URL) -> str:
    """The URL without its password, or the path of a file."""
    return url.render_as_string(hide_password=True) if is_shared(url) else str(url.database)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _head() -> str:
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(connection: Connection) -> None:
    found = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise JournalError(
            f"the journal {shown(connection.engine.url)} is at revision {found}, which is newer than this "
            f"version of sqldojo knows ({_head()}): install the version that wrote it, or use another journal"
        )
    if found is None and inspect(connection).get_table_names():
        raise JournalError(
            f"the database {shown(connection.engine.url)} has tables that are no journal's: use an empty one"
        )


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
