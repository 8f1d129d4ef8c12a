"""Auditing a bank's grading: many probes on every task, in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from random import Random

from ...core.task import Task, TaskKind
from ..bank import TaskBank
from ..bank_file import BankError
from ..instances import Instances
from ..parallel import in_order, usable_cores, workers
from . import answers, submissions
from .case import Case, Probe
from .judging import Player, graded_right, outcome
from .report import AuditReport, Example

PROBES = 25_000
CHUNK = 100  # tasks that a process audits together
REPLAYED = 40  # one in as many probes is played in an episode too

Progress = Callable[[int, int], None]  # is told the number of probes done and wanted

_Part = tuple[Path, str, str, range, int, int]  # bank, digest, database, positions, seed, probes


def audit(
    bank: TaskBank,
    *,
    seed: int = 0,
    probes: int = PROBES,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Tries about `probes` probes, spread evenly over a bank's tasks and, on each, over the families.

    Equal arguments give equal reports, whatever the number of processes. A small bank may not have as many
    probes as are wanted. Raises GoldFailed for a task whose gold does not run, BankError when the file is
    damaged, and WorkersLost.
    """
    report = AuditReport()
    parts = list(_parts(bank, seed, probes))
    with workers(jobs or usable_cores()) as pool:
        for found in in_order(pool, _audit_part, parts):
            report.add(found)
            if progress is not None:
                progress(min(report.total(), probes), probes)
    if progress is not None:
        progress(report.total(), report.total())
    return report


def _parts(bank: TaskBank, seed: int, probes: int) -> Iterator[_Part]:
    """Cuts the bank into runs of tasks on one database, each with its share of the probes."""
    path, count = bank.path.absolute(), len(bank.tasks)
    for database_id, group in groupby(range(count), key=bank.database_at):
        run = list(group)
        for start in range(run[0], run[-1] + 1, CHUNK):
            stop = min(start + CHUNK, run[-1] + 1)
            share = stop * probes // count - start * probes // count
            yield path, bank.digest, database_id, range(start, stop), seed, share


def _audit_part(part: _Part) -> AuditReport:
    path, digest, database_id, positions, seed, share = part
    bank = _bank(path, digest)
    images = bank.images(database_id)
    instances, player = Instances(database_id, images.images), Player(images)
    report = AuditReport()
    tasks = bank.read(positions)
    try:
        for done, task in enumerate(tasks):
            rng = Random(f"{seed} {task.task_id}")
            case = Case(task, instances, _neighbour(tasks, done), rng)
            wanted = share * (done + 1) // len(tasks) - report.total()
            for probe in _chosen(case, wanted):
                _try(case, probe, player, report)
    finally:
        instances.close()
    return report


@lru_cache(maxsize=1)
def _bank(path: Path, digest: str) -> TaskBank:
    bank = TaskBank.open(path)
    if bank.digest != digest:
        raise BankError(f"{path} was replaced while it was audited; audit it again")
    return bank


def _neighbour(tasks: list[Task], place: int) -> Task | None:
    """Gives the next task of the same kind and answer, if there is one."""
    task = tasks[place]
    others = (*tasks[place + 1 :], *tasks[:place])
    alike = (each for each in others if (each.kind, each.answer_kind) == (task.kind, task.answer_kind))
    return next(alike, None)


def _chosen(case: Case, wanted: int) -> Iterator[Probe]:
    """Gives up to `wanted` probes, one of each family in turn, the families in an order of the task's own."""
    families = answers.FAMILIES if case.task.kind is TaskKind.EXPLORE else submissions.FAMILIES
    waiting = [family(case) for family in case.rng.sample(families, len(families))]
    while waiting:
        left = []
        for family in waiting:
            if wanted <= 0:
                return
            probe = next(family, None)
            if probe is not None:
                wanted -= 1
                left.append(family)
                yield probe
        waiting = left


def _try(case: Case, probe: Probe, player: Player, report: AuditReport) -> None:
    task = case.task
    graded = graded_right(case, probe)
    result, reason = outcome(case, probe, graded)
    example = Example(task.task_id, probe.family, result, probe.sql or probe.text, reason)
    report.count(task.kind, probe.right, example)
    if case.rng.randrange(REPLAYED) == 0:
        report.replayed += 1
        if player.solves(case, probe) is not graded:
            reason = f"graded {'right' if graded else 'wrong'}, and in an episode the other way round"
            report.disagreements.append(replace(example, reason=reason))
