"""Progress bars. Where the console is no terminal, one line is written at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Report = Callable[[int, int], None]
"""To be called with how many are done, and how many there are."""


@contextlib.contextmanager
def progress_bar(console: Console, label: str, unit: str, total: int | None = None) -> Iterator[Report]:
    """Shows a bar with a label, and gives what reports its progress; `total` where it is known before."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        shown = bar.add_task(f"{label:<8}", total=total)
        try:
            yield lambda done, total: bar.update(shown, completed=done, total=total)
        except BaseException:
            if not bar.tasks[0].completed:
                bar.update(shown, visible=False)  # it says nothing beside what went wrong
            raise
