from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sqldojo.service.core.task import TaskKind
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.stats import stats


def test_every_task_is_counted_once_in_each_table(bank: TaskBank) -> None:
    tables = {table.title: table for table in stats(bank)}
    assert tables.keys() == {"Split", "Difficulty", "Answer type", "Tables read", "Database", "Family"}
    for title, table in tables.items():
        wanted = bank.select(kind=TaskKind.EXPLORE) if title == "Answer type" else bank.tasks
        assert table.total() == len(wanted)
        assert table.total(TaskKind.EXPLORE) == len(bank.select(kind=TaskKind.EXPLORE))
    counted = Counter(task.family for task in bank.tasks)
    assert {value: sum(of.values()) for value, of in tables["Family"].rows} == counted


def test_values_stand_in_their_own_order(bank: TaskBank) -> None:
    tables = {table.title: [value for value, _ in table.rows] for table in stats(bank)}
    assert tables["Difficulty"] == ["easy", "medium", "hard"]
    assert tables["Split"] == ["train", "dev", "test"]
    assert tables["Tables read"] == sorted(tables["Tables read"], key=int)


def test_every_table_is_drawn(bank: TaskBank, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra [plots]")
    from sqldojo.service.tasks.plots import plot

    paths = plot(stats(bank), tmp_path / "new")
    assert [path.name for path in paths] == [
        "split.png", "difficulty.png", "answer_type.png", "tables_read.png", "database.png", "family.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
