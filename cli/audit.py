"""`sqldojo tasks audit`: whether a bank's grading can be fooled."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ..evaluation.plain import one_line
from . import screen
from .bank_checks import bank_path
from .failure import INTERRUPTED, WENT_WRONG, fail
from .options import JobsOption, JsonOption
from .progress import progress_bar
from .records import write_line
from .serve import fail_without_server_extra

if TYPE_CHECKING:
    from ..service.tasks.audit import AuditReport, Example

SHOWN = 5  # examples of what went wrong in a family, unless all are asked for
LONGEST = 300  # characters of a probe on the screen

BankOption = Annotated[
    Path | None,
    typer.Option("--bank", dir_okay=False, help="The bank's file; without it, the bank that comes along."),
]


def audit(
    bank: BankOption = None,
    seed: Annotated[int, typer.Option(help="What the probes are drawn by.")] = 0,
    probes: Annotated[int, typer.Option(min=1, help="About how many probes to try.")] = 25_000,
    jobs: JobsOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every example that was kept, the harmless ones too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Try to fool the grading of a bank's tasks with wrong answers, and to trip it with right ones.

    Needs the extra 'server'. Ends with 1 when a wrong answer or submission is graded right, when 1 % of the
    right ones or more are graded wrong, or when an episode grades otherwise than the audit.
    """
    try:
        from ..service.tasks.audit import audit as audit_bank
        from ..service.tasks.bank import TaskBank
        from ..service.tasks.bank_file import BankError
        from ..service.tasks.parallel import WorkersLost
        from ..service.tasks.prepare import GoldFailed
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    with progress_bar(screen.terminal(stderr=True), "audit", "probes") as progress:
        try:
            opened = TaskBank.open(bank_path(bank))
            started = time.perf_counter()
            report = audit_bank(opened, seed=seed, probes=probes, jobs=jobs, progress=progress)
        except (BankError, WorkersLost) as failed:
            fail(str(failed))
        except GoldFailed as failed:
            fail(str(failed), hint="Find the task: sqldojo tasks verify", code=WENT_WRONG)
        except KeyboardInterrupt:
            fail("interrupted", code=INTERRUPTED)
    seconds = time.perf_counter() - started
    if as_json:
        write_line(
            {
                "bank": str(opened.path),
                "digest": opened.digest,
                "seed": seed,
                "seconds": seconds,
                **_record(report),
            }
        )
    else:
        typer.echo(
            f"{opened.path}: {screen.counted(len(opened.tasks), 'task')}, {report.total():,} probes, "
            f"{report.total() / seconds:,.0f} probes/s"
        )
        _show(report, every=every)
    if not report.reached:
        raise typer.Exit(WENT_WRONG)


def _record(report: AuditReport) -> dict[str, object]:
    from ..service.tasks.audit import Outcome

    return {
        "probes": report.total(),
        "false_passes": report.total(Outcome.FALSE_PASS),
        "false_fails": report.total(Outcome.FALSE_FAIL),
        "false_fail_rate": report.false_fail_rate,
        "indistinct": report.total(Outcome.INDISTINCT),
        "unsound": report.total(Outcome.UNSOUND),
        "reached": report.reached,
        "replayed": report.replayed,
        "families": [
            {
                "kind": family.kind.name.lower(),
                "family": family.family,
                "right": family.right,
                "tried": family.tried,
                **{
                    outcome.name.lower(): family.outcomes[outcome]
                    for outcome in Outcome
                    if outcome is not Outcome.AS_DUE
                },
            }
            for family in report.sorted_families()
        ],
        "examples": [_example_record(example) for example in report.examples],
        "disagreements": [_example_record(example) for example in report.disagreements],
    }


def _example_record(example: Example) -> dict[str, str]:
    return {
        "task": example.task_id,
        "family": example.family,
        "outcome": example.outcome.value,
        "probe": example.probe,
        "reason": example.reason,
    }


def _show(report: AuditReport, *, every: bool) -> None:
    from ..service.tasks.audit import Outcome

    console = screen.terminal()
    for right in (False, True):
        console.print(_table(report, right=right))
    grave = (Outcome.FALSE_PASS, Outcome.FALSE_FAIL)
    for outcome in Outcome:
        examples = [example for example in report.examples if example.outcome is outcome]
        if examples and (every or outcome in grave):
            console.print(Text(f"{report.total(outcome)} {screen.TIMES} {outcome.value}", "bold"))
            _show_examples(examples, every=every)
    if report.disagreements:
        console.print(
            Text(f"{len(report.disagreements)} {screen.TIMES} graded otherwise in an episode", "bold")
        )
        _show_examples(report.disagreements, every=every)
    typer.echo(
        f"{report.total(Outcome.FALSE_PASS)} false passes, {report.false_fail_rate:.2%} false fails; "
        f"{report.replayed:,} probes were played in an episode too"
    )


def _table(report: AuditReport, *, right: bool) -> Table:
    """Gives the families of probes that must be graded right, or wrong, by kind of task."""
    from ..service.tasks.audit import Outcome

    outcomes = (Outcome.FALSE_FAIL, Outcome.UNSOUND) if right else (Outcome.FALSE_PASS, Outcome.INDISTINCT)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(f"Must be graded {'right' if right else 'wrong'}", no_wrap=True)
    for heading in ("Tried", *(outcome.value.capitalize() for outcome in outcomes)):
        table.add_column(heading, justify="right")
    for family in report.sorted_families():
        if family.right is right:
            counts = [family.outcomes[outcome] for outcome in outcomes]
            table.add_row(
                f"{family.kind.name.lower()}: {family.family}",
                f"{family.tried:,}",
                *(
                    Text(f"{count:,}" if count else "", "" if at else "red")
                    for at, count in enumerate(counts)
                ),
            )
    return table


def _show_examples(examples: list[Example], *, every: bool) -> None:
    console = screen.terminal()
    shown: dict[str, int] = {}
    for example in examples:
        shown[example.family] = shown.get(example.family, 0) + 1
        if every or shown[example.family] <= SHOWN:
            text = f"{example.task_id}: {example.family}: {example.reason}: {example.probe[:LONGEST]}"
            console.print(Text(f"  {one_line(text)}"))
