"""Probes of explore tasks: answers that are wrong by little, and right ones in many forms."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from ...core.execution import Column, Row, Rows, Value
from ...core.grading import MAX_ANSWER_LENGTH, render_answer
from ...core.task import AnswerKind
from ..mutants import mutants
from ..rewrites import KINDS, rewrites
from .case import Case, Probe

Family = Callable[[Case], Iterator[Probe]]
"""Gives a family's probes of a task, none where it does not apply."""

_MANY = (AnswerKind.LIST, AnswerKind.TABLE)
_BEYOND = 0.0101  # relative: more than the tolerance
_WITHIN = 0.0099


def _kind(case: Case) -> AnswerKind:
    assert case.task.answer_kind is not None, "an explore task has one"
    return case.task.answer_kind


def _cells(row: Row) -> list[str | int | float | None]:
    return [cell.hex().upper() if isinstance(cell, bytes) else cell for cell in row]


def _json(rows: Sequence[Row]) -> str:
    flat = all(len(row) == 1 for row in rows)
    return json.dumps([_cells(row)[0] if flat else _cells(row) for row in rows], ensure_ascii=False)


def _said(case: Case, rows: Rows) -> str:
    """Writes rows as an agent would that takes them for the answer."""
    kind = _kind(case)
    if kind in _MANY or len(rows.rows) != 1 or len(rows.columns) != 1:
        return _json(rows.rows)
    return render_answer(kind, rows)


def _shaped(rows: list[Row], width: int) -> Rows:
    return Rows((Column("c"),) * width, rows)


def _wrong(case: Case, family: str, rows: list[Row], width: int = 0) -> Probe:
    shaped = _shaped(rows, width or len(case.gold.columns))
    return Probe(family, _said(case, shaped), right=False, rows=shaped)


# ---- wrong answers ----


def _mutants(case: Case) -> Iterator[Probe]:
    found = list(mutants(case.task.gold_sql, case.instances.schema))
    case.rng.shuffle(found)
    for mutant in found:
        rows = case.run(mutant.sql)
        if isinstance(rows, Rows) and rows.complete:
            said = _said(case, rows)
            if len(said) <= MAX_ANSWER_LENGTH:
                yield Probe("mutant", said, right=False, rows=rows, sql=mutant.sql)


def _other_task(case: Case) -> Iterator[Probe]:
    rows = case.run(case.other.gold_sql) if case.other is not None else None
    if isinstance(rows, Rows) and rows.complete:
        yield Probe("another task's gold", _said(case, rows), right=False, rows=rows)


def _with_cells(case: Case, family: str, change: Callable[[Value], Iterator[Value]]) -> Iterator[Probe]:
    """Gives the gold rows with one cell changed, in every way that `change` gives for it."""
    places = [(y, x) for y, row in enumerate(case.gold.rows) for x in range(len(row))]
    case.rng.shuffle(places)
    for y, x in places:
        for cell in change(case.gold.rows[y][x]):
            rows = list(case.gold.rows)
            rows[y] = (*rows[y][:x], cell, *rows[y][x + 1 :])
            yield _wrong(case, family, rows)


def _neighbours(case: Case) -> Iterator[Probe]:
    def change(cell: Value) -> Iterator[Value]:
        if isinstance(cell, int) and _kind(case) is not AnswerKind.FLOAT:
            yield cell + 1
            yield cell - 1
            yield cell + 0.5

    return _with_cells(case, "neighbour integer", change)


def _float_noise(case: Case) -> Iterator[Probe]:
    def change(cell: Value) -> Iterator[Value]:
        if isinstance(cell, float) or (isinstance(cell, int) and _kind(case) is AnswerKind.FLOAT):
            if cell:
                yield cell * (1 + _BEYOND)
                yield cell * (1 - _BEYOND)
                yield -cell
            else:
                yield 0.001

    return _with_cells(case, "float beyond 1 %", change)


def _other_text(case: Case) -> Iterator[Probe]:
    def change(cell: Value) -> Iterator[Value]:
        if isinstance(cell, str):
            yield cell + "s"
            yield cell[:-1]
            yield cell.replace(" ", "", 1)
            yield "".join(each for each in unicodedata.normalize("NFD", cell) if each.isascii())

    for probe in _with_cells(case, "other text", change):
        if probe.rows is not None and probe.rows.rows != case.gold.rows:
            yield probe


def _nulls(case: Case) -> Iterator[Probe]:
    return _with_cells(
        case, "NULL for a value, 0 for NULL", lambda cell: iter((0,) if cell is None else (None,))
    )


