"""Building a bank: collect the databases and tasks, verify every task by execution, write the file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.task import Task, TaskKind
from ..sandbox.clock import set_process_time_zone
from . import handwritten
from .bank_file import BankDatabase, write_bank
from .databases import DOMAINS, INSTANCES, build_image
from .verify import Fault, Progress, verify


class VerificationFailed(Exception):
    """Tasks that cannot be played as they are; `faults` has all of them, and so has the message."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        listed = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"{len(faults)} faults in the tasks, so no bank was written:\n{listed}")
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class BuildReport:
    """A bank that was built, and the seconds that its verification and writing took.

    `warnings` are about tasks that are in it all the same.
    """

    path: Path
    digest: str
    databases: int
    explore_tasks: int
    repair_tasks: int
    warnings: tuple[Fault, ...]
    seconds: float


def build(path: Path, progress: Progress | None = None) -> BuildReport:
    """Builds the bank of the databases and tasks that are defined here.

    Raises VerificationFailed, and then writes nothing.
    """
    databases = [
        BankDatabase(
            domain.database_id,
            domain.title,
            domain.split,
            tuple(build_image(domain, instance) for instance in range(INSTANCES)),
        )
        for domain in DOMAINS
    ]
    return build_from(path, databases, handwritten.TASKS, progress)


def build_from(
    path: Path, databases: Sequence[BankDatabase], tasks: Sequence[Task], progress: Progress | None = None
) -> BuildReport:
    """Builds a bank of the databases and tasks given. Raises VerificationFailed as `build` does.

    It is verified in UTC, as it is served, and this process stays in it.
    """
    set_process_time_zone()
    started = time.perf_counter()
    faults = verify(databases, tasks, progress)
    grave = [fault for fault in faults if not fault.is_warning]
    if grave:
        raise VerificationFailed(grave)
    digest = write_bank(path, databases, tasks)
    return BuildReport(
        path=path,
        digest=digest,
        databases=len(databases),
        explore_tasks=sum(task.kind is TaskKind.EXPLORE for task in tasks),
        repair_tasks=sum(task.kind is TaskKind.REPAIR for task in tasks),
        warnings=faults,
        seconds=time.perf_counter() - started,
    )
