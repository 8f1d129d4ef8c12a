"""Running benchmarks, and what comes of it: a table on the screen, JSON, a picture, and the exit status.

What could not be measured was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import apsw
from rich.console import Console
from rich.table import Table

from .drawing import draw
from .figure import Benchmark, Figure, NotMeasurable

RESULTS = Path("build/benchmarks.json")
FOLDER = Path("build/benchmarks")


def run_one(benchmark: Benchmark) -> int:
    """Runs a benchmark as a command of its own; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{benchmark.name}", description=benchmark.title
    )
    _add_options(parser, benchmark.seconds)
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="also draw the picture here, as .png or .svg"
    )
    options = parser.parse_args()
    console = Console()
    try:
        figures = _run(benchmark, options.seconds, console)
    except NotMeasurable as why:
        parser.exit(1, f"{benchmark.name} cannot be measured: {why}\n")
    if options.picture is not None:
        draw(benchmark, figures, options.picture)
    written = FOLDER / f"{benchmark.name}.json"
    write(written, {benchmark.name: describe(benchmark, figures)})
    _conclude(console, written)
    return int(options.check and not all(each.reached for each in figures))


def run_all(benchmarks: Sequence[Benchmark]) -> int:
    """Runs them one after the other as one command; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Runs every benchmark.")
    _add_options(parser, sum(each.seconds for each in benchmarks))
    names = [each.name for each in benchmarks]
    parser.add_argument("--without", choices=names, action="append", default=[], help="leave this one out")
    options = parser.parse_args()
    benchmarks = [each for each in benchmarks if each.name not in options.without]
    whole = sum(each.seconds for each in benchmarks)
    console = Console()
    results: dict[str, Any] = {}
    missed: list[str] = []
    began = time.monotonic()
    for benchmark in benchmarks:
        try:
            figures = _run(benchmark, benchmark.seconds * options.seconds / whole, console)
        except NotMeasurable as why:
            missed.append(f"{benchmark.name}: {why}")
            continue
        results[benchmark.name] = describe(benchmark, figures)
        missed += [f"{benchmark.name}: {each.what}" for each in figures if not each.reached]
    write(RESULTS, results)
    for each in missed:
        console.print(f"[red]missed[/] {each}", highlight=False)
    _conclude(console, RESULTS)
    console.print(f"took {time.monotonic() - began:.0f} s", highlight=False)
    return int(options.check and bool(missed))


def machine() -> dict[str, str | int | None]:
    """Describes what the figures were measured on."""
    lines = _lines("/proc/cpuinfo")
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "cpu": model or platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "grpcio": version("grpcio"),
        "protobuf": version("protobuf"),
        "sqldojo": version("sqldojo"),
    }


def show(title: str, figures: Sequence[Figure], console: Console, caption: str = "") -> None:
    """Prints the table; what is not as it should be is red."""
    table = Table(title=title, caption=caption or None, caption_justify="left")
    for heading in ("what", "figure", "unit", "reach"):
        table.add_column(heading, justify="right" if heading in {"figure", "reach"} else "left")
    for each in figures:
        colour = "green" if each.reached else "red"
        reach = "" if each.reach is None else f"{'≤' if each.at_most else '≥'} {each.reach:g}"
        table.add_row(each.what, f"[{colour}]{_text(each.value)}[/]", each.unit, reach)
    console.print(table)


def describe(benchmark: Benchmark, figures: Sequence[Figure]) -> dict[str, Any]:
    """Gives a benchmark with its figures, as it is written."""
    return {
        "title": benchmark.title,
        "caption": benchmark.caption,
        "figures": describe_figures(figures),
    }


def describe_figures(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Gives figures as they are written."""
    return [{**asdict(each), "reached": each.reached} for each in figures]


def write(path: Path, results: dict[str, Any]) -> None:
    """Writes results, with the machine that they are from, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), **results}, indent=2, ensure_ascii=False), "utf-8")


def _run(benchmark: Benchmark, seconds: float, console: Console) -> list[Figure]:
    figures = benchmark.measure(seconds)
    show(benchmark.title, figures, console, benchmark.caption)
    draw(benchmark, figures, FOLDER / f"{benchmark.name}.png")
    return figures


def _conclude(console: Console, written: Path) -> None:
    console.print("  ".join(f"{key} {value}" for key, value in machine().items()), style="dim")
    console.print(f"written to {written}, pictures to {FOLDER}", highlight=False)


def _add_options(parser: argparse.ArgumentParser, seconds: float) -> None:
    parser.add_argument(
        "--seconds",
        type=float,
        default=seconds,
        help="how long it measures in all, beside starting servers (default: %(default)g)",
    )
    parser.add_argument(
        "--check", action="store_true", help="end with 1 when a figure is not what it should be"
    )


def _text(value: float) -> str:
    """Writes three digits, or all that stand before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
