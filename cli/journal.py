"""`sqldojo journal` and `sqldojo db`: looking after what servers have kept."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ..evaluation.plain import one_line
from . import screen
from .failure import WENT_WRONG, fail
from .files import check_folder, written_beside
from .options import JsonOption
from .profiles import ProfilesOption, read_profiles
from .progress import progress_bar
from .records import write_line
from .serve import fail_without_server_extra

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ..service.core.profiles import Profiles
    from ..service.sessions.journal.journal import Journal

T = TypeVar("T")
Records = AsyncIterator[dict[str, Any]]

MAX_SHOWN = 20  # mismatches

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

JournalOption = Annotated[
    str | None,
    typer.Option(
        envvar="SQLDOJO_JOURNAL",
        metavar="FILE|URL",
        help="The journal; without it, the one that `sqldojo serve` writes.",
    ),
]

journal = typer.Typer(no_args_is_help=True, help="Check, export and prune what servers have kept.")
db = typer.Typer(no_args_is_help=True, help="Make and migrate the journal's tables.")


@db.callback()
def _db() -> None:
    """Make and migrate the journal's tables."""


@db.command()
def upgrade(journal: JournalOption = None) -> None:
    """Make the journal's tables, or bring them up to this version. Servers must be stopped before."""
    url = _url(journal)
    try:
        from ..service.sessions.journal.engine import JournalError, shown, unusable
        from ..service.sessions.journal.engine import upgrade as upgrade_tables
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)
    try:
        revision = asyncio.run(upgrade_tables(url))
    except JournalError as error:
        fail(str(error))
    except OSError as error:
        fail(str(unusable(url, error)))
    typer.echo(f"{shown(url)} is at revision {revision}")


@journal.command()
def verify(
    journal: JournalOption = None,
    session: Annotated[str, typer.Option(help="Only this session's episodes.")] = "",
    bank: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The task bank; without it, the default one."),
    ] = None,
    profiles: ProfilesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play episodes again and compare every answer's digest with the journal's.

    Ends with 1 if one differs.
    """
    checked, mismatches = _run(_verify(_url(journal), session, bank, read_profiles(profiles)))
    if as_json:
        write_line({"episodes": checked, "mismatches": mismatches})
    else:
        for line in mismatches[:MAX_SHOWN]:
            typer.echo(one_line(f"{line['session_id']} ({line['task_id']}): {line['reason']}"))
        typer.echo(f"{screen.counted(checked, 'episode')} played again, {len(mismatches)} differ")
    if mismatches:
        raise typer.Exit(WENT_WRONG)


@journal.command()
def export(
    output: Annotated[
        Path, typer.Argument(help="The file to write: *.jsonl or *.parquet; - is standard output.")
    ],
    journal: JournalOption = None,
    session: Annotated[str, typer.Option(help="Only this session's episodes.")] = "",
) -> None:
    """Write episodes with their steps and rewards, one record an episode, as JSON lines or Parquet."""
    url = _url(journal)
    if str(output) == "-":
        count = _run(_export(url, session, _write_to_stdout))
    elif output.suffix not in _WRITERS:
        fail(f"{output} has no known ending", hint="End it in .jsonl or .parquet, or give - for stdout.")
    else:
        check_folder(output)
        count = _run(_export(url, session, partial(_write_to_file, output)))
    typer.echo(f"{screen.counted(count, 'episode')} written to {output}", err=True)


@journal.command()
def prune(
    older_than: Annotated[
        str, typer.Option(metavar="TIME", help="As 90m, 12h, 30d or 8w: counted from an episode's last step.")
    ],
    journal: JournalOption = None,
) -> None:
    """Delete old episodes. Servers may go on meanwhile."""
    age = _age(older_than)

    async def work() -> int:
        async with _opened(_url(journal)) as opened:
            return await opened.prune(time.time() - age.total_seconds())

    typer.echo(f"{screen.counted(_run(work()), 'episode')} deleted")


async def _verify(
    url: URL, session: str, path: Path | None, profiles: Profiles
) -> tuple[int, list[dict[str, str]]]:
    from ..service.core.sql_reviewer import SqlReviewer
    from ..service.players.wire import ENCODING
    from ..service.sandbox.clock import set_process_time_zone
    from ..service.sandbox.limits import Limits
    from ..service.sandbox.pool import DatabasePool
    from ..service.sessions.episodes import Episodes
    from ..service.sessions.refusal import Refusal
    from ..service.sessions.session import ReplayMismatch
    from ..service.tasks.bank import TaskBank

    set_process_time_zone()
    bank = TaskBank.open(path) if path else TaskBank.default()
    pool = DatabasePool(Limits())
    episodes = Episodes(bank, pool, SqlReviewer(), profiles, ENCODING)
    mismatches: list[dict[str, str]] = []
    checked = 0
    async with _opened(url, session) as journal:
        total = await journal.count()
        with progress_bar(screen.terminal(stderr=True), "verify", "episodes", total) as progress:
            async for recorded in journal.episodes(session):
                try:
                    episodes.replay(recorded).episode.close()
                except (ReplayMismatch, Refusal) as mismatch:
                    record = recorded.episode
                    mismatches.append(
                        {
                            "session_id": record.session_id,
                            "task_id": record.task_id,
                            "reason": str(mismatch),
                        }
                    )
                checked += 1
                progress(checked, max(total, checked))
    return checked, mismatches


async def _export(url: URL, session: str, write: Callable[[Records], Awaitable[int]]) -> int:
    """Has the journal's episodes written, once it is known that there are such; gives how many."""
    from ..service.sessions.journal.export import episode_record

    async with _opened(url, session) as journal:
        return await write(episode_record(recorded) async for recorded in journal.episodes(session))


