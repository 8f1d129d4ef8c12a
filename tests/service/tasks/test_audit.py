"""The audit finds what a grader gets wrong, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sqldojo.service.core.execution import Column, Row, Rows
from sqldojo.service.core.grading import grade_answer, render_answer, same_rows
from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks.audit import AuditReport, Example, Outcome, answers, audit, submissions
from sqldojo.service.tasks.audit.case import Case, Probe
from sqldojo.service.tasks.audit.contract import same_answer, same_result
from sqldojo.service.tasks.audit.judging import Player, graded_right, outcome
from sqldojo.service.tasks.audit.report import KEPT
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.bank_writer import write_bank
from sqldojo.service.tasks.build import BuildReport
from sqldojo.service.tasks.instances import Instances


def explore(sql: str, kind: AnswerKind) -> Task:
    return Task(
        "explore/shop/t",
        TaskKind.EXPLORE,
        "retail_shop",
        Split.TRAIN,
        Difficulty.EASY,
        "f",
        "p",
        sql,
        ("product",),
        answer_kind=kind,
    )


def repair(sql: str, broken: str = "SELECT 1", *, ordered: bool = False) -> Task:
    return Task(
        "repair/shop/t",
        TaskKind.REPAIR,
        "retail_shop",
        Split.TRAIN,
        Difficulty.EASY,
        "f",
        "p",
        sql,
        ("product",),
        broken_sql=broken,
        ordered=ordered,
    )


@pytest.fixture(scope="module")
def instances(shop: BankDatabase) -> Instances:
    return Instances(shop.database_id, shop.images)


TASKS = [
    explore("SELECT count(*) FROM product", AnswerKind.INTEGER),
    explore("SELECT avg(price) FROM product", AnswerKind.FLOAT),
    explore("SELECT name FROM product WHERE product_id = 3", AnswerKind.STRING),
    explore("SELECT max(price) FROM product WHERE 0", AnswerKind.NULL),
    explore("SELECT DISTINCT country FROM customer WHERE country > 'P'", AnswerKind.LIST),
    explore("SELECT weight_kg FROM product WHERE product_id < 9", AnswerKind.LIST),
    explore("SELECT rating FROM review WHERE review_id < 12", AnswerKind.LIST),
    explore("SELECT name FROM product WHERE 0", AnswerKind.LIST),
    explore("SELECT country, count(*) FROM customer GROUP BY country LIMIT 6", AnswerKind.TABLE),
    repair("SELECT country, count(*) FROM customer GROUP BY country"),
    repair("SELECT country, city FROM customer"),
    repair("SELECT name, price FROM product ORDER BY price, product_id", ordered=True),
    repair("SELECT weight_kg, price * 0.3 FROM product"),
]


def probes(case: Case) -> list[Probe]:
    families = answers.FAMILIES if case.task.kind is TaskKind.EXPLORE else submissions.FAMILIES
    return [probe for family in families for probe in family(case)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.gold_sql)
def test_every_probe_is_graded_as_is_due(instances: Instances, task: Task) -> None:
    case = Case(task, instances, other=repair("SELECT city FROM customer"))
    tried = probes(case)
    assert {probe.right for probe in tried} == {True, False}
    for probe in tried:
        found, reason = outcome(case, probe, graded_right(case, probe))
        if probe.family not in ("mutant", "broken statement"):  # no gate has looked at these tasks
            assert found in (Outcome.AS_DUE, Outcome.INDISTINCT), (probe, reason)
        assert found is not Outcome.UNSOUND


def test_every_family_has_a_probe_of_some_task(instances: Instances) -> None:
    cases = [Case(task, instances, other=repair("SELECT city FROM customer")) for task in TASKS]
    for kind, families in ((TaskKind.EXPLORE, answers.FAMILIES), (TaskKind.REPAIR, submissions.FAMILIES)):
        mine = [case for case in cases if case.task.kind is kind]
        silent = [family.__name__ for family in families if not any(next(family(c), None) for c in mine)]
        assert silent == []


def test_a_grader_that_is_wrong_is_found_out(instances: Instances) -> None:
    """Says of each probe the opposite of what is due, and hears what that is called."""
    case = Case(TASKS[8], instances)
    for probe in probes(case):
        found, _ = outcome(case, probe, not probe.right)
        if probe.right:
            assert found is Outcome.FALSE_FAIL, probe
        else:
            equal = probe.rows is not None and same_answer(AnswerKind.TABLE, probe.rows, case.gold)
            assert (found is Outcome.FALSE_PASS) or equal or probe.sql, probe


def test_outcomes_of_submissions_say_what_they_come_from(instances: Instances) -> None:
    case = Case(repair("SELECT name, price FROM product"), instances)

    def of(text: str, right: bool, graded: bool) -> Outcome:
        return outcome(case, Probe("f", text, right), graded)[0]

    assert of("SELECT name, price FROM product WHERE 1", False, True) is Outcome.INDISTINCT
    assert of("SELECT name, price + 1 FROM product", False, True) is Outcome.FALSE_PASS
    assert of("SELECT name, price + 1 FROM product", True, False) is Outcome.UNSOUND
    assert of("SELECT no_such FROM product", True, False) is Outcome.UNSOUND
    assert of("SELECT name, price FROM product WHERE 1", True, False) is Outcome.FALSE_FAIL
    assert of("SELECT name, price * (1 + 1e-8) FROM product", True, False) is Outcome.FALSE_FAIL


def test_a_mutant_of_a_question_may_not_hide_behind_the_visible_instance(instances: Instances) -> None:
    counts = [instances.run("SELECT count(*) FROM product", instance) for instance in range(len(instances))]
    assert len({str(rows) for rows in counts}) > 1
    case = Case(explore("SELECT count(*) FROM product", AnswerKind.INTEGER), instances)
    assert isinstance(case.gold.rows[0][0], int)
    constant = f"SELECT {case.gold.rows[0][0]}"
    probe = Probe("mutant", str(case.gold.rows[0][0]), right=False, rows=case.gold, sql=constant)
    assert outcome(case, probe, graded_right(case, probe))[0] is Outcome.FALSE_PASS


@pytest.mark.parametrize("task", [TASKS[0], TASKS[9], TASKS[11]], ids=lambda task: task.gold_sql)
def test_an_episode_grades_as_the_audit_does(instances: Instances, task: Task) -> None:
    case, player = Case(task, instances), Player(instances.images)
    for probe in probes(case)[::3]:
        assert player.solves(case, probe) is graded_right(case, probe), probe


CELLS = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.floats(-3, 3, width=16),
    st.text("aAé ", max_size=2),
    st.binary(max_size=1),
)
TABLES = st.lists(st.tuples(CELLS, CELLS), max_size=4)


@given(TABLES, TABLES, st.booleans())
def test_the_yardstick_and_the_grader_agree_about_rows(
    mine: list[Row], gold: list[Row], ordered: bool
) -> None:
    columns = (Column("a"), Column("b"))
    for rows in (mine, gold[::-1], [row[::-1] for row in gold]):
        left, right = Rows(columns, rows), Rows(columns, gold)
        assert same_rows(left, right, ordered=ordered) is same_result(left, right, ordered=ordered)


NUMBERS = st.lists(st.tuples(st.one_of(st.none(), st.integers(-3, 3), st.floats(1, 1.05))), max_size=5)


@given(NUMBERS, NUMBERS)
@example([(1.01,)], [(1.0,)])
@example([(0.099,)], [(0.1,)])
def test_the_yardstick_and_the_grader_agree_about_answers(mine: list[Row], gold: list[Row]) -> None:
    columns = (Column("a"),)
    for rows in (mine, gold[::-1]):
        left, right = Rows(columns, rows), Rows(columns, gold)
        said = render_answer(AnswerKind.LIST, left)
        assert grade_answer(AnswerKind.LIST, right, said) is same_answer(AnswerKind.LIST, left, right)


def test_a_generated_bank_is_not_fooled(generated: BuildReport) -> None:
    seen: list[tuple[int, int]] = []
    bank = TaskBank.open(generated.path)
    report = audit(bank, seed=1, probes=1_200, jobs=1, progress=lambda done, of: seen.append((done, of)))
    assert report.total() == 1_200
    assert seen[-1] == (1_200, 1_200)
    assert report.replayed > 0
    assert report.disagreements == []
    assert report.total(Outcome.UNSOUND) == 0
    assert report.false_fail_rate < 0.01
    fooled = [each for each in report.examples if each.outcome is Outcome.FALSE_PASS]
    assert [each for each in fooled if each.family != "mutant"] == []  # handwritten tasks passed no gate


def test_equal_arguments_give_equal_reports(generated: BuildReport) -> None:
    bank = TaskBank.open(generated.path)
    first = audit(bank, seed=5, probes=150, jobs=1)
    assert audit(bank, seed=5, probes=150, jobs=2) == first
    assert audit(bank, seed=6, probes=150, jobs=1) != first


def test_a_question_that_a_mutant_answers_too_is_named(
    shop: BankDatabase, instances: Instances, tmp_path: Path
) -> None:
    cheapest = instances.run("SELECT min(price) FROM product")
    assert isinstance(cheapest, Rows)
    gold = f"SELECT count(*) FROM product WHERE price >= {cheapest.rows[0][0]}"
    write_bank(tmp_path / "bank.sqlite", [shop], [explore(gold, AnswerKind.INTEGER)])
    report = audit(TaskBank.open(tmp_path / "bank.sqlite"), probes=500, jobs=1)
    assert report.total() < 500  # one task has no more
    fooled = [each for each in report.examples if each.outcome is Outcome.FALSE_PASS]
    assert {(each.task_id, each.family) for each in fooled} == {("explore/shop/t", "mutant")}
    assert "SELECT COUNT(*) FROM product" in {each.probe for each in fooled}
    assert not report.reached


@pytest.mark.parametrize(
    ("fails", "passes", "reached"), [(0, 0, True), (0, 1, False), (1, 0, False), (9, 0, False)]
)
def test_the_reach_allows_no_false_pass_and_few_false_fails(fails: int, passes: int, reached: bool) -> None:
    report = AuditReport()
    for outcome_, right, times in (
        (Outcome.AS_DUE, True, 99 - fails + 1),
        (Outcome.FALSE_FAIL, True, fails),
        (Outcome.UNSOUND, True, 50),
        (Outcome.INDISTINCT, False, 50),
        (Outcome.FALSE_PASS, False, passes),
    ):
        for _ in range(times):
            report.count(TaskKind.REPAIR, right, Example("t", "f", outcome_, "p", "r"))
    assert report.false_fail_rate == fails / 100
    assert report.reached is reached
    assert report.total() == 200 + passes
    twice = AuditReport()
    twice.add(report)
    twice.add(report)
    assert twice.total() == 2 * report.total()
    assert len([each for each in twice.examples if each.outcome is Outcome.UNSOUND]) == KEPT
