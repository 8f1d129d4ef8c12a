"""How an explore task is written down."""

from __future__ import annotations

from textwrap import dedent

from ....core.task import AnswerKind, Difficulty, Task, TaskKind
from ...databases.domain import Domain
from ...tables_read import tables_read


def question(
    domain: Domain,
    slug: str,
    family: str,
    difficulty: Difficulty,
    answer_kind: AnswerKind,
    prompt: str,
    sql: str,
    *,
    ordered: bool = False,
) -> Task:
    """Makes the task that asks `prompt` about a database and whose answer is the result of `sql`.

    Line breaks and indentation of `prompt` don't count; those of `sql` are kept, less its common indent.
    `ordered` says that the rows of a table must be answered in the order of `sql`.
    """
    gold_sql = dedent(sql).strip()
    return Task(
        task_id=f"explore/{domain.database_id}/{slug}",
        kind=TaskKind.EXPLORE,
        database_id=domain.database_id,
        split=domain.split,
        difficulty=difficulty,
        family=family,
        prompt=" ".join(prompt.split()),
        gold_sql=gold_sql,
        gold_tables=tables_read(gold_sql),
        ordered=ordered,
        answer_kind=answer_kind,
    )
