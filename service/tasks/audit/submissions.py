"""Probes of repair tasks: statements that give gold's rows but for a little, or gold's in other words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase

from ...core.execution import Row, Value
from ..mutants import mutants
from ..rewrites import KINDS, rewrites
from .case import Case, Probe

Family = Callable[[Case], Iterator[Probe]]
"""Gives a family's probes of a task, none where it does not apply."""

MOST_LITERALS = 300  # rows that are written out as constants


def _writes(case: Case) -> bool:
    return bool(case.task.check_sql)


def _mutants(case: Case) -> Iterator[Probe]:
    task = case.task
    found = list(mutants(task.gold_sql, case.instances.schema, ordered=task.ordered))
    case.rng.shuffle(found)
    for mutant in found:
        yield Probe("mutant", mutant.sql, right=False)


def _broken(case: Case) -> Iterator[Probe]:
    yield Probe("broken statement", case.task.broken_sql, right=False)


def _other_task(case: Case) -> Iterator[Probe]:
    if case.other is not None and not case.other.check_sql:
        yield Probe("another task's gold", case.other.gold_sql, right=False)


def _nothing(case: Case) -> Iterator[Probe]:
    columns = ", ".join(["NULL"] * len(case.gold.columns))
    for sql in ("", ";", "-- nothing", f"SELECT {columns}", f"SELECT {columns} WHERE 0"):
        yield Probe("nothing", sql, right=False)


def _whole_table(case: Case) -> Iterator[Probe]:
    for table in case.task.gold_tables:
        name = table.replace('"', '""')
        yield Probe("whole table", f'SELECT * FROM "{name}"', right=False)


# ---- constants ----


def _constants(case: Case) -> Iterator[Probe]:
    """The visible instance's rows written out."""
    rows, width = case.gold.rows, len(case.gold.columns)
    for sql in _literal_queries(rows, width):
        yield Probe("constants", sql, right=False)


def _other_literals(case: Case) -> Iterator[Probe]:
    """Those rows with one cell changed."""
    rows = case.gold.rows
    if rows and len(rows) <= MOST_LITERALS:
        for y in case.rng.sample(range(len(rows)), min(3, len(rows))):
            x = case.rng.randrange(len(rows[y]))
            changed = (*rows[y][:x], _another(rows[y][x]), *rows[y][x + 1 :])
            for sql in _literal_queries([*rows[:y], changed, *rows[y + 1 :]], len(changed)):
                yield Probe("other literals", sql, right=False)


def _another(cell: Value) -> Value:
    if isinstance(cell, int | float):
        return cell + 1
    return 0 if cell is None else cell + (b"x" if isinstance(cell, bytes) else "x")  # type: ignore[operator]


def _literal_queries(rows: Sequence[Row], width: int) -> Iterator[str]:
    if len(rows) > MOST_LITERALS:
        return
    if not rows:
        yield f"SELECT {', '.join(['NULL'] * width)} WHERE 0"
        return
    written = [", ".join(map(_literal, row)) for row in rows]
    yield f"VALUES {', '.join(f'({row})' for row in written)}"
    yield " UNION ALL ".join(f"SELECT {row}" for row in written)


def _literal(cell: Value) -> str:
    match cell:
        case None:
            return "NULL"
        case bytes():
            return f"X'{cell.hex()}'"
        case float() if math.isinf(cell):
            return "9e999" if cell > 0 else "-9e999"
        case int() | float():
            return repr(cell)
    return "'" + cell.replace("'", "''") + "'"


# ---- gold with something done to its rows ----


def _over_gold(case: Case, query: str) -> str:
    """Gives a query over `g`, gold's rows with the columns c0, c1, …"""
    names = ", ".join(_columns(case))
    return f"WITH g({names}) AS (\n{_gold_text(case)}\n) {query}"


def _gold_text(case: Case) -> str:
    return case.task.gold_sql.strip().rstrip(";")


def _columns(case: Case) -> list[str]:
    return [f"c{place}" for place in range(len(case.gold.columns))]


def _derived(case: Case, family: str, right: bool, *queries: str) -> Iterator[Probe]:
    if not _writes(case):
        for query in queries:
            yield Probe(family, _over_gold(case, query), right)


def _any_row(case: Case) -> bool:
    return any(gold.rows for gold in case.golds)


def _limits(case: Case) -> Iterator[Probe]:
    count = len(case.gold.rows)
    if count:
        queries = [
            f"SELECT * FROM g LIMIT {count - 1}",
            f"SELECT * FROM g LIMIT {count}",
            "SELECT * FROM g LIMIT 0",
        ]
        yield from _derived(case, "LIMIT", False, *queries, "SELECT * FROM g LIMIT -1 OFFSET 1")


def _columns_turned(case: Case) -> Iterator[Probe]:
    columns = _columns(case)
    if len(columns) > 1 and _any_row(case):
        turned = (columns[::-1], [*columns[1:], columns[0]])
        yield from _derived(
            case, "columns reordered", False, *(f"SELECT {', '.join(each)} FROM g" for each in turned)
        )


def _column_added(case: Case) -> Iterator[Probe]:
    yield from _derived(case, "column added", False, "SELECT *, 1 FROM g", "SELECT NULL, * FROM g")


def _column_dropped(case: Case) -> Iterator[Probe]:
    columns = _columns(case)
    if len(columns) > 1:
        rest = (columns[:-1], columns[1:])
        yield from _derived(
            case, "column dropped", False, *(f"SELECT {', '.join(each)} FROM g" for each in rest)
        )


def _duplicates_lost(case: Case) -> Iterator[Probe]:
    if any(len(set(gold.rows)) < len(gold.rows) for gold in case.golds):
        yield from _derived(case, "duplicates lost", False, "SELECT DISTINCT * FROM g")


