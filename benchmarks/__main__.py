"""`python -m benchmarks [--seconds S] [--check]`: steps per second beside the bare loop, in one run."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import apsw
from rich.console import Console
from rich.table import Table

from . import bare_loop, server_load, workload

ROUNDS = 3
RESULTS = Path("build/benchmarks.json")


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured ratio: `rate` steps per second over `base` steps per second, and what it should reach."""

    name: str
    rate: float
    base_name: str
    base: float
    reach: float

    @property
    def ratio(self) -> float:
        """How many times the base."""
        return self.rate / self.base

    @property
    def reached(self) -> bool:
        """The ratio is what it should be."""
        return self.ratio >= self.reach


def measure(seconds: float) -> list[Figure]:
    """Measures everything on a server with a bank of its own."""
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "benchmark.sqlite"
        workload.write_benchmark_bank(bank)
        with server_load.server(bank) as address:
            return asyncio.run(_measure(address, seconds))


async def _measure(address: str, seconds: float) -> list[Figure]:
    """Measures all in turn, `ROUNDS` times, so that a noisy neighbour hits all alike; gives the medians."""
    bare: dict[str, list[float]] = {kind: [] for kind in workload.KINDS}
    frames: dict[str, list[float]] = {kind: [] for kind in workload.KINDS}
    calls: dict[str, list[float]] = {kind: [] for kind in workload.KINDS}
    async with server_load.channel(address) as channel:
        for _ in range(ROUNDS):
            for kind in workload.KINDS:
                bare[kind].append(bare_loop.steps_per_second(kind, seconds))
                frames[kind].append(await server_load.by_frames(channel, kind, seconds))
                calls[kind].append(await server_load.by_calls(channel, kind, seconds))
    rates = {
        name: {kind: median(values) for kind, values in by_kind.items()}
        for name, by_kind in {"bare": bare, "frames": frames, "calls": calls}.items()
    }
    reach = {"light": 0.60, "heavy": 0.80}
    return [
        *(
            Figure(f"{kind}, frames", rates["frames"][kind], "bare loop", rates["bare"][kind], reach[kind])
            for kind in workload.KINDS
        ),
        Figure("light, frames", rates["frames"]["light"], "single calls", rates["calls"]["light"], 4.0),
        Figure("heavy, frames", rates["frames"]["heavy"], "single calls", rates["calls"]["heavy"], 1.0),
    ]


def machine() -> dict[str, str | int | None]:
    """Describes what the figures were measured on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "grpcio": version("grpcio"),
        "protobuf": version("protobuf"),
        "sqldojo": version("sqldojo"),
    }


def show(figures: list[Figure], console: Console) -> None:
    """Prints the table."""
    table = Table(title="Steps per second: frames of 128, 4 outstanding, one stream, one server process")
    for heading in ("what", "steps/s", "against", "steps/s", "ratio", "reach"):
        table.add_column(heading, justify="left" if heading in {"what", "against"} else "right")
    for each in figures:
        colour = "green" if each.reached else "red"
        table.add_row(
            each.name,
            f"{each.rate:,.0f}",
            each.base_name,
            f"{each.base:,.0f}",
            f"[{colour}]{each.ratio:.2f}[/]",
            f"≥ {each.reach:.2f}",
        )
    console.print(table)
    console.print("  ".join(f"{key} {value}" for key, value in machine().items()), style="dim")


def main() -> int:
    """Runs the benchmarks; with --check, ends with 1 when a figure is below its reach."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each measurement takes")
    parser.add_argument("--check", action="store_true", help="fail when a figure is below its reach")
    options = parser.parse_args()
    figures = measure(options.seconds)
    show(figures, Console())
    RESULTS.parent.mkdir(exist_ok=True)
    written = [{**asdict(each), "ratio": each.ratio, "reached": each.reached} for each in figures]
    RESULTS.write_text(json.dumps({"machine": machine(), "figures": written}, indent=2), encoding="utf-8")
    print(f"written to {RESULTS}")
    return int(options.check and not all(each.reached for each in figures))


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
