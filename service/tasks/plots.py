"""What a bank holds, as pictures. Needs the extra [plots]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from ..core.task import TaskKind
from .stats import Table

_COLOURS = {TaskKind.EXPLORE: "#2b6cb0", TaskKind.REPAIR: "#dd6b20"}
_GREY = "#4a5568"
_BAR_INCHES = 0.26  # of height for each bar


def plot(tables: Sequence[Table], folder: Path) -> list[Path]:
    """Draws a PNG for each table into a folder, which is made, and gives their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in tables:
        if table.rows:
            paths.append(folder / f"{table.title.lower().replace(' ', '_')}.png")
            _draw(table).savefig(paths[-1], dpi=130)
    return paths


def _draw(table: Table) -> Figure:
    """Draws horizontal bars: explore tasks, and repair tasks behind them."""
    names = [value for value, _ in table.rows]
    figure = Figure(figsize=(8, 1.3 + _BAR_INCHES * len(names)), layout="constrained")
    axes = figure.add_subplot()
    ends = [0] * len(names)
    for kind, colour in _COLOURS.items():
        counts = [of[kind] for _, of in table.rows]
        if any(counts):
            axes.barh(names, counts, left=ends, color=colour, height=0.72, label=kind.name.lower())
            ends = [end + count for end, count in zip(ends, counts, strict=True)]
    for place, end in enumerate(ends):
        axes.annotate(
            f"{end:,}", (end, place), xytext=(4, 0), textcoords="offset points", va="center", size=8,
            color=_GREY,
        )  # fmt: skip
    axes.invert_yaxis()
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, max(ends) * 1.1)
    axes.set_title(f"{table.title} ({table.total():,} tasks)", loc="left", size=12)
    axes.set_xlabel("tasks", color=_GREY)
    axes.tick_params(length=0, labelsize=9, colors=_GREY)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.xaxis.grid(visible=True, color="#e2e8f0")
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=9)
    return figure
