"""`sqldojo tasks`: what there is to play, and how a bank is made."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..client.types import DatabaseInfo, TableColumn, Task
from ..evaluation.plain import one_line, plain
from ..evaluation.tasks import TaskFilter
from . import screen
from .audit import audit
from .bank import build, import_tasks
from .bank_checks import show_stats, verify
from .connection import Target, connected, run, target
from .options import (
    AddressOption,
    DatabaseOption,
    DifficultyOption,
    FamilyOption,
    JsonOption,
    KindOption,
    SplitOption,
    TlsCaOption,
    TlsCertOption,
    TlsKeyOption,
    TokenOption,
    split_word,
    task_filter,
)
from .records import database_record, task_record, write_line

COLUMN_GAP = 3  # between two columns of a table
NARROWEST_PROMPT = 24
WIDTH_OF_A_PIPE = 1_000_000  # a program that reads a list gets all of it

tasks = typer.Typer(
    no_args_is_help=True, help="List and show tasks and databases; build, import, check and count a bank."
)
tasks.command("build")(build)
tasks.command("verify")(verify)
tasks.command("audit")(audit)
tasks.command("stats")(show_stats)
tasks.command("import")(import_tasks)


@tasks.command("list")
def list_tasks(
    kind: KindOption = None,
    split: SplitOption = None,
    difficulty: DifficultyOption = None,
    database: DatabaseOption = "",
    family: FamilyOption = "",
    address: AddressOption = None,
    token: TokenOption = None,
    tls_ca: TlsCaOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tasks that pass the filters; with --json one object a line.

    A terminal that is too narrow for their table gets some lines for each.
    """
    server = target(address, token, tls_ca, tls_cert, tls_key)
    chosen = run(_tasks(server, task_filter(kind, split, difficulty, database, family)))
    if as_json:
        for task in chosen:
            write_line(task_record(task))
        return
    console = screen.terminal()
    if not console.is_terminal:
        console.width = WIDTH_OF_A_PIPE
    if chosen:
        console.print(_task_table(chosen, console.width))
    console.print(screen.counted(len(chosen), "task"))


@tasks.command("show")
def show_task(
    task: Annotated[str, typer.Argument(help="The task's id, as `sqldojo tasks list` gives it.")],
    gold: Annotated[
        bool, typer.Option("--gold", help="Show the solution too; at --address it needs the oracle token.")
    ] = False,
    address: AddressOption = None,
    token: TokenOption = None,
    tls_ca: TlsCaOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one task, and on request its solution."""
    server = target(address, token, tls_ca, tls_cert, tls_key, oracle=gold)
    shown = run(_task(server, task, gold=gold))
    if as_json:
        write_line(task_record(shown))
    else:
        screen.terminal().print(_task_page(shown))


@tasks.command("databases")
def list_databases(
    database: Annotated[str, typer.Argument(help="Show this one with its tables and columns.")] = "",
    address: AddressOption = None,
    token: TokenOption = None,
    tls_ca: TlsCaOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the databases, or show one with its tables; with --json one object a line."""
    found = run(_databases(target(address, token, tls_ca, tls_cert, tls_key), database))
    if as_json:
        for each in found:
            write_line(database_record(each))
        return
    screen.terminal().print(_database_page(found[0]) if database else _database_table(found))


async def _tasks(server: Target, chosen: TaskFilter) -> list[Task]:
    async with connected(server) as dojo:
        found = await dojo.tasks(**asdict(chosen))
        if chosen.database and not found:
            await dojo.database(chosen.database)  # which is refused where there is no such database
        return found


async def _task(server: Target, task_id: str, *, gold: bool) -> Task:
    async with connected(server, oracle=gold) as dojo:
        return await dojo.task(task_id, gold=gold)


async def _databases(server: Target, database_id: str) -> list[DatabaseInfo]:
    async with connected(server) as dojo:
        return [await dojo.database(database_id)] if database_id else await dojo.databases()


def _task_table(listed: list[Task], width: int) -> RenderableType:
    """Gives a line for each task; where there is no room for that, one for its id and more for the rest."""
    columns = {
        "Task": [task.task_id for task in listed],
        "Level": [task.difficulty.name.lower() for task in listed],
        "Split": [split_word(task.split) for task in listed],
        "Family": [task.family for task in listed],
    }
    rows = [[Text(one_line(cell)) for cell in row] for row in zip(*columns.values(), strict=True)]
    prompts = [Text(one_line(task.prompt.replace("\n", " "))) for task in listed]
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    room = width
    for heading, cells in zip(columns, zip(*rows, strict=True), strict=True):
        table.add_column(heading, no_wrap=True)
        room -= max(cell_len(heading), *(cell.cell_len for cell in cells)) + COLUMN_GAP
    table.add_column("Prompt", no_wrap=True, overflow="ellipsis", max_width=room)
    if room < NARROWEST_PROMPT:
        return Group(*(_task_lines(row, prompt) for row, prompt in zip(rows, prompts, strict=True)))
    for row, prompt in zip(rows, prompts, strict=True):
        table.add_row(*row, prompt)
    return table


def _task_lines(row: list[Text], prompt: Text) -> RenderableType:
    task, *about = row
    task.stylize("bold")
    return Group(task, screen.indented(Text(" · ").join(about)), screen.indented(prompt))


def _task_page(task: Task) -> RenderableType:
    about = (task.database_id, task.difficulty.name.lower(), task.family, split_word(task.split))
    parts: list[RenderableType] = [
        Panel(
            Text(plain(task.prompt)),
            title=Text(one_line(task.task_id), "bold"),
            title_align="left",
            subtitle=Text(one_line(" · ".join(about))),
            subtitle_align="right",
        )
    ]
    if task.broken_sql:
        parts += [Text("the query to repair", "bold cyan"), screen.sql(task.broken_sql)]
    if task.gold:
        parts += [Text("gold query", "bold green"), screen.sql(task.gold.sql)]
        if task.gold.answer_kind:
            kind = task.gold.answer_kind.name.lower()
            parts.append(Text.assemble(("gold answer ", "bold green"), f"({kind}) {plain(task.gold.answer)}"))
    return Group(*parts)


def _database_table(found: list[DatabaseInfo]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("Database", "Split"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Tasks", justify="right")
    table.add_column("About")
    for database in found:
        table.add_row(
            Text(one_line(database.database_id), "bold"),
            split_word(database.split),
            str(database.task_count),
            Text(one_line(database.title)),
        )
    return table


def _database_page(database: DatabaseInfo) -> RenderableType:
    parts: list[RenderableType] = [
        Text.assemble(
            (one_line(database.database_id), "bold"),
            f" · {one_line(database.title)} · {screen.counted(database.task_count, 'task')}",
        )
    ]
    for info in database.tables:
        what, rows = "view" if info.is_view else "table", screen.counted(info.row_count, "row")
        table = Table(
            box=None,
            show_header=False,
            title=Text.assemble(what, " ", (one_line(info.name), "bold"), f" · {rows}"),
            title_justify="left",
            title_style="",
        )
        for column in info.columns:
            about = (column.name, column.declared_type, _keys(column))
            table.add_row(*map(Text, map(one_line, about), ("", "cyan", "dim")))
        parts += [Text(), table]
    return Group(*parts)


def _keys(column: TableColumn) -> str:
    parts = []
    if column.primary_key_position:
        parts.append("primary key")
    if column.references:
        parts.append(f"→ {column.references}")
    if column.not_null and not column.primary_key_position:
        parts.append("not null")
    return ", ".join(parts)
