"""`sqldojo tasks build` and `import`: making a task bank."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
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
    from ..service.tasks.importers.questions import Imported
    from ..service.tasks.importers.report import ImportReport, Progress


def build(
    output: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="The bank's file; without it, the bank that servers open is built."
        ),
    ] = None,
    explore: Annotated[int, typer.Option(min=0, help="How many explore tasks to generate.")] = 5_000,
    repair: Annotated[int, typer.Option(min=0, help="How many repair tasks to generate.")] = 5_000,
    seed: Annotated[str, typer.Option(help="What the tasks are drawn by.")] = "1",
    scale: Annotated[
        float, typer.Option(min=0.1, max=100, help="Rows of the growing tables, times the usual number.")
    ] = 1.0,
    domain: Annotated[
        list[str] | None, typer.Option(help="Only this domain's databases; may be given several times.")
    ] = None,
    jobs: JobsOption = None,
    ray: RayOption = "",
    as_json: JsonOption = False,
) -> None:
    """Build a bank of generated and handwritten tasks, each verified by running it.

    Equal arguments give equal files, whatever the number of processes. An interrupted build goes on where it
    was when the same command is given again. Needs the extra 'server'. Ends with 1 and writes no bank when
    a handwritten task can't be played or splits share what they must not.
    """
    try:
        from ..service.tasks.bank_file import BankError
        from ..service.tasks.build import LeaksFound, VerificationFailed
        from ..service.tasks.build import build as build_bank
        from ..service.tasks.chunk import GeneratorFailed
        from ..service.tasks.databases import DOMAINS
        from ..service.tasks.default_bank import cached_path
        from ..service.tasks.parallel import WorkersLost
        from ..service.tasks.plan import DEFAULT, Plan
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    known = [each.database_id for each in DOMAINS]
    if unknown := set(domain or ()) - set(known):
        fail(f"no domain {', '.join(sorted(unknown))}", hint=f"There are {', '.join(known)}.")
    plan = Plan(explore, repair, seed, scale, domains=tuple(domain or ())) if output else DEFAULT
    with progress_bar(screen.terminal(stderr=True), "build", "tasks") as progress:
        try:
            report = build_bank(output or cached_path(), plan, progress, jobs=jobs, ray=ray)
        except (VerificationFailed, LeaksFound, GeneratorFailed) as failed:
            fail(str(failed), code=WENT_WRONG)
        except (BankError, WorkersLost) as failed:
            fail(str(failed))
        except ModuleNotFoundError as missing:
            fail_without_ray(missing)
        except KeyboardInterrupt:
            fail("interrupted", hint="The same command goes on from here.", code=INTERRUPTED)
    if as_json:
        write_line(
            {
                "bank": str(report.path),
                "digest": report.digest,
                "databases": report.databases,
                "explore_tasks": report.explore_tasks,
                "repair_tasks": report.repair_tasks,
                "warnings": [str(warning) for warning in report.warnings],
                "notes": report.notes,
                "seconds": report.seconds,
            }
        )
        return
    typer.echo(
        f"{report.path}: {report.explore_tasks} explore and {report.repair_tasks} repair tasks on "
        f"{screen.counted(report.databases, 'database')}, all verified, in {report.seconds:.1f} s"
    )
    for line in (*map(str, report.warnings), *report.notes):
        typer.echo(f"  {one_line(line)}")


class Layout(StrEnum):
    """`--layout`: whose data set it is."""

    SPIDER = "spider"
    BIRD = "bird"
    OWN = "own"


def import_tasks(
    source: Annotated[
        Path,
        typer.Argument(
            exists=True, help="A data set's folder, or a JSON Lines file of questions of your own."
        ),
    ],
    output: Annotated[Path, typer.Option(dir_okay=False, help="The bank's file.")],
    layout: Annotated[
        Layout | None, typer.Option(help="How it is laid out; without it, that is told from its files.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="List every question that was left out.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a bank of Spider, of BIRD or of questions of your own, and say what became of every question.

    Databases get hidden instances by resampling. Needs the extra 'server'. Ends with 2 and writes nothing
    when no question can be played.
    """
    try:
        from ..service.tasks.bank_file import BankError
        from ..service.tasks.bank_writer import write_bank
        from ..service.tasks.importers.report import ImportFailed
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    stderr = screen.terminal(stderr=True)
    try:
        with progress_bar(stderr, "import", "questions") as progress:
            databases, tasks, report = _importer(layout or _layout_of(source))(source, progress)
    except ImportFailed as broken:
        fail(str(broken))
    if not tasks:
        _print_left_out(stderr, report, verbose=verbose)
        fail(f"no question in {source} can be a task, so no bank was written")
    try:
        digest = write_bank(output, databases, tasks)
    except (OSError, BankError) as error:
        fail(f"{output} cannot be written ({error})", hint="Choose another --output.")
    separation = report.separation
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
                "separation": asdict(separation),
                "notes": report.notes,
            }
        )
        return
    console = screen.terminal()
    typer.echo(
        f"{output}: {screen.counted(report.taken, 'explore task')} on "
        f"{screen.counted(len(databases), 'database')}"
    )
    console.print(
        Text(
            f"Gold is told from all its single-edit mutants for {separation.visible} of {separation.asked} "
            f"questions by the databases as they were given, for {separation.hidden} with the resampled ones."
        )
    )
    _print_left_out(console, report, verbose=verbose)
    for note in report.notes:
        console.print(Text(f"note: {one_line(note)}"))
    typer.echo(f"Serve it: sqldojo serve --bank {shlex.quote(str(output))}")


def _layout_of(source: Path) -> Layout:
    if source.is_file():
        return Layout.OWN
    spiders = ("train_spider.json", "train_others.json", "database")
    return Layout.SPIDER if any((source / name).exists() for name in spiders) else Layout.BIRD


def _importer(layout: Layout) -> Callable[[Path, Progress], Imported]:
    from ..service.tasks.importers.bird import import_bird
    from ..service.tasks.importers.own import import_own
    from ..service.tasks.importers.spider import import_spider

    return {Layout.SPIDER: import_spider, Layout.BIRD: import_bird, Layout.OWN: import_own}[layout]


def _print_left_out(console: Console, report: ImportReport, *, verbose: bool) -> None:
    """Shows how many questions were left out by the kind of reason, and on request each of them."""
    if not report.left_out:
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("Left out because")
    table.add_column("Questions", justify="right")
    for reason, count in report.reasons().items():
        table.add_row(Text(one_line(reason)), str(count))
    table.add_row(Text("in all", "bold"), str(len(report.left_out)))
    console.print(table)
    if verbose:
        for left in report.left_out:
            place, question, reason = map(one_line, (left.db_id, left.question, left.reason))
            console.print(Text.assemble((place, "bold"), " " * bool(place), question, f"\n  {reason}"))
