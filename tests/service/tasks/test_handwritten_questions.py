from __future__ import annotations

from collections import Counter

import pytest
import sqlglot
from sqlglot import exp

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.review import Verdict
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import AnswerKind, Difficulty, Task, TaskKind
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.build import BuildReport
from sqldojo.service.tasks.explore.gate import answers_alike
from sqldojo.service.tasks.handwritten.questions import TASKS
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.mutants import mutants
from sqldojo.service.tasks.prepare import gold_rows, judged_rows

FAMILIES = {
    "comparison_subquery",
    "correlated_subquery",
    "date_filter",
    "duplicates",
    "empty_result",
    "fk_chain",
    "float_answer",
    "join",
    "list_answer",
    "null_answer",
    "self_join",
    "set_operation",
    "single_table",
    "table_answer",
    "text_quoting",
}


def of_family(family: str) -> list[Task]:
    return [task for task in TASKS if task.family == family]


def by_id(task: Task) -> str:
    return task.task_id


def test_every_domain_has_its_share() -> None:
    counts = Counter(task.database_id for task in TASKS)
    assert set(counts) == {"retail_shop", "hospital", "airline", "university", "film_streaming"}
    assert min(counts.values()) >= 16
    assert len(TASKS) >= 80


def test_ids_are_unique_and_name_their_database() -> None:
    assert len({task.task_id for task in TASKS}) == len(TASKS)
    assert all(task.task_id.startswith(f"explore/{task.database_id}/") for task in TASKS)
    assert all(task.kind is TaskKind.EXPLORE for task in TASKS)


def test_all_families_and_kinds_of_answer_are_there() -> None:
    assert {task.family for task in TASKS} == FAMILIES
    kinds = Counter(task.answer_kind for task in TASKS)
    assert all(kinds[kind] >= 5 for kind in AnswerKind)


def test_difficulties_are_spread() -> None:
    shares = {level: sum(task.difficulty is level for task in TASKS) / len(TASKS) for level in Difficulty}
    assert shares[Difficulty.EASY] == pytest.approx(0.40, abs=0.06)
    assert shares[Difficulty.MEDIUM] == pytest.approx(0.35, abs=0.06)
    assert shares[Difficulty.HARD] == pytest.approx(0.25, abs=0.06)


def test_the_bank_took_them_all_without_a_warning(report: BuildReport, bank: TaskBank) -> None:
    assert set(bank.select(kind=TaskKind.EXPLORE)) == set(TASKS)
    assert not [str(fault) for fault in report.warnings if fault.task_id.startswith("explore/")]


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_gold_passes_review(task: Task, databases: dict[str, DatabaseImages]) -> None:
    """Else who plays perfectly would be flagged, and a repair would pay a penalty."""
    review = SqlReviewer().review(task.gold_sql, databases[task.database_id].schema, task.permissions)
    assert review.verdict is Verdict.APPROVED, review.findings
    assert review.schema_share == 1


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_a_question_is_asked_in_words(task: Task) -> None:
    assert "SELECT" not in task.prompt
    assert task.gold_sql not in task.prompt
    assert task.prompt.endswith((".", "?"))


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_gold_reads_tables_that_exist(task: Task, databases: dict[str, DatabaseImages]) -> None:
    known = {table.name for table in databases[task.database_id].schema.tables}
    assert task.gold_tables
    assert set(task.gold_tables) <= known


@pytest.mark.parametrize("task", TASKS, ids=by_id)
def test_the_order_counts_just_where_gold_orders_several_rows(task: Task) -> None:
    statement = sqlglot.parse_one(task.gold_sql, read="sqlite")
    orders = statement.args.get("order") is not None and task.answer_kind is AnswerKind.TABLE
    assert task.ordered is orders


@pytest.mark.parametrize("task", of_family("empty_result"), ids=by_id)
def test_an_empty_result_is_empty(task: Task, databases: dict[str, DatabaseImages]) -> None:
    assert gold_rows(task, databases[task.database_id], 0).rows == []


@pytest.mark.parametrize(
    "task", [task for task in TASKS if task.answer_kind in (AnswerKind.LIST, AnswerKind.TABLE)], ids=by_id
)
def test_a_list_has_each_entry_once(task: Task, databases: dict[str, DatabaseImages]) -> None:
    rows = gold_rows(task, databases[task.database_id], 0).rows
    assert len(set(rows)) == len(rows)
    assert bool(rows) is (task.family != "empty_result")


# Where nothing is found, neither is by most that comes near.
FINDING = [task for task in TASKS if task.family not in ("empty_result", "null_answer")]


@pytest.mark.parametrize("task", FINDING, ids=by_id)
def test_no_wrong_edit_of_gold_answers_the_question(task: Task, opened: dict[str, Instances]) -> None:
    instances = opened[task.database_id]
    gold = instances.run(task.gold_sql)
    assert task.answer_kind is not None
    assert isinstance(gold, Rows)
    wrong = list(mutants(task.gold_sql, instances.schema))
    assert wrong
    for mutant in wrong:
        rows = instances.run(mutant.sql)
        assert not (isinstance(rows, Rows) and answers_alike(task.answer_kind, gold, rows)), mutant


@pytest.mark.parametrize("task", of_family("duplicates"), ids=by_id)
def test_duplicates_matter(task: Task, databases: dict[str, DatabaseImages]) -> None:
    database = databases[task.database_id]
    careless = judged_rows(task, task.gold_sql.replace("DISTINCT ", ""), database, 0)
    assert isinstance(careless, Rows)
    assert careless.rows != gold_rows(task, database, 0).rows


@pytest.mark.parametrize("task", [task for task in TASKS if task.answer_kind is AnswerKind.FLOAT], ids=by_id)
def test_a_float_needs_every_condition(task: Task, databases: dict[str, DatabaseImages]) -> None:
    """Without any one of gold's conditions the number is off by more than the 1 % that grading allows."""
    database = databases[task.database_id]
    right = gold_rows(task, database, 0).rows[0][0]
    where = sqlglot.parse_one(task.gold_sql, read="sqlite").args["where"].this
    conditions = list(where.flatten()) if isinstance(where, exp.And) else [where]
    for left_out in range(len(conditions)):
        kept = [exp.true() if index == left_out else each for index, each in enumerate(conditions)]
        loose = sqlglot.parse_one(task.gold_sql, read="sqlite")
        loose.set("where", exp.Where(this=exp.and_(*(condition.copy() for condition in kept))))
        result = judged_rows(task, loose.sql("sqlite"), database, 0)
        assert isinstance(result, Rows)
        assert result.rows[0][0] != pytest.approx(right, rel=0.01), loose.sql("sqlite")
