"""The table that compares methods, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from .outcome import EvaluationResult, Summary
from .statistics import Interval


def comparison_table(results: Iterable[EvaluationResult], *, title: str = "") -> Table:
    """Gives a table with a row for each evaluation; it fits into 80 columns.

    Accuracy is the share of solved episodes with its 95 % Wilson interval. A column with the number of
    broken episodes appears only where there are any.
    """
    rows = list(results)
    broken = any(result.errors for result in rows)
    table = _table("Method", title)
    if broken:
        table.add_column("Errors", justify="right", no_wrap=True)
    for result in rows:
        cells = [result.run.policy, *_cells(result.summary)]
        table.add_row(*cells, *([Text(str(result.errors), "red")] if broken else []))
    return table


def breakdown_table(groups: dict[str, Summary], heading: str, *, title: str = "") -> Table:
    """Gives a table with a row for each group of an evaluation's episodes, as `by_difficulty` makes them."""
    table = _table(heading, title)
    for name, summary in groups.items():
        table.add_row(name, *_cells(summary))
    return table


def _table(first: str, title: str) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold")
    table.add_column(first, style="bold", overflow="fold")
    # Numbers are never wrapped; at 80 columns it is the first column that gives way.
    for heading in ("Accuracy [95 %]", "Avg\nreward", "Avg\nsteps", "Parse\nrate", "Budget\nexhausted"):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _cells(summary: Summary) -> list[str | Text]:
    return [
        Text.assemble(f"{summary.success_rate:.1%} ", (_interval(summary.success_interval), "dim")),
        f"{summary.avg_reward:.3f}",
        f"{summary.avg_steps:.1f}",
        f"{summary.parse_rate:.1%}",
        f"{summary.budget_exhausted}/{summary.episodes}",
    ]


def _interval(interval: Interval) -> str:
    return f"[{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
