"""`python -m benchmarks.task_bank [--bank FILE] [--check]`: how fast a bank is built, opened and verified."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.bank_writer import write_bank
from sqldojo.service.tasks.build import build
from sqldojo.service.tasks.databases import DOMAINS, build_image
from sqldojo.service.tasks.parallel import usable_cores
from sqldojo.service.tasks.plan import DEFAULT
from sqldojo.service.tasks.verify_bank import verify_bank

from .figure import Figure
from .report import FOLDER, describe_figures, show, write

RESULTS = FOLDER / "task_bank.json"
LARGE = 100_000  # tasks of the bank that is opened


def measure(bank: Path | None) -> Iterator[Figure]:
    """Builds the default bank, unless another is given; verifies it; opens a large one."""
    with tempfile.TemporaryDirectory() as folder:
        if bank is None:
            bank = Path(folder) / "default.sqlite"
            started = time.perf_counter()
            build(bank, DEFAULT)
            seconds = time.perf_counter() - started
            yield Figure("build of the default bank", seconds, "s")
            yield Figure("its size", bank.stat().st_size / 1e6, "MB", 20.0, at_most=True)
        started = time.perf_counter()
        verify_bank(bank)
        count = len(TaskBank.open(bank).tasks)
        yield Figure(
            f"verification of {count:,} tasks", count / (time.perf_counter() - started), "tasks/s", 500.0
        )
        large = Path(folder) / "large.sqlite"
        _write_large(large)
        started = time.perf_counter()
        opened = TaskBank.open(large)
        yield Figure(
            f"opening a bank of {LARGE:,} tasks", time.perf_counter() - started, "s", 1.0, at_most=True
        )
        started = time.perf_counter()
        for place in range(0, LARGE, LARGE // 500):
            opened.task(f"explore/task-{place}")
        yield Figure("reading one of its tasks", (time.perf_counter() - started) / 500 * 1e6, "µs")


def _write_large(path: Path) -> None:
    """Writes a bank whose tasks are as long as generated ones, on one database."""
    domain = DOMAINS[0]
    database = BankDatabase(domain.database_id, domain.title, Split.TRAIN, (build_image(domain, 0),))
    task = Task(
        "", TaskKind.EXPLORE, domain.database_id, Split.TRAIN, Difficulty.EASY, "", "How many? " * 20,
        "SELECT count(*) FROM customer WHERE city = 'Oslo' " * 8, ("customer",),
        answer_kind=AnswerKind.INTEGER,
    )  # fmt: skip
    write_bank(
        path,
        [database],
        (replace(task, task_id=f"explore/task-{n}", family=f"family_{n % 60}") for n in range(LARGE)),
    )


def main() -> int:
    """Runs the benchmark; with --check, ends with 1 when a figure is not what it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.task_bank", description=__doc__)
    parser.add_argument("--bank", type=Path, help="verify this bank; without it, the default one is built")
    parser.add_argument("--check", action="store_true", help="fail when a figure is not what it should be")
    options = parser.parse_args()
    figures = list(measure(options.bank))
    title = f"Task bank, {usable_cores()} cores"
    console = Console()
    show(title, figures, console)
    write(RESULTS, {"task_bank": {"title": title, "figures": describe_figures(figures)}})
    console.print(f"written to {RESULTS}", highlight=False)
    return int(options.check and not all(each.reached for each in figures))


if __name__ == "__main__":
    sys.exit(main())
