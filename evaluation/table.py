"""The table that compares methods, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from .outcome import EvaluationResult, Summary
from .plain import one_line
from .statistics import Interval

FIGURES = ("Accuracy [95 %]", "Avg\nreward", "Avg\nsteps", "Parse\nrate", "Budget\nexhausted")
ROOM = 80  # columns that a name with all its figures needs


def comparison_table(results: Iterable[EvaluationResult], *, title: str = "", width: int = 80) -> Table:
    """Gives a table with a row for each evaluation; it fits into 80 columns.

    Where `width` is less, each figure has a row of its own, in 40 columns. Accuracy is the share of solved
    episodes with its 95 % Wilson interval. A column with the number of broken episodes appears only where
    there are any.
    """
    listed = list(results)
    broken = any(result.errors for result in listed)
    rows = [
        (
            result.run.policy,
            [*_cells(result.summary), *([Text(str(result.errors), "red")] if broken else [])],
        )
        for result in listed
    ]
    return _table("Method", [*FIGURES, *(["Errors"] if broken else [])], rows, title, width)


def breakdown_table(groups: dict[str, Summary], heading: str, *, title: str = "", width: int = 80) -> Table:
    """Gives a table with a row for each group of an evaluation's episodes, as `by_difficulty` makes them."""
    rows = [(name, _cells(summary)) for name, summary in groups.items()]
    return _table(heading, FIGURES, rows, title, width)


def _table(
    first: str, figures: Sequence[str], rows: Iterable[tuple[str, Sequence[Text]]], title: str, width: int
) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold")
    table.add_column(first, style="bold", overflow="fold")
    if width < ROOM:
        table.pad_edge = table.show_edge = False
        table.add_column(no_wrap=True)
        for name, cells in rows:
            table.add_row(Text(one_line(name)))
            for figure, cell in zip(figures, cells, strict=True):
                table.add_row(Text(f" {figure}".replace("\n", " "), "not bold"), cell)
        return table
    # Numbers are never wrapped; at 80 columns it is the first column that gives way.
    for figure in figures:
        table.add_column(Text(figure), justify="right", no_wrap=True)
    for name, cells in rows:
        table.add_row(Text(one_line(name)), *cells)
    return table


def _cells(summary: Summary) -> list[Text]:
    return [
        Text.assemble(f"{summary.success_rate:.1%} ", (_interval(summary.success_interval), "dim")),
        Text(f"{summary.avg_reward:.3f}"),
        Text(f"{summary.avg_steps:.1f}"),
        Text(f"{summary.parse_rate:.1%}"),
        Text(f"{summary.budget_exhausted}/{summary.episodes}"),
    ]


def _interval(interval: Interval) -> str:
    return f"[{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