def _rows_lost(case: Case) -> Iterator[Probe]:
    rows = case.gold.rows
    if _kind(case) in _MANY and rows:
        at = case.rng.randrange(len(rows))
        yield _wrong(case, "rows lost", rows[:-1])
        yield _wrong(case, "rows lost", rows[:1] if len(rows) > 1 else [])
        yield _wrong(case, "rows lost", [*rows[:at], *rows[at + 1 :]])


def _duplicates_lost(case: Case) -> Iterator[Probe]:
    different = list(dict.fromkeys(case.gold.rows))
    if len(different) < len(case.gold.rows):
        yield _wrong(case, "duplicates lost", different)


def _rows_doubled(case: Case) -> Iterator[Probe]:
    rows = case.gold.rows
    if rows:
        yield _wrong(case, "rows doubled", [*rows, *rows])
        yield _wrong(case, "rows doubled", [*rows, case.rng.choice(rows)])


def _columns_turned(case: Case) -> Iterator[Probe]:
    width = len(case.gold.columns)
    if width > 1 and case.gold.rows:
        yield _wrong(case, "columns reordered", [row[::-1] for row in case.gold.rows])
        yield _wrong(case, "columns reordered", [(*row[1:], row[0]) for row in case.gold.rows])


def _cells_crossed(case: Case) -> Iterator[Probe]:
    """One column's cells moved on by a row."""
    rows = case.gold.rows
    if len(case.gold.columns) > 1 and len(rows) > 1:
        last = [row[-1] for row in rows]
        moved = [*last[1:], last[0]]
        crossed = [(*row[:-1], cell) for row, cell in zip(rows, moved, strict=True)]
        yield _wrong(case, "cells crossed", crossed)


def _column_added(case: Case) -> Iterator[Probe]:
    width = len(case.gold.columns) + 1
    if case.gold.rows:
        numbered = [(*row, number) for number, row in enumerate(case.gold.rows, 1)]
        yield _wrong(case, "column added", numbered, width)
        yield _wrong(case, "column added", [(row[0], *row) for row in case.gold.rows], width)


def _column_dropped(case: Case) -> Iterator[Probe]:
    width = len(case.gold.columns) - 1
    if width and case.gold.rows:
        yield _wrong(case, "column dropped", [row[:-1] for row in case.gold.rows], width)
        yield _wrong(case, "column dropped", [row[1:] for row in case.gold.rows], width)


def _empty(case: Case) -> Iterator[Probe]:
    """Answers that say nothing, but where nothing is what gold gives."""
    for text in ("", " \n"):
        yield Probe("empty answer", text, right=False)
    nothing: tuple[tuple[str, list[Row]], ...] = (("[]", []), ("NULL", [(None,)]), ("None", [(None,)]))
    for text, rows in nothing:
        if rows != case.gold.rows:
            yield Probe("empty answer", text, right=False, rows=_shaped(rows, 1))


def _whole_table(case: Case) -> Iterator[Probe]:
    for table in case.task.gold_tables:
        if table not in case.task.permissions.denied:
            name = table.replace('"', '""')
            rows = case.run(f'SELECT * FROM "{name}"')
            if isinstance(rows, Rows):
                said = _json(rows.rows[:500])
                if len(said) <= MAX_ANSWER_LENGTH:
                    yield Probe(
                        "whole table", said, right=False, rows=_shaped(rows.rows[:500], len(rows.columns))
                    )


def _hedged(case: Case) -> Iterator[Probe]:
    """The right value beside a wrong one."""
    if _kind(case) in _MANY:
        yield _wrong(case, "hedged", [*case.gold.rows, ("perhaps",) * len(case.gold.columns)])
        return
    right, value = render_answer(_kind(case), case.gold), case.gold.rows[0][0]
    wrong = str(value + 1) if isinstance(value, int | float) else "perhaps"
    for text in (
        f"{right} or {wrong}",
        f"{right}, {wrong}",
        f"{right}\n{wrong}",
        f"[{right}, {wrong}]",
        f"{wrong} {right}",
        json.dumps([right, wrong]),
        json.dumps([[right], [wrong]]),
        f"{right} | {wrong}",
    ):
        yield Probe("hedged", text, right=False)


# ---- right answers ----


def _rewrites(case: Case) -> Iterator[Probe]:
    kinds = case.rng.sample(KINDS, len(KINDS))
    for rewrite in rewrites(case.task.gold_sql, case.instances.schema, kinds):
        rows = case.run(rewrite.sql)
        said = _said(case, rows) if isinstance(rows, Rows) else ""
        yield Probe(f"rewrite: {rewrite.kind}", said, right=True, sql=rewrite.sql)


