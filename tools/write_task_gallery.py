"""Writes docs/task_gallery.md, three tasks of each family: `python tools/write_task_gallery.py BANK`."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from sqldojo.service.core.execution import ActionError, Rows
from sqldojo.service.core.task import Split, Task, TaskKind
from sqldojo.service.tasks.bank import TaskBank

SHOWN = 3  # tasks of a family
ROWS = 4  # of a broken statement's result
GALLERY = Path(__file__).resolve().parent.parent / "docs" / "task_gallery.md"


def gallery(bank: TaskBank) -> str:
    """Gives the page."""
    families: dict[tuple[TaskKind, str], list[Task]] = defaultdict(list)
    for task in bank.tasks:
        if task.split is not Split.TEST:
            families[task.kind, task.family].append(task)
    parts = [
        "# Three tasks of each family, as an agent sees them\n\n"
        "Written by `python tools/write_task_gallery.py BANK` from the bank that `sqldojo tasks build`\n"
        "makes. What a family asks for is told in [tasks.md](tasks.md). An agent also sees the tables.\n"
    ]
    for kind in TaskKind:
        parts.append(f"\n# {kind.name.capitalize()} tasks\n")
        for (family_kind, family), tasks in sorted(families.items()):
            if family_kind is kind:
                step = max(1, len(tasks) // SHOWN)
                parts.append(f"\n## {family}\n")
                parts += [_shown(task, bank) for task in tasks[::step][:SHOWN]]
    return "".join(parts)


def _shown(task: Task, bank: TaskBank) -> str:
    head = f"\n**{task.database_id}**, {task.difficulty.name.lower()}: {task.prompt}\n"
    if task.kind is TaskKind.EXPLORE:
        return head
    broken = bank.prepare(task.task_id).broken
    return f"{head}\n```sql\n{task.broken_sql}\n```\n\n{_result(broken)}\n"


def _result(broken: Rows | ActionError | None) -> str:
    if isinstance(broken, ActionError):
        return f"gives: {broken.kind.name}: {broken.message}"
    if broken is None or not broken.rows:
        return "gives no rows"
    rows = "; ".join(" | ".join(map(str, row)) for row in broken.rows[:ROWS])
    more = f" … ({len(broken.rows):,} rows)" if len(broken.rows) > ROWS else ""
    return f"gives: {rows}{more}"


if __name__ == "__main__":
    GALLERY.write_text(gallery(TaskBank.open(sys.argv[1])), encoding="utf-8")
