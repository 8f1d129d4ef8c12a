"""How a repair task is written down."""

from __future__ import annotations

from textwrap import dedent

from ....core.schema import READ_ALL, Permissions
from ....core.task import Difficulty, Task, TaskKind
from ...databases.domain import Domain
from ...tables_read import tables_read


def ticket(
    domain: Domain,
    slug: str,
    family: str,
    difficulty: Difficulty,
    prompt: str,
    *,
    broken: str,
    gold: str,
    ordered: bool = False,
    check: str = "",
    denied: tuple[str, ...] = (),
    writable: tuple[str, ...] = (),
) -> Task:
    """Makes the task that hands over the statement `broken` with the ticket `prompt`.

    Line breaks and indentation of `prompt` don't count; those of the SQL are kept, less its common indent.
    `ordered` says that the order of the rows counts. `check` is needed when `gold` writes: the query that
    shows what was written. `denied` and `writable` name tables, as in `Permissions`.
    """
    gold_sql = dedent(gold).strip()
    permissions = Permissions(frozenset(denied), frozenset(writable)) if denied or writable else READ_ALL
    return Task(
        task_id=f"repair/{domain.database_id}/{slug}",
        kind=TaskKind.REPAIR,
        database_id=domain.database_id,
        split=domain.split,
        difficulty=difficulty,
        family=family,
        prompt=" ".join(prompt.split()),
        gold_sql=gold_sql,
        gold_tables=tables_read(gold_sql),
        ordered=ordered,
        broken_sql=dedent(broken).strip(),
        check_sql=dedent(check).strip(),
        permissions=permissions,
    )