def _right(family: str, text: str) -> Probe:
    return Probe(family, text, right=True)


def _json_forms(case: Case) -> Iterator[Probe]:
    rows = case.gold.rows
    compact = [_cells(row) for row in rows]
    if _kind(case) in _MANY:
        yield _right("JSON", _said(case, case.gold))
        yield _right("JSON", json.dumps(compact))
        yield _right("JSON", json.dumps(compact, indent=2, ensure_ascii=False))
        yield _right(
            "JSON",
            json.dumps([[c if c is None else str(c) for c in row] for row in compact], ensure_ascii=False),
        )
    else:
        yield _right("JSON", json.dumps(compact[0][0], ensure_ascii=False))
        yield _right("JSON", json.dumps(compact[0], ensure_ascii=False))


def _python_forms(case: Case) -> Iterator[Probe]:
    rows = [tuple(_cells(row)) for row in case.gold.rows]
    if _kind(case) is AnswerKind.LIST:
        yield _right("Python", repr([row[0] for row in rows]))
        yield _right("Python", repr(tuple(row[0] for row in rows)))
    if _kind(case) in _MANY:
        yield _right("Python", repr(rows))


def _other_orders(case: Case) -> Iterator[Probe]:
    if _kind(case) in _MANY and len(case.gold.rows) > 1:
        yield _right("rows in other order", _json(case.gold.rows[::-1]))
        yield _right("rows in other order", _json(case.rng.sample(case.gold.rows, len(case.gold.rows))))


def _numbers(case: Case) -> Iterator[Probe]:
    """One number in other notations; a list of numbers, one a line."""
    kind, rows = _kind(case), case.gold.rows
    column = [row[0] for row in rows if isinstance(row[0], int | float)]
    if kind is AnswerKind.TABLE or len(column) < len(rows) or not rows:
        return
    for write in _NOTATIONS:
        written = [write(cell) for cell in column]
        near = all(_is_near(text, cell) for text, cell in zip(written, column, strict=True))
        if near:
            yield _right("number notation", "\n".join(written))


def _whole(write: Callable[[int], str]) -> Callable[[int | float], str]:
    """A notation for whole numbers; others stay as they are."""
    return lambda number: write(number) if isinstance(number, int) else repr(number)


_NOTATIONS: tuple[Callable[[int | float], str], ...] = (
    _whole(lambda number: f"{number:,}"),
    _whole(lambda number: f"{number}.0"),
    _whole(lambda number: f"{number:+d}"),
    lambda number: f" {number} ",
    lambda number: f'"{number}"',
    lambda number: f"'{number}'",
    lambda number: f"{number:,}",
    lambda number: f"{number:.17e}",
)


def _is_near(text: str, number: int | float) -> bool:
    value = float(text.strip(" \"'").replace(",", ""))
    return value == number if isinstance(number, int) else abs(value - number) <= _WITHIN * abs(number)


def _floats_within(case: Case) -> Iterator[Probe]:
    def is_float(cell: Value) -> bool:
        return isinstance(cell, float) or (isinstance(cell, int) and _kind(case) is AnswerKind.FLOAT)

    rows = case.gold.rows
    if any(is_float(cell) for row in rows for cell in row):
        for by in (1 + _WITHIN, 1 - _WITHIN, 1 + 1e-12):
            moved: list[Row] = [
                tuple(cell * by if is_float(cell) else cell for cell in row)  # type: ignore[operator]
                for row in rows
            ]
            yield _right("float within 1 %", _said(case, _shaped(moved, len(case.gold.columns))))


def _fewer_digits(case: Case) -> Iterator[Probe]:
    """Floats as people round them, where that stays within the tolerance."""
    if not any(isinstance(cell, float) for row in case.gold.rows for cell in row):
        return
    for write in ("{:.3g}", "{:.4g}", "{:.6f}", "{:.2f}", "{:.1f}", "{:.0f}"):
        rows: list[Row] = [
            tuple(float(write.format(cell)) if isinstance(cell, float) else cell for cell in row)
            for row in case.gold.rows
        ]
        near = all(
            not isinstance(cell, float) or abs(float(str(other)) - cell) <= _WITHIN * abs(cell)
            for row, twin in zip(case.gold.rows, rows, strict=True)
            for cell, other in zip(row, twin, strict=True)
        )
        if near:
            yield _right("fewer digits", _said(case, _shaped(rows, len(case.gold.columns))))


