from __future__ import annotations

from dataclasses import replace

from sqldojo.client import (
    ActionError,
    Column,
    ErrorKind,
    Observation,
    Outcome,
    Result,
    Reward,
    Step,
    Submit,
    TaskKind,
)

FIRST = Observation(
    task_id="t",
    kind=TaskKind.EXPLORE,
    database_id="shop",
    prompt="How many customers are there?",
    tables=("customer", "order"),
    budget=15,
    steps_left=15,
)
NO_COLUMN = ActionError(ErrorKind.NO_SUCH_COLUMN, "no such column: nam", ("id", "name"))
ROWS = Result((Column("id", "INTEGER"), Column("name")), ((1, "a\nb"), (2, None), (2.5, b"\x00\xff")), 3)


def test_the_first_tells_the_task():
    assert FIRST.text() == (
        "Question: How many customers are there?\nDatabase: shop\nTables: customer, order\n[15 steps left]"
    )


def test_a_repair_task_shows_what_is_broken():
    ticket = replace(FIRST, kind=TaskKind.REPAIR, prompt="Count them.", broken_sql="SELECT nam FROM customer")
    assert replace(ticket, broken_error=NO_COLUMN).text() == (
        "Ticket: Count them.\n"
        "Database: shop\n"
        "Tables: customer, order\n"
        "Broken query:\n"
        "SELECT nam FROM customer\n"
        "It fails:\n"
        "Error NO_SUCH_COLUMN: no such column: nam\n"
        "Available: id, name\n"
        "[15 steps left]"
    )
    assert "It gives:\nid | name\n1 | a\\nb\n" in replace(ticket, broken_result=ROWS).text()


def test_after_a_step_only_what_it_brought_is_told():
    seen = replace(FIRST, steps_used=14, steps_left=1, result=ROWS)
    assert seen.text() == "id | name\n1 | a\\nb\n2 | NULL\n2.5 | x'00FF'\n[1 step left]"
    assert replace(seen, result=None, error=NO_COLUMN).text() == (
        "Error NO_SUCH_COLUMN: no such column: nam\nAvailable: id, name\n[1 step left]"
    )
    assert replace(seen, result=None).text() == "(no result)\n[1 step left]"


def test_rows_that_are_not_shown_are_counted():
    seen = replace(FIRST, steps_used=1, result=replace(ROWS, row_count=400, truncated=True))
    assert "\n… 400 rows in all, 3 shown\n" in seen.text()
    seen = replace(seen, result=replace(seen.result, row_count_is_lower_bound=True))
    assert "\n… at least 400 rows in all, 3 shown\n" in seen.text()
    seen = replace(seen, result=Result((Column("id"),), (), 0))
    assert seen.text().startswith("id\n(no rows)\n")


def test_a_submission_that_is_not_correct_is_told_to_be_so():
    seen = replace(FIRST, kind=TaskKind.REPAIR, steps_used=1, result=Result((Column("id"),), ((7,),), 1))
    step = Step(1, Submit("SELECT 7"), seen, Reward(0.0, 0.0, ()), 0.0)
    seen = replace(seen, history=(step,))
    assert seen.text() == "id\n7\nThis does not solve the task.\n[15 steps left]"
    assert replace(seen, done=True, outcome=Outcome.SOLVED).text() == "id\n7\nSolved."


def test_the_end_is_told():
    over = replace(FIRST, steps_used=3, steps_left=12, done=True)
    assert replace(over, outcome=Outcome.SOLVED).text() == "Solved."
    assert replace(over, outcome=Outcome.FAILED).text() == "Wrong. The episode has ended."
    assert replace(over, outcome=Outcome.EXHAUSTED, result=ROWS).text().endswith("x'00FF'\nNo steps left.")
