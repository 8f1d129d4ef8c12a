"""`python -m benchmarks.sandbox_fuzz [--statements N] [--seed N]`: statements by chance against the sandbox.

Statements are made from the bank's queries and a grammar, and run in a process that the kernel ends as soon
as it does anything but compute (see `confined`): for sessions that may read, sessions that may write half of
the tables, and sessions from which one table is kept. It ends with 1 when a statement crashes, escapes,
raises, writes what it may not or is late by more than 20 %, or when the process takes too much memory.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sqldojo.service.core.schema import READ_ALL, Permissions
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.tasks.bank import TaskBank

from .confined import Confined, Escape, Result, World
from .generator import Generator

RESULTS = Path("build/sandbox_fuzz.json")
DATABASES = ("retail_shop", "hospital", "airline", "sports")
LATE = 0.20  # of the deadline
RUNS = 10  # of a statement that is late, for it may be the machine that was busy
SHOWN = 20  # violations


@dataclass
class Findings:
    """What came of all statements. `late` is a share of the deadline, beyond it."""

    statements: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    late: float = 0.0  # of each statement the least of its runs
    peak_bytes: int = 0
    descriptors_before: int = 0
    descriptors_after: int = 0
    permitted_writes: int = 0
    violations: list[str] = field(default_factory=list)
    crashes: int = 0

    def add(self, sql: str, result: Result, deadline: float) -> None:
        """Takes in one statement's result."""
        self.statements += 1
        self.outcomes[result.outcome] += 1
        if result.fault:
            self.violations.append(f"{result.fault}: {sql!r}")
        else:
            self.permitted_writes += result.wrote
        late = result.seconds / deadline - 1
        self.late = max(self.late, late)
        if late > LATE:
            self.violations.append(f"late by {late:.0%} ({result.outcome}): {sql!r}")


def worlds(bank: TaskBank) -> list[World]:
    """Gives each database three times: for reading, with tables to be written, with one table kept away."""
    found = []
    for database_id in DATABASES:
        images = bank.images(database_id)
        tables = sorted(table.name for table in images.schema.tables if not table.is_view)
        writable, denied = frozenset(tables[::2]), frozenset(tables[1:2])
        found += [
            World(images.images[0], images.schema, permissions)
            for permissions in (READ_ALL, Permissions(writable=writable), Permissions(denied=denied))
        ]
    return found


def statements(bank: TaskBank, count: int, seed: int) -> Iterator[tuple[int, str]]:
    """Makes statements, each with the place of its world."""
    random = Random(seed)
    generators = []
    for database_id in DATABASES:
        tasks = (task for task in bank.tasks if task.database_id == database_id)
        queries = [bank.task(task.task_id).gold_sql for task in tasks]
        generators.append(Generator(bank.schema(database_id), queries, random))
    for _ in range(count):
        place = random.randrange(len(generators))
        yield 3 * place + random.randrange(3), generators[place].statement()


def fuzz(count: int, seed: int, deadline: float, folder: Path) -> Findings:
    """Runs statements in `folder`, in a new process whenever one has ended."""
    findings = Findings()
    bank = TaskBank.default()
    waiting = statements(bank, count, seed)
    started = time.monotonic()
    while findings.statements + findings.crashes < count:
        with Confined(worlds(bank), Limits(deadline_seconds=deadline), folder) as process:
            try:
                for world, sql in waiting:
                    findings.add(sql, _run(process, world, sql, deadline), deadline)
            except Escape as escape:
                findings.crashes += 1
                findings.violations.append(str(escape))
                continue
            findings.descriptors_before = len(process.descriptors_before)
            findings.descriptors_after = len(process.descriptors())
            findings.peak_bytes = max(findings.peak_bytes, process.peak_bytes())
            if process.descriptors() != process.descriptors_before:
                findings.violations.append("the process has other descriptors open than at first")
    findings.seconds = time.monotonic() - started
    left = [path.name for path in folder.iterdir()]
    if left:
        findings.violations.append(f"files were made: {left}")
    return findings


def _run(process: Confined, world: int, sql: str, deadline: float) -> Result:
    """Runs a statement, and when it is late again; gives the best run, but one with a fault before all."""
    best: Result | None = None
    for _ in range(RUNS):
        ((_, result),) = process.run([(world, sql)])
        if best is None or result.fault or result.seconds < best.seconds:
            best = result
        if best.fault or best.seconds < (1 + LATE) * deadline:
            break
    assert best is not None
    return best


def show(findings: Findings, console: Console) -> None:
    """Prints the table, and what was wrong."""
    table = Table(title="Statements by chance against the sandbox", show_header=False)
    rows = {
        "statements": f"{findings.statements:,}",
        **{f"  {outcome}": f"{count:,}" for outcome, count in findings.outcomes.most_common()},
        "statements per second": f"{findings.statements / max(findings.seconds, 1e-9):,.0f}",
        "longest over the deadline": f"{findings.late:.1%}",
        "peak memory": f"{findings.peak_bytes / 1e6:,.0f} MB",
        "descriptors before and after": f"{findings.descriptors_before} and {findings.descriptors_after}",
        "permitted writes": f"{findings.permitted_writes:,}",
        "crashes and escapes": f"{findings.crashes}",
        "violations": f"{len(findings.violations)}",
    }
    for row in rows.items():
        table.add_row(*row)
    console.print(table)
    for violation in findings.violations[:SHOWN]:
        console.print(Text(violation[:2_000].encode("utf-8", "replace").decode()))


def main() -> int:
    """Runs statements and prints what came of them; ends with 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox_fuzz", description=__doc__)
    parser.add_argument("--statements", type=int, default=100_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="equal seeds make equal statements")
    parser.add_argument("--deadline", type=float, default=0.2, help="seconds that a statement may take")
    parser.add_argument("--memory", type=int, default=1024, metavar="MB", help="what the process may take")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        findings = fuzz(options.statements, options.seed, options.deadline, Path(folder))
    if findings.peak_bytes > options.memory << 20:
        findings.violations.append(f"{findings.peak_bytes:,} bytes of memory were taken")
    show(findings, Console())
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(vars(findings), indent=2), encoding="utf-8")
    print(f"written to {RESULTS}")
    return int(bool(findings.violations))


if __name__ == "__main__":
    sys.exit(main())