def _texts(case: Case) -> Iterator[Probe]:
    """Text in other capitals and normal forms."""
    if not any(isinstance(cell, str) for row in case.gold.rows for cell in row):
        return
    changes: tuple[Callable[[str], str], ...] = (
        str.upper,
        str.lower,
        str.swapcase,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: unicodedata.normalize("NFD", text.upper()),
        lambda text: f" {text}\t",
    )
    for change in changes:
        rows: list[Row] = [
            tuple(change(cell) if isinstance(cell, str) else cell for cell in row) for row in case.gold.rows
        ]
        yield _right("text form", _said(case, _shaped(rows, len(case.gold.columns))))


def _quoted_text(case: Case) -> Iterator[Probe]:
    if _kind(case) is AnswerKind.STRING:
        value = str(case.gold.rows[0][0])
        yield _right("quoted", f'"{value}"')
        yield _right("quoted", f"'{value}'")
        yield _right("quoted", f"[{value}]")


def _white_space(case: Case) -> Iterator[Probe]:
    said = _said(case, case.gold)
    for text in (f"{said} ", f"\n{said}\n", f"\t{said}\r\n", f"{said}\n\n"):
        yield _right("white space", text)


def _written(cell: Value) -> str:
    return "NULL" if cell is None else cell.hex().upper() if isinstance(cell, bytes) else str(cell)


def _lines(case: Case) -> Iterator[Probe]:
    if _kind(case) is AnswerKind.LIST and case.gold.rows:
        items = [_written(row[0]) for row in case.gold.rows]
        if all(item.strip() and len(item.splitlines()) == 1 for item in items):
            yield _right("one a line", "\n".join(items))
            yield _right("one a line", "\r\n".join(items[::-1]) + "\r\n")


def _commas(case: Case) -> Iterator[Probe]:
    if _kind(case) is not AnswerKind.LIST or not case.gold.rows:
        return
    items = [_written(row[0]) for row in case.gold.rows]
    if any(len(item.splitlines()) != 1 for item in items):
        return
    if not any("," in item for item in items):
        yield _right("comma list", ", ".join(items))
        yield _right("comma list", ",".join(items[::-1]))
        yield _right("comma list", f"[{', '.join(items)}]")
    yield _right("comma list", _delimited([items], ","))
    yield _right("comma list", ", ".join('"' + item.replace('"', '""') + '"' for item in items))


def _separated(case: Case) -> Iterator[Probe]:
    if _kind(case) is not AnswerKind.TABLE or not case.gold.rows:
        return
    rows = [[_written(cell) for cell in row] for row in case.gold.rows]
    cells = [cell for row in rows for cell in row]
    if any(len(cell.splitlines()) > 1 for cell in cells):
        return
    if not any("|" in cell for cell in cells):
        yield _right("pipes", "\n".join(" | ".join(row) for row in rows))
        yield _right("pipes", "\n".join(f"| {' | '.join(row)} |" for row in rows[::-1]))
        yield _right("pipes", "\n".join("|".join(row) for row in rows))
    yield _right("CSV", _delimited(rows, ","))
    if not any("\t" in cell for cell in cells):
        yield _right("tabs", "\n".join("\t".join(row) for row in rows))


def _delimited(rows: Sequence[Sequence[str]], separator: str) -> str:
    target = io.StringIO()
    csv.writer(target, delimiter=separator, lineterminator="\n").writerows(rows)
    return target.getvalue()


def _null_words(case: Case) -> Iterator[Probe]:
    if _kind(case) is AnswerKind.NULL:
        for text in ("NULL", "null", "None", "none", "[null]", '"NULL"', "null "):
            yield _right("NULL written", text)
    elif any(cell is None for row in case.gold.rows for cell in row):
        for word in ("None", "null", "NULL"):
            rows: list[Row] = [
                tuple(word if cell is None else cell for cell in row) for row in case.gold.rows
            ]
            yield _right("NULL written", _json(rows))


def _empty_lists(case: Case) -> Iterator[Probe]:
    if _kind(case) in _MANY and not case.gold.rows:
        for text in ("[]", " [] ", "[ ]", "()", "[]\n"):
            yield _right("[] for no rows", text)


FAMILIES: tuple[Family, ...] = (
    _mutants,
    _other_task,
    _neighbours,
    _float_noise,
    _other_text,
    _nulls,
    _rows_lost,
    _duplicates_lost,
    _rows_doubled,
    _columns_turned,
    _cells_crossed,
    _column_added,
    _column_dropped,
    _empty,
    _whole_table,
    _hedged,
    _rewrites,
    _json_forms,
    _python_forms,
    _other_orders,
    _numbers,
    _floats_within,
    _fewer_digits,
    _texts,
    _quoted_text,
    _white_space,
    _lines,
    _commas,
    _separated,
    _null_words,
    _empty_lists,
)