async def _write_to_stdout(records: Records) -> int:
    count = 0
    async for record in records:
        write_line(record)
        count += 1
    return count


async def _write_to_file(output: Path, records: Records) -> int:
    with written_beside(output) as draft:
        return await _WRITERS[output.suffix](draft, records)


async def _write_lines(output: Path, records: Records) -> int:
    count = 0
    with output.open("w", encoding="utf-8") as file:
        async for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


async def _write_parquet(output: Path, records: Records) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        fail("Parquet needs pyarrow", hint="Install it: pip install 'sqldojo[parquet]'")
    count = 0
    schema = _parquet_schema(pa)
    with pq.ParquetWriter(output, schema) as writer:
        async for chunk in _in_chunks(records, 1000):
            writer.write_table(pa.Table.from_pylist(chunk, schema=schema))
            count += len(chunk)
    return count


_WRITERS = {".jsonl": _write_lines, ".parquet": _write_parquet}


def _parquet_schema(pa: Any) -> Any:
    term = pa.struct(
        [
            ("kind", pa.string()),
            ("value", pa.float64()),
            ("weight", pa.float64()),
            ("contribution", pa.float64()),
        ]
    )
    step = pa.struct(
        [
            ("step_index", pa.int32()),
            ("action", pa.string()),
            ("text", pa.string()),
            ("reviewed", pa.bool_()),
            ("reward", pa.float64()),
            ("unclipped", pa.float64()),
            ("terms", pa.list_(term)),
            ("outcome", pa.string()),
            ("digest", pa.string()),
            ("cut_short", pa.string()),
            ("played_at", pa.float64()),
        ]
    )
    texts = ("session_id", "task_id", "profile", "owner", "policy", "bank", "status", "digest", "outcome")
    numbers = {
        "episode_id": pa.int64(),
        "generation": pa.int32(),
        "seed": pa.uint64(),
        "budget": pa.int32(),
        "opened_at": pa.float64(),
        "ended_at": pa.float64(),
        "total_reward": pa.float64(),
    }
    return pa.schema([*((text, pa.string()) for text in texts), *numbers.items(), ("steps", pa.list_(step))])


async def _in_chunks(items: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    chunk: list[T] = []
    async for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@asynccontextmanager
async def _opened(url: URL, session: str = "") -> AsyncIterator[Journal]:
    """Opens a journal. Fails where it is not there, or has no such session."""
    from ..service.sessions.journal.engine import is_missing, shown
    from ..service.sessions.journal.journal import Journal

    if is_missing(url):
        fail(f"there is no journal {shown(url)}", hint="Name another one with --journal.")
    journal = await Journal.open(url)
    try:
        if session and await journal.head(session) is None:
            fail(
                f"no such session in {journal}: {session}",
                hint="Each record of `sqldojo journal export -` has its session_id.",
            )
        yield journal
    finally:
        await journal.close()


def _run(work: Coroutine[Any, Any, T]) -> T:
    from ..service.sessions.journal.engine import JournalError
    from ..service.sessions.journal.journal import JournalUnavailable
    from ..service.tasks.bank_file import BankError

    try:
        return asyncio.run(work)
    except (JournalError, JournalUnavailable, BankError) as unusable:
        fail(str(unusable))


def _url(journal: str | None) -> URL:
    try:
        from ..service.sessions.journal.engine import JournalError, default_url, journal_url
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)
    if journal == "none":
        fail(
            "none is no journal: it is how `sqldojo serve` keeps its sessions in memory only",
            hint="Name a journal, by --journal or SQLDOJO_JOURNAL; ./none is a file of that name.",
        )
    try:
        return default_url() if journal is None else journal_url(journal)
    except JournalError as unusable:
        fail(str(unusable))


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if match is None:
        fail(f"{text!r} is no length of time", hint="Give a number and m, h, d or w, as 30d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
