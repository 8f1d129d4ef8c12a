"""`sqldojo tasks verify` and `stats`: what a bank's file holds, and whether all of it can be played."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ..evaluation.plain import one_line
from . import screen
from .failure import INTERRUPTED, WENT_WRONG, fail, fail_without_ray
from .options import JobsOption, JsonOption, RayOption
from .progress import progress_bar
from .records import write_line
from .serve import fail_without_server_extra

if TYPE_CHECKING:
    from ..service.tasks.stats import Table as Counts
    from ..service.tasks.verify import Fault

BankArgument = Annotated[
    Path | None,
    typer.Argument(dir_okay=False, help="The bank's file; without it, the bank that comes along."),
]
SHOWN = 20  # findings of a kind, unless all are asked for


def verify(
    bank: BankArgument = None,
    jobs: JobsOption = None,
    ray: RayOption = "",
    every: Annotated[
        bool, typer.Option("--all", help="Show every finding, not the first of each kind.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run every task of a bank again on every instance of its database, and look for leaks between splits.

    Needs the extra 'server'. Ends with 1 when a task can't be played as it is, or splits share what they
    must not; warnings alone pass.
    """
    try:
        from ..service.tasks.bank import TaskBank
        from ..service.tasks.bank_file import BankError
        from ..service.tasks.leaks import find_leaks
        from ..service.tasks.parallel import WorkersLost
        from ..service.tasks.verify_bank import verify_bank
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    started = time.perf_counter()
    path = bank_path(bank)
    with progress_bar(screen.terminal(stderr=True), "verify", "tasks") as progress:
        try:
            faults = verify_bank(path, jobs=jobs, ray=ray, progress=progress)
            seconds = time.perf_counter() - started
            opened = TaskBank.open(path)
            leaks = find_leaks(opened)
        except (BankError, WorkersLost) as failed:
            fail(str(failed))
        except ModuleNotFoundError as missing:
            fail_without_ray(missing)
        except KeyboardInterrupt:
            fail("interrupted", code=INTERRUPTED)
    count = len(opened.tasks)
    grave = sum(not fault.is_warning for fault in faults) + sum(leak.is_grave for leak in leaks)
    if as_json:
        write_line(
            {
                "bank": str(path),
                "digest": opened.digest,
                "tasks": count,
                "tasks_per_second": count / seconds,
                "grave": grave,
                "faults": [
                    {
                        "task": fault.task_id,
                        "kind": fault.kind.value,
                        "reason": fault.reason,
                        "grave": not fault.is_warning,
                    }
                    for fault in faults
                ],
                "leaks": [
                    {"kind": leak.kind.value, "reason": leak.reason, "grave": leak.is_grave} for leak in leaks
                ],
            }
        )
    else:
        tasks = screen.counted(count, "task")
        typer.echo(f"{path}: {tasks}, {count / seconds:,.0f} tasks/s, digest {opened.digest[:16]}")
        _show_faults(faults, every=every)
        for leak in leaks:
            screen.terminal().print(Text(one_line(f"leak, {leak}" if leak.is_grave else f"note, {leak}")))
        typer.echo("every task can be played" if not grave else screen.counted(grave, "grave finding"))
    if grave:
        raise typer.Exit(WENT_WRONG)


def show_stats(
    bank: BankArgument = None,
    plots: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Also draw each table as a PNG into this folder: extra 'plots'."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Count a bank's tasks by split, difficulty, answer type, tables read, database and family."""
    try:
        from ..service.tasks.bank import TaskBank
        from ..service.tasks.bank_file import BankError
        from ..service.tasks.stats import stats
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    try:
        opened = TaskBank.open(bank_path(bank))
        tables = stats(opened)
    except BankError as failed:
        fail(str(failed))
    pictures = _draw(tables, plots) if plots else []
    if as_json:
        write_line(
            {
                "bank": str(opened.path),
                "tasks": len(opened.tasks),
                "manifest": opened.manifest,
                "stats": {
                    table.title.lower().replace(" ", "_"): {
                        value: {kind.name.lower(): count for kind, count in counts.items()}
                        for value, counts in table.rows
                    }
                    for table in tables
                },
                "plots": [str(path) for path in pictures],
            }
        )
        return
    console = screen.terminal()
    for table in tables:
        console.print(_counts_table(table))
    tasks = screen.counted(len(opened.tasks), "task")
    databases = screen.counted(len(opened.databases), "database")
    typer.echo(f"{tasks} on {databases}, digest {opened.digest[:16]}")
    for path in pictures:
        typer.echo(f"drawn: {path}")


def bank_path(bank: Path | None) -> Path:
    """Gives the file that is meant; builds the bank that comes along where it is not there yet."""
    if bank is not None:
        return bank
    from ..service.tasks.bank_file import BankError
    from ..service.tasks.default_bank import default_path, ensure_default

    try:
        ensure_default()
    except BankError as failed:
        fail(str(failed))
    return default_path()


def _draw(tables: tuple[Counts, ...], folder: Path) -> list[Path]:
    try:
        from ..service.tasks.plots import plot
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] != "matplotlib":
            raise
        fail(
            "--plots needs matplotlib, which is not installed",
            hint="Install it: pip install 'sqldojo[plots]'",
        )
    try:
        return plot(tables, folder)
    except OSError as error:
        fail(f"no picture can be written to {folder} ({error})", hint="Choose another folder.")


def _counts_table(counts: Counts) -> Table:
    from ..service.core.task import TaskKind

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(counts.title)
    for heading in ("Explore", "Repair", "All"):
        table.add_column(heading, justify="right")
    for value, of in counts.rows:
        numbers = (of[TaskKind.EXPLORE], of[TaskKind.REPAIR], sum(of.values()))
        table.add_row(Text(one_line(value)), *(f"{number:,}" if number else "" for number in numbers))
    return table


def _show_faults(faults: list[Fault], *, every: bool) -> None:
    """Shows how many findings of each kind there are, and the first of them."""
    console = screen.terminal()
    for kind, count in Counter(fault.kind for fault in faults).most_common():
        found = [fault for fault in faults if fault.kind is kind]
        console.print(
            Text(
                f"{count} {screen.TIMES} {kind.value}{' (a warning)' if found[0].is_warning else ''}", "bold"
            )
        )
        for fault in found if every else found[:SHOWN]:
            console.print(Text(f"  {one_line(str(fault))}"))
        if not every and count > SHOWN:
            console.print(Text(f"  … {count - SHOWN} more: --all shows them"))
