"""`python -m benchmarks [--seconds S] [--check]`: steps per second beside the bare loop, and costs."""

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

from . import costs, server_load, workload
from .bare_loop import BareLoop

ROUNDS = 10
RESULTS = Path("build/benchmarks.json")
REACH = {("light", "bare loop"): 0.60, ("heavy", "bare loop"): 0.80, ("light", "single calls"): 4.0}


@dataclass(frozen=True, slots=True)
class Figure:
    """Steps per second by frames over those of something else: medians over all rounds.

    The ratio is the median of the rounds' ratios. `reach` is what it should be at least; None: no claim.
    """

    kind: str
    against: str
    rate: float
    base: float
    ratio: float
    reach: float | None

    @property
    def reached(self) -> bool:
        """The ratio is what it should be."""
        return self.reach is None or self.ratio >= self.reach


def measure(seconds: float) -> list[Figure]:
    """Measures on a server of its own, with a bank of its own, for about `seconds` in all."""
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "benchmark.sqlite"
        workload.write_benchmark_bank(bank)
        with server_load.server(bank) as server:
            return asyncio.run(_measure(server.address, seconds / ROUNDS / len(workload.KINDS) / 3))


async def _measure(address: str, seconds: float) -> list[Figure]:
    """Measures by turns, in short slices, so that whatever else slows the machine slows all alike."""
    figures = []
    async with server_load.channel(address) as channel:
        for kind in workload.KINDS:
            frames = server_load.FrameLoad(channel, kind)
            await frames.start()
            calls = server_load.CallLoad(channel, kind)
            with BareLoop(kind) as bare:
                rounds = [
                    (
                        bare.steps_per_second(seconds),
                        await frames.steps_per_second(seconds),
                        await calls.steps_per_second(seconds),
                    )
                    for _ in range(ROUNDS)
                ]
            figures += [_figure(kind, "bare loop", rounds, 0), _figure(kind, "single calls", rounds, 2)]
    return figures


def _figure(kind: str, against: str, rounds: list[tuple[float, float, float]], base: int) -> Figure:
    return Figure(
        kind,
        against,
        rate=median(each[1] for each in rounds),
        base=median(each[base] for each in rounds),
        ratio=median(each[1] / each[base] for each in rounds),
        reach=REACH.get((kind, against)),
    )


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
    table = Table(title="Steps per second by frames of 128, 4 outstanding, one stream, one server process")
    for heading in ("query", "by frames", "against", "steps/s", "ratio", "reach"):
        table.add_column(heading, justify="left" if heading in {"query", "against"} else "right")
    for each in figures:
        colour = "green" if each.reached else "red"
        table.add_row(
            each.kind,
            f"{each.rate:,.0f}",
            each.against,
            f"{each.base:,.0f}",
            f"[{colour}]{each.ratio:.2f}[/]",
            f"≥ {each.reach:.2f}" if each.reach is not None else "",
        )
    console.print(table)


def main() -> int:
    """Runs the benchmarks; with --check, ends with 1 when a figure is below its reach."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=80.0, help="how long it takes in all")
    parser.add_argument("--check", action="store_true", help="fail when a figure is below its reach")
    options = parser.parse_args()
    figures = measure(options.seconds / 2)
    console = Console()
    show(figures, console)
    found = costs.measure(options.seconds / 2)
    costs.show(found, console)
    console.print("  ".join(f"{key} {value}" for key, value in machine().items()), style="dim")
    RESULTS.parent.mkdir(exist_ok=True)
    written = [{**asdict(each), "reached": each.reached} for each in figures]
    written += [{**asdict(each), "reached": each.reached} for each in found]
    RESULTS.write_text(json.dumps({"machine": machine(), "figures": written}, indent=2), encoding="utf-8")
    print(f"written to {RESULTS}")
    missed = [each for each in written if not each["reached"]]
    return int(options.check and bool(missed))


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
