from __future__ import annotations

import re
from collections import Counter

import pytest
import sqlglot
from sqlglot import exp

from sqldojo.service.core.execution import ActionError, ErrorKind, Rows
from sqldojo.service.core.grading import same_rows
from sqldojo.service.core.review import Verdict
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import Difficulty, Task, TaskKind
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.build import BuildReport
from sqldojo.service.tasks.databases import INSTANCES
from sqldojo.service.tasks.handwritten.tickets import TASKS
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.mutants import mutants
from sqldojo.service.tasks.prepare import gold_rows, judged_rows
from sqldojo.service.tasks.separation import survivors

# How the broken statement of each family fails; None: it runs and gives other rows. Families that do
# both are left out.
FAILURES = {
    "wrong_column": ErrorKind.NO_SUCH_COLUMN,
    "wrong_table": ErrorKind.NO_SUCH_TABLE,
    "syntax": ErrorKind.SYNTAX,
    "missing_permission": ErrorKind.DENIED,
    "ambiguous_column": ErrorKind.AMBIGUOUS,
    "wrong_join_key": None,
    "fan_out_join": None,
    "missing_group_by": None,
    "wrong_aggregate": None,
    "null_comparison": None,
    "wrong_write": None,
    "off_by_one": None,
    "missing_distinct": None,
    "wrong_order": None,
    "lost_rows": None,
    "boolean_precedence": None,
    "integer_division": None,
    "wrong_set_operation": None,
    "wrong_negation": None,
}
FAMILIES = {*FAILURES, "quoting", "dialect", "aggregate_in_where"}


def by_id(task: Task) -> str:
    return task.task_id


def test_every_domain_has_its_share() -> None:
    counts = Counter(task.database_id for task in TASKS)
    assert set(counts) == {"retail_shop", "hospital", "airline", "university", "film_streaming"}
    assert min(counts.values()) >= 16
    assert len(TASKS) >= 80


@pytest.mark.parametrize("task", [task for task in TASKS if not task.check_sql], ids=by_id)
def test_no_wrong_edit_of_gold_mends_the_query(task: Task, opened: dict[str, Instances]) -> None:
    instances = opened[task.database_id]
    results = [instances.run(task.gold_sql, at, task.permissions) for at in range(len(instances))]
    golds = [rows for rows in results if isinstance(rows, Rows)]
    assert len(golds) == len(instances)
    wrong = list(mutants(task.gold_sql, instances.schema, ordered=task.ordered))
    assert wrong
    assert not list(survivors(wrong, golds, instances, ordered=task.ordered, permissions=task.permissions))


def test_ids_are_unique_and_name_their_database() -> None:
    assert len({task.task_id for task in TASKS}) == len(TASKS)
    assert all(task.task_id.startswith(f"repair/{task.database_id}/") for task in TASKS)
    assert all(task.kind is TaskKind.REPAIR for task in TASKS)


def test_all_families_are_there() -> None:
    families = Counter(task.family for task in TASKS)
    assert set(families) == FAMILIES
    assert families["wrong_write"] >= 5
    assert families["missing_permission"] >= 5


def test_difficulties_are_spread() -> None:
    shares = {level: sum(task.difficulty is level for task in TASKS) / len(TASKS) for level in Difficulty}
    assert shares[Difficulty.EASY] == pytest.approx(0.40, abs=0.06)
    assert shares[Difficulty.MEDIUM] == pytest.approx(0.35, abs=0.06)
    assert shares[Difficulty.HARD] == pytest.approx(0.25, abs=0.06)


def test_the_bank_took_them_all_without_a_warning(report: BuildReport, bank: TaskBank) -> None:
    assert set(bank.select(kind=TaskKind.REPAIR)) == set(TASKS)
    assert not [str(fault) for fault in report.warnings if fault.task_id.startswith("repair/")]


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_gold_passes_review(task: Task, databases: dict[str, DatabaseImages]) -> None:
    """Else who plays perfectly would be flagged, and a repair would pay a penalty."""
    review = SqlReviewer().review(task.gold_sql, databases[task.database_id].schema, task.permissions)
    assert review.verdict is Verdict.APPROVED, review.findings
    assert review.schema_share == 1


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_a_ticket_does_not_tell_the_solution(task: Task) -> None:
    assert not re.search(r"\b(SELECT|JOIN|GROUP BY|IS NULL|DISTINCT|EXCEPT|INTERSECT)\b", task.prompt)
    assert task.gold_sql not in task.prompt
    assert task.prompt.endswith((".", "?"))


@pytest.mark.parametrize("task", [task for task in TASKS if task.family in FAILURES], ids=by_id)
def test_a_broken_statement_fails_as_its_family_does(
    task: Task, databases: dict[str, DatabaseImages]
) -> None:
    broken = judged_rows(task, task.broken_sql, databases[task.database_id], 0)
    assert (broken.kind if isinstance(broken, ActionError) else None) is FAILURES[task.family]


@pytest.mark.parametrize("task", [task for task in TASKS if task.family not in FAILURES], ids=by_id)
def test_a_broken_statement_fails_or_is_wrong(task: Task, databases: dict[str, DatabaseImages]) -> None:
    database = databases[task.database_id]
    broken = judged_rows(task, task.broken_sql, database, 0)
    gold = gold_rows(task, database, 0)
    assert isinstance(broken, ActionError) or not same_rows(broken, gold, ordered=task.ordered)


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_hidden_instances_expose_the_visible_rows(task: Task, databases: dict[str, DatabaseImages]) -> None:
    visible, *hidden = (
        gold_rows(task, databases[task.database_id], instance) for instance in range(INSTANCES)
    )
    assert visible.rows
    assert not any(same_rows(visible, gold, ordered=task.ordered) for gold in hidden)
    assert all(len(gold.rows) < 5_000 for gold in (visible, *hidden))


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_the_order_counts_just_where_gold_orders(task: Task) -> None:
    statement = sqlglot.parse_one(task.gold_sql, read="sqlite")
    assert task.ordered is (statement.args.get("order") is not None)


@pytest.mark.parametrize("task", [task for task in TASKS if task.family == "missing_permission"], ids=by_id)
def test_a_view_stands_in_for_the_denied_table(task: Task, databases: dict[str, DatabaseImages]) -> None:
    """With all permissions the broken statement would be right, and the ticket doesn't name the view."""
    schema = databases[task.database_id].schema
    views = {table.name for table in schema.tables if table.is_view} & set(task.gold_tables)
    assert views
    assert not any(view in task.prompt for view in views)
    assert task.permissions.denied
    assert task.permissions.denied.isdisjoint(task.gold_tables)


@pytest.mark.parametrize("task", [task for task in TASKS if task.family == "wrong_write"], ids=by_id)
def test_a_write_is_judged_by_what_it_wrote(task: Task, databases: dict[str, DatabaseImages]) -> None:
    """Gold changes rows, and writes the one table that it may."""
    statement = sqlglot.parse_one(task.gold_sql, read="sqlite")
    assert isinstance(statement, exp.Insert | exp.Update | exp.Delete)
    target = statement.this.find(exp.Table)
    assert target is not None
    assert task.permissions.writable == {target.name}
    database = databases[task.database_id]
    untouched = judged_rows(task, task.check_sql, database, 0)
    assert isinstance(untouched, Rows)
    assert not same_rows(gold_rows(task, database, 0), untouched, ordered=False)
