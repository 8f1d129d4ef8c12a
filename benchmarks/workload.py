"""What is played: one database, and three kinds of load on it.

light: an indexed join, 20 rows of 4 columns, about 200 operations of SQLite's machine.
heavy: a join of 1,200 by 1,000 rows, grouped and ordered, 20 rows of 4 columns, about 12,000 operations.
mixed: seven light ones, then a heavy one.
Every statement has its own text, so none is answered from a cache of compiled statements; and no load plays
one that another has played (`new_statement`), so none is answered from a server's memory of results either.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import apsw

from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks import BankDatabase, write_bank

TASK_ID = "explore/benchmark/rows"
REPAIR_ID = "repair/benchmark/rows"
INSTANCES = 4  # of the database: the visible one and three hidden ones, each with other rows
KINDS = ("light", "heavy", "mixed")
ROWS = 20  # that every statement gives
MIX = 8  # statements of the mixed load, one of them heavy

_numbers = count()

_SCRIPT = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, segment TEXT);
CREATE TABLE purchase (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id), batch INTEGER,
    amount REAL, note TEXT);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO customer SELECT i, 'Customer no. ' || i, 'City ' || (i * 7 % 40), 'segment ' || (i % 5) FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
INSERT INTO purchase
SELECT i, 1 + i * 37 % 1000, i % 60, i * {factor} % 997 / 7.0, 'a purchase, the ' || i || 'th' FROM n;
CREATE INDEX purchase_batch ON purchase (batch);
"""


def statement(kind: str, number: int) -> str:
    """Gives the `number`-th statement of a kind."""
    if kind == "mixed":
        kind = "heavy" if number % MIX == MIX - 1 else "light"
    if kind == "light":
        return (
            "SELECT p.note, c.name, c.city, c.segment FROM purchase p "
            f"JOIN customer c ON c.id = p.customer_id WHERE p.batch = {number % 60} AND p.id > -{number + 1}"
        )
    return (
        "SELECT c.city, COUNT(*), SUM(p.amount), MAX(p.note) FROM purchase p "
        f"JOIN customer c ON c.id = p.customer_id WHERE p.amount > 100 AND p.id > -{number + 1} "
        "GROUP BY c.city ORDER BY 3 DESC LIMIT 20"
    )


def new_statement(kind: str) -> str:
    """Gives a statement of a kind that this process has not given before."""
    return statement(kind, next(_numbers))


def image(instance: int = 0) -> bytes:
    """Gives an instance of the database as bytes."""
    connection = apsw.Connection(":memory:")
    connection.execute(_SCRIPT.format(factor=13 + instance))
    return connection.serialize("main")


def write_benchmark_bank(path: Path) -> None:
    """Writes a bank with the database, an explore task on it, and a repair task whose gold is light."""
    explore = Task(
        TASK_ID,
        TaskKind.EXPLORE,
        "benchmark",
        Split.TRAIN,
        Difficulty.EASY,
        "benchmark",
        prompt="How many purchases are there?",
        gold_sql="SELECT COUNT(*) FROM purchase",
        gold_tables=("purchase",),
        answer_kind=AnswerKind.INTEGER,
    )
    repair = replace(
        explore,
        task_id=REPAIR_ID,
        kind=TaskKind.REPAIR,
        prompt="This should give the purchases of the first batch, with who made them.",
        gold_sql=statement("light", 0),
        gold_tables=("purchase", "customer"),
        answer_kind=None,
        broken_sql=statement("light", 0).replace("p.note", "p.notes"),
    )
    images = tuple(map(image, range(INSTANCES)))
    write_bank(path, [BankDatabase("benchmark", "Purchases", Split.TRAIN, images)], [explore, repair])
