from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.sandbox.clock import NOW, open_frozen
from sqldojo.service.tasks.bank_file import BankDatabase, read_bank
from sqldojo.service.tasks.build import BuildReport, VerificationFailed, build, build_from

GOOD = Task(
    "explore/shop/orders",
    TaskKind.EXPLORE,
    "retail_shop",
    Split.TRAIN,
    Difficulty.EASY,
    "single_table",
    "How many orders are there?",
    "SELECT count(*) FROM orders",
    ("orders",),
    answer_kind=AnswerKind.INTEGER,
)


def test_the_whole_bank_passes(report: BuildReport) -> None:
    assert report.databases >= 5
    assert report.explore_tasks >= 60
    assert report.repair_tasks >= 60
    assert read_bank(report.path).digest == report.digest


def test_building_again_gives_the_same_digest(report: BuildReport, tmp_path: Path) -> None:
    assert build(tmp_path / "again.sqlite").digest == report.digest


def test_every_split_and_difficulty_has_tasks_of_both_kinds(report: BuildReport) -> None:
    tasks = read_bank(report.path).tasks
    assert {(task.kind, task.split) for task in tasks} == {(k, s) for k in TaskKind for s in Split}
    assert {(task.kind, task.difficulty) for task in tasks} == {(k, d) for k in TaskKind for d in Difficulty}


def test_a_fault_fails_the_build_with_all_faults_listed(shop: BankDatabase, tmp_path: Path) -> None:
    wrong = replace(GOOD, task_id="explore/shop/wrong", gold_sql="SELECT count(x) FROM orders")
    misfit = replace(GOOD, task_id="explore/shop/misfit", answer_kind=AnswerKind.NULL)
    with pytest.raises(VerificationFailed, match="2 faults") as failed:
        build_from(tmp_path / "bank.sqlite", [shop], [wrong, GOOD, misfit])
    assert [fault.task_id for fault in failed.value.faults] == [wrong.task_id, misfit.task_id]
    assert all(task.task_id in str(failed.value) for task in (wrong, misfit))
    assert not (tmp_path / "bank.sqlite").exists()


def test_a_warning_is_reported_and_the_task_kept(shop: BankDatabase, tmp_path: Path) -> None:
    visible = replace(
        GOOD,
        kind=TaskKind.REPAIR,
        answer_kind=None,
        broken_sql="SELECT max(order_id) FROM orders WHERE order_id <= 966",
    )
    report = build_from(tmp_path / "bank.sqlite", [shop], [visible])
    assert [fault.task_id for fault in report.warnings] == [visible.task_id]
    assert read_bank(report.path).tasks == (visible,)
    assert (report.databases, report.explore_tasks, report.repair_tasks) == (1, 0, 1)


@pytest.fixture
def far_east() -> Iterator[None]:
    """Moves this process nine hours east."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def test_a_bank_is_built_in_utc(far_east: None, shop: BankDatabase, tmp_path: Path) -> None:
    local = "SELECT datetime('now', 'localtime')"
    assert open_frozen().execute(local).get != NOW
    build_from(tmp_path / "bank.sqlite", [shop], [GOOD])
    assert open_frozen().execute(local).get == NOW