def _rows_doubled(case: Case) -> Iterator[Probe]:
    if _any_row(case):
        yield from _derived(
            case,
            "rows doubled",
            False,
            "SELECT * FROM g UNION ALL SELECT * FROM g",
            "SELECT * FROM g UNION ALL SELECT * FROM (SELECT * FROM g LIMIT 1)",
        )


def _order_lost(case: Case) -> Iterator[Probe]:
    if case.task.ordered:
        columns = ", ".join(_columns(case))
        numbered = "(SELECT *, row_number() OVER () AS n FROM g)"
        yield from _derived(
            case,
            "order lost",
            False,
            f"SELECT {columns} FROM {numbered} ORDER BY n DESC",
            f"SELECT {columns} FROM {numbered} ORDER BY n % 2, n",
        )


def _cells_changed(
    case: Case, family: str, right: bool, change: str, concerns: Callable[[Value], bool]
) -> Iterator[Probe]:
    """Gold with one column changed, for each column that has cells which that concerns in some instance."""
    columns = _columns(case)
    for place in case.rng.sample(range(len(columns)), len(columns)):
        if any(concerns(row[place]) for gold in case.golds for row in gold.rows):
            changed = [change.format(name) if at == place else name for at, name in enumerate(columns)]
            yield from _derived(case, family, right, f"SELECT {', '.join(changed)} FROM g")


def _is_real(cell: Value) -> bool:
    return isinstance(cell, float)


def _is_whole(cell: Value) -> bool:
    return isinstance(cell, int)


def _float_noise(case: Case) -> Iterator[Probe]:
    yield from _cells_changed(case, "float noise beyond 1e-9", False, "{} * (1 + 1e-6)", _is_real)


def _neighbours(case: Case) -> Iterator[Probe]:
    yield from _cells_changed(case, "neighbour integer", False, "{} + 1", _is_whole)
    yield from _cells_changed(case, "neighbour integer", False, "{} - 1", _is_whole)


def _text_numbers(case: Case) -> Iterator[Probe]:
    yield from _cells_changed(case, "number as text", False, "CAST({} AS TEXT)", _is_whole)
    yield from _cells_changed(case, "number as text", False, "CAST({} AS TEXT)", _is_real)


def _capitals(case: Case) -> Iterator[Probe]:
    """Capitals count in rows; SQLite's upper() and lower() change those of ASCII alone."""

    def has(letters: str) -> Callable[[Value], bool]:
        return lambda cell: isinstance(cell, str) and not set(letters).isdisjoint(cell)

    yield from _cells_changed(case, "other capitals", False, "upper({})", has(ascii_lowercase))
    yield from _cells_changed(case, "other capitals", False, "lower({})", has(ascii_uppercase))


def _spaces(case: Case) -> Iterator[Probe]:
    yield from _cells_changed(case, "space added", False, "{} || ' '", lambda cell: isinstance(cell, str))


def _null_filled(case: Case) -> Iterator[Probe]:
    yield from _cells_changed(case, "NULL filled", False, "coalesce({}, 0)", lambda cell: cell is None)
    yield from _cells_changed(case, "NULL filled", False, "coalesce({}, '')", lambda cell: cell is None)


# ---- right submissions ----


def _rewrites(case: Case) -> Iterator[Probe]:
    kinds = case.rng.sample(KINDS, len(KINDS))
    for rewrite in rewrites(case.task.gold_sql, case.instances.schema, kinds):
        yield Probe(f"rewrite: {rewrite.kind}", rewrite.sql, right=True, sql=rewrite.sql)


def _as_written(case: Case) -> Iterator[Probe]:
    gold = _gold_text(case)
    for sql in (f"{gold};", f"\n  {gold}  \n", f"-- mended\n{gold}", f"/* mended */ {gold} ;\n"):
        yield Probe("white space and comments", sql, right=True)


def _columns_named(case: Case) -> Iterator[Probe]:
    yield from _derived(case, "columns named", True, "SELECT * FROM g")


def _rows_turned(case: Case) -> Iterator[Probe]:
    if not case.task.ordered and any(len(gold.rows) > 1 for gold in case.golds):
        columns = ", ".join(_columns(case))
        numbered = "(SELECT *, row_number() OVER () AS n FROM g)"
        yield from _derived(
            case,
            "rows in other order",
            True,
            f"SELECT {columns} FROM {numbered} ORDER BY n DESC",
            f"SELECT {columns} FROM {numbered} ORDER BY n % 3, n",
        )


def _noise_within(case: Case) -> Iterator[Probe]:
    yield from _cells_changed(case, "float noise within 1e-9", True, "{} * (1 + 1e-13)", _is_real)
    yield from _cells_changed(case, "float noise within 1e-9", True, "{} * (1 - 5e-10)", _is_real)


def _real_integers(case: Case) -> Iterator[Probe]:
    yield from _cells_changed(
        case, "integer as real", True, "iif(typeof({0}) = 'integer', {0} + 0.0, {0})", _is_whole
    )


FAMILIES: tuple[Family, ...] = (
    _mutants,
    _broken,
    _other_task,
    _nothing,
    _whole_table,
    _constants,
    _other_literals,
    _limits,
    _columns_turned,
    _column_added,
    _column_dropped,
    _duplicates_lost,
    _rows_doubled,
    _order_lost,
    _float_noise,
    _neighbours,
    _text_numbers,
    _capitals,
    _spaces,
    _null_filled,
    _rewrites,
    _as_written,
    _columns_named,
    _rows_turned,
    _noise_within,
    _real_integers,
)
