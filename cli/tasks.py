"""`sqldojo tasks`: what there is to play, and how a bank is made."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..client.types import DatabaseInfo, TableColumn, Task
from ..evaluation.tasks import TaskFilter
from . import screen
from .audit import audit
from .bank import build, import_tasks
from .bank_checks import show_stats, verify
from .connection import connected, run
from .options import (
    AddressOption,
    DatabaseOption,
    DifficultyOption,
    FamilyOption,
    JsonOption,
    KindOption,
    SplitOption,
    TokenOption,
    split_word,
    task_filter,
)
from .records import database_record, task_record, write_line

COLUMN_GAP = 3  # between two columns of a table
NARROWEST_PROMPT = 24

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
    as_json: JsonOption = False,
) -> None:
    """List the tasks that pass the filters; with --json one object a line."""
    chosen = run(_tasks(address, token, task_filter(kind, split, difficulty, database, family)))
    if as_json:
        for task in chosen:
            write_line(task_record(task))
        return
    console = screen.terminal()
    if chosen:
        console.print(_task_table(chosen, console.width))
    console.print(f"{len(chosen)} task{'s' if len(chosen) != 1 else ''}")


@tasks.command("show")
def show_task(
    task: Annotated[str, typer.Argument(help="The task's id, as `sqldojo tasks list` gives it.")],
    gold: Annotated[
        bool, typer.Option("--gold", help="Show the solution too; at --address it needs the oracle token.")
    ] = False,
    address: AddressOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one task, and on request its solution."""
    shown = run(_task(address, token, task, gold=gold))
    if as_json:
        write_line(task_record(shown))
    else:
        screen.terminal().print(_task_page(shown))


@tasks.command("databases")
def list_databases(
    database: Annotated[str, typer.Argument(help="Show this one with its tables and columns.")] = "",
    address: AddressOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the databases, or show one with its tables; with --json one object a line."""
    found = run(_databases(address, token, database))
    if as_json:
        for each in found:
            write_line(database_record(each))
        return
    screen.terminal().print(_database_page(found[0]) if database else _database_table(found))


async def _tasks(address: str | None, token: str | None, chosen: TaskFilter) -> list[Task]:
    async with connected(address, token) as dojo:
        return await dojo.tasks(**asdict(chosen))


async def _task(address: str | None, token: str | None, task_id: str, *, gold: bool) -> Task:
    async with connected(address, token, oracle=gold) as dojo:
        return await dojo.task(task_id, gold=gold)


async def _databases(address: str | None, token: str | None, database_id: str) -> list[DatabaseInfo]:
    async with connected(address, token) as dojo:
        return [await dojo.database(database_id)] if database_id else await dojo.databases()


def _task_table(listed: list[Task], width: int) -> Table:
    """Gives a line for each task: its id whole, and of the rest what there is room for."""
    columns = {
        "Task": [task.task_id for task in listed],
        "Level": [task.difficulty.name.lower() for task in listed],
        "Split": [split_word(task.split) for task in listed],
        "Family": [task.family for task in listed],
        "Prompt": [task.prompt.replace("\n", " ") for task in listed],
    }
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    shown: list[list[Text]] = []
    room = width
    for heading, cells in columns.items():
        widest = max(map(len, (heading, *cells)))
        if heading == "Prompt" and room >= NARROWEST_PROMPT:
            widest = min(widest, room)
        if heading != "Task" and widest > room:
            break
        table.add_column(heading, no_wrap=True, overflow="fold")
        shown.append([_cut(cell, widest) for cell in cells])
        room -= widest + COLUMN_GAP
    for row in zip(*shown, strict=True):
        table.add_row(*row)
    return table


def _cut(cell: str, width: int) -> Text:
    text = Text(cell)
    text.truncate(width, overflow="ellipsis")
    return text


def _task_page(task: Task) -> RenderableType:
    about = f"{task.database_id} · {task.difficulty.name.lower()} · {task.family} · {split_word(task.split)}"
    parts: list[RenderableType] = [
        Panel(
            Text(task.prompt),
            title=Text(task.task_id, "bold"),
            title_align="left",
            subtitle=about,
            subtitle_align="right",
        )
    ]
    if task.broken_sql:
        parts += [Text("the query to repair", "bold cyan"), screen.sql(task.broken_sql)]
    if task.gold:
        parts += [Text("gold query", "bold green"), screen.sql(task.gold.sql)]
        if task.gold.answer_kind:
            kind = task.gold.answer_kind.name.lower()
            parts.append(Text.assemble(("gold answer ", "bold green"), f"({kind}) {task.gold.answer}"))
    return Group(*parts)


def _database_table(found: list[DatabaseInfo]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("Database", "Split"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Tasks", justify="right")
    table.add_column("About")
    for database in found:
        table.add_row(
            Text(database.database_id, "bold"),
            split_word(database.split),
            str(database.task_count),
            Text(database.title),
        )
    return table


def _database_page(database: DatabaseInfo) -> RenderableType:
    parts: list[RenderableType] = [
        Text.assemble((database.database_id, "bold"), f" · {database.title} · {database.task_count} tasks")
    ]
    for info in database.tables:
        what = "view" if info.is_view else "table"
        table = Table(
            box=None,
            show_header=False,
            title=Text.assemble(what, " ", (info.name, "bold"), f" · {info.row_count} rows"),
            title_justify="left",
            title_style="",
        )
        for column in info.columns:
            table.add_row(Text(column.name), Text(column.declared_type, "cyan"), Text(_keys(column), "dim"))
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
