"""`sqldojo tasks build` and `import-spider`: making a task bank."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import screen
from .failure import WENT_WRONG, fail
from .options import JsonOption
from .progress import progress_bar
from .records import write_line
from .serve import fail_without_server_extra

if TYPE_CHECKING:
    from ..service.tasks.spider import ImportReport


def build(
    output: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="The bank's file; without it, the one that servers open."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Build the task bank that comes along, and verify every task by running it.

    Needs the extra [server]. Ends with 1 and writes nothing when a task can't be played.
    """
    try:
        from ..service.tasks.bank import default_path
        from ..service.tasks.build import VerificationFailed
        from ..service.tasks.build import build as build_bank
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    with progress_bar(screen.terminal(stderr=True), "verify", "tasks") as progress:
        try:
            report = build_bank(output or default_path(), progress)
        except VerificationFailed as failed:
            fail(str(failed), code=WENT_WRONG)
    if as_json:
        write_line(
            {
                "bank": str(report.path),
                "digest": report.digest,
                "databases": report.databases,
                "explore_tasks": report.explore_tasks,
                "repair_tasks": report.repair_tasks,
                "warnings": [str(warning) for warning in report.warnings],
                "seconds": report.seconds,
            }
        )
        return
    typer.echo(
        f"{report.path}: {report.explore_tasks} explore and {report.repair_tasks} repair tasks on "
        f"{report.databases} databases, all verified in {report.seconds:.1f} s"
    )
    for warning in report.warnings:
        typer.echo(f"  {warning}")


def import_spider(
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="The data set's folder, with its *.json files."),
    ],
    output: Annotated[Path, typer.Option(dir_okay=False, help="The bank's file.")],
    verbose: Annotated[
        bool, typer.Option("--verbose", help="List every question that was left out.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a bank of a data set in Spider's layout, and say what became of every question.

    Needs the extra [server]. Ends with 2 and writes nothing when no question can be played.
    """
    try:
        from ..service.tasks.bank_file import write_bank
        from ..service.tasks.spider import SpiderError
        from ..service.tasks.spider import import_spider as import_folder
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    stderr = screen.terminal(stderr=True)
    try:
        with progress_bar(stderr, "import", "questions") as progress:
            databases, tasks, report = import_folder(folder, progress)
    except SpiderError as broken:
        fail(str(broken))
    if not tasks:
        _print_left_out(stderr, report, verbose=verbose)
        fail(f"no question in {folder} can be a task, so no bank was written")
    try:
        digest = write_bank(output, databases, tasks)
    except OSError as error:
        fail(f"{output} cannot be written ({error})", hint="Choose another --output.")
    if as_json:
        write_line(
            {
                "bank": str(output),
                "digest": digest,
                "databases": len(databases),
                "tasks": report.taken,
                "left_out": [
                    {"database": left.db_id, "question": left.question, "reason": left.reason}
                    for left in report.left_out
                ],
                "reasons": report.reasons(),
                "notes": report.notes,
            }
        )
        return
    console = screen.terminal()
    typer.echo(f"{output}: {report.taken} explore tasks on {len(databases)} databases")
    _print_left_out(console, report, verbose=verbose)
    for note in report.notes:
        console.print(Text(f"note: {screen.one_line(note)}"))
    typer.echo(f"Serve it: sqldojo serve --bank {shlex.quote(str(output))}")


def _print_left_out(console: Console, report: ImportReport, *, verbose: bool) -> None:
    """Shows how many questions were left out by the kind of reason, and on request each of them."""
    if not report.left_out:
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("Left out because")
    table.add_column("Questions", justify="right")
    for reason, count in report.reasons().items():
        table.add_row(Text(screen.one_line(reason)), str(count))
    table.add_row(Text("in all", "bold"), str(len(report.left_out)))
    console.print(table)
    if verbose:
        for left in report.left_out:
            place, question, reason = map(screen.one_line, (left.db_id, left.question, left.reason))
            console.print(Text.assemble((place, "bold"), " " * bool(place), question, f"\n  {reason}"))
