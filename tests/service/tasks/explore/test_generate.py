from __future__ import annotations

import pytest

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.grading import grade_answer, render_answer
from sqldojo.service.core.task import AnswerKind, Task, TaskKind
from sqldojo.service.tasks.difficulty import difficulty_of
from sqldojo.service.tasks.explore.gate import NOTHING_FOUND, Gate, Reason, Rejection
from sqldojo.service.tasks.explore.generate import acceptance, generate
from sqldojo.service.tasks.explore.intent import Intent
from sqldojo.service.tasks.ground import Ground
from sqldojo.service.tasks.mutants import mutants
from sqldojo.service.tasks.tables_read import tables_read
from sqldojo.service.tasks.verify import Verifier


@pytest.fixture(scope="module")
def made(grounds: tuple[Ground, ...]) -> list[tuple[Ground, list[Task]]]:
    return [(ground, generate(ground, "tests", 40)) for ground in grounds]


def test_equal_seeds_give_equal_tasks(clinic: Ground) -> None:
    again = Ground("hospital", clinic.split, clinic.lexicon, clinic.instances)
    assert generate(clinic, "x", 30) == generate(again, "x", 30)


def test_tasks_are_whole(made: list[tuple[Ground, list[Task]]]) -> None:
    for ground, tasks in made:
        assert len({task.task_id for task in tasks}) == len(tasks)
        verifier = Verifier(ground.instances, ground.split)
        for task in tasks:
            assert task.kind is TaskKind.EXPLORE
            assert task.task_id.startswith(f"explore/{ground.database_id}/{task.family}-")
            assert task.difficulty is difficulty_of(task.gold_sql)
            assert task.gold_tables == tables_read(task.gold_sql)
            assert verifier.verify(task) == []
        verifier.close()


def test_every_mutant_of_an_admitted_gold_is_graded_wrong(made: list[tuple[Ground, list[Task]]]) -> None:
    probed = 0
    for ground, tasks in made:
        for task in tasks[:12]:
            gold = ground.instances.run(task.gold_sql, 0, task.permissions)
            assert isinstance(gold, Rows)
            assert task.answer_kind is not None
            for mutant in mutants(task.gold_sql, ground.schema):
                rows = ground.instances.run(mutant.sql, 0, task.permissions)
                if not isinstance(rows, Rows) or len(rows.columns) != len(gold.columns):
                    continue
                many = task.answer_kind in (AnswerKind.LIST, AnswerKind.TABLE)
                if many or len(rows.rows) == 1:
                    probed += 1
                    answer = render_answer(task.answer_kind, rows)
                    assert not grade_answer(task.answer_kind, gold, answer), (task.prompt, mutant)
    assert probed > 100


def test_no_answer_serves_every_instance(made: list[tuple[Ground, list[Task]]]) -> None:
    for ground, tasks in made:
        for task in tasks:
            results = [
                ground.instances.run(task.gold_sql, instance, task.permissions)
                for instance in range(len(ground.instances))
            ]
            golds = [rows for rows in results if isinstance(rows, Rows)]
            assert len(golds) == len(results)
            assert task.answer_kind is not None
            right = render_answer(task.answer_kind, golds[0])
            same = [grade_answer(task.answer_kind, gold, right) for gold in golds]
            assert same[0]
            assert task.family in NOTHING_FOUND or not all(same)


def test_more_than_half_are_admitted(clinic: Ground) -> None:
    counts = acceptance(clinic, "share", 100).values()
    assert sum(c.drawn for c in counts) == 100
    assert all(c.drawn == c.admitted + c.reasons.total() for c in counts)
    assert sum(c.admitted for c in counts) >= 50


@pytest.mark.parametrize(
    ("sql", "kind", "reason"),
    [
        ("SELECT name FROM patient", None, Reason.NO_ANSWER),
        ("SELECT count(*) FROM nowhere", AnswerKind.INTEGER, Reason.GOLD_FAILS),
        ("SELECT count(*) FROM ward_incident", AnswerKind.INTEGER, Reason.DEGENERATE),
        ("SELECT count(*) FROM diagnosis", AnswerKind.INTEGER, Reason.CONSTANT),
        ("SELECT count(*) FROM patient WHERE patient_id > -5", AnswerKind.INTEGER, Reason.SURVIVOR),
        ("SELECT city FROM patient ORDER BY sex LIMIT 1", AnswerKind.STRING, None),
    ],
)
def test_unfit_questions_are_turned_away(
    clinic: Ground, sql: str, kind: AnswerKind | None, reason: Reason | None
) -> None:
    gate = Gate(clinic)
    judged = gate.judge(Intent("x", sql, ("How many?",), ("x",), kind), "How many?")
    gate.close()
    assert isinstance(judged, Rejection)
    assert reason is None or judged.reason is reason
