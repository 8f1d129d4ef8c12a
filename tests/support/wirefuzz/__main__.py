"""`python -m wirefuzz`: sends a server many thousand bad messages, and prints what came of them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .fuzz import Report, fuzz


def main() -> int:
    """Gives 0 when the server answered everything as it should and holds no more than before."""
    parser = argparse.ArgumentParser(prog="python -m wirefuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000, metavar="N")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), metavar="N", help="of all chance; else the time"
    )
    chosen = parser.parse_args()
    out = Console()
    out.print(f"{chosen.messages:,} messages, seed {chosen.seed} …")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wirefuzz-") as folder, contextlib.redirect_stderr(io.StringIO()):
        report = asyncio.run(
            fuzz(
                Path(folder),
                chosen.seed,
                chosen.messages,
                each_connection=50,
                lingering=500,
                large=True,
                rest=60.0,
            )
        )
    for table in (_calls(report), _connections(report), _held(report)):
        out.print(table)
    out.print("\n".join(report.faults[:40]), markup=False, soft_wrap=True)
    if report.faults:
        log = Path(tempfile.gettempdir()) / "sqldojo-wirefuzz.log"
        log.write_text(report.log)
        out.print(f"The server's log: {log}")
    seconds = time.monotonic() - began
    out.print(f"{report.findings.messages:,} messages, {len(report.faults)} faults, {seconds:.0f} s")
    return 1 if report.faults else 0


def _calls(report: Report) -> Table:
    table = Table("method", "messages", "calls by the code that they ended with")
    table.columns[1].justify = "right"
    methods: dict[str, Counter[str]] = {}
    for (path, code), count in report.findings.counts.items():
        methods.setdefault(path, Counter())[code] = count
    for path, codes in sorted(methods.items()):
        ended = ", ".join(f"{code} {count:,}" for code, count in codes.most_common())
        table.add_row(
            path.rpartition(".")[2].replace("ServerReflection/", ""), f"{report.findings.sent[path]:,}", ended
        )
    return table


def _connections(report: Report) -> Table:
    table = Table("connection", "times")
    table.columns[1].justify = "right"
    for kind, count in sorted(report.connections.items()):
        table.add_row(kind, f"{count:,}")
    return table


def _held(report: Report) -> Table:
    table = Table(
        "process", *(f"{what}, {when}" for what in ("MB", "descriptors") for when in ("before", "1st", "2nd"))
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for pid in report.held[0]:
        held = [each[pid] for each in report.held if pid in each]
        table.add_row(
            str(pid),
            *(f"{each.memory / 2**20:.0f}" for each in held),
            *(str(each.descriptors) for each in held),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
