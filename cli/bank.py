"""`sqldojo tasks build`: making a task bank."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import screen
from .failure import WENT_WRONG, fail
from .options import JsonOption
from .progress import progress_bar
from .records import write_line
from .serve import fail_without_server_extra


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
