"""`python -m chaos [FAULT ...]`: tries every fault for a while, and prints what became of every step."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import haproxy
import postgres
from rich.console import Console
from rich.table import Table

from . import faults
from .load import Account
from .rig import Rig, rig

Attempt = Callable[[Rig], Coroutine[Any, Any, Account]]

WHAT: dict[str, tuple[str, Attempt]] = {
    "kills": ("kill -9 at random points of a load", partial(faults.kills, times=50)),
    "termination": ("SIGTERM under load", partial(faults.termination, times=10)),
    "player_kills": ("processes that play killed", partial(faults.player_kills, times=30)),
    "player_memory": ("memory of processes that play used up", partial(faults.player_memory, times=10)),
    "full_disk": ("disk full", partial(faults.full_disk, times=20)),
    "locked_file": ("journal locked by another process", partial(faults.locked_file, times=4)),
    "cut_connections": (
        "database connection cut, also in transactions",
        partial(faults.cut_connections, times=60),
    ),
    "database_restarts": ("database killed and restarted", partial(faults.database_restarts, times=15)),
    "clock_set_back": ("clock set back by a day", partial(faults.clock_set_back, times=6)),
    "cut_streams": ("stream cut at every message boundary", partial(faults.cut_streams, times=56)),
    "replica_kills": (
        "replicas behind HAProxy killed, 1,000 episodes",
        partial(faults.replica_kills, times=20, episodes=1000, count=3),
    ),
}
NEEDS_POSTGRES = {"cut_connections", "database_restarts", "replica_kills"}
NEEDS_HAPROXY = {"replica_kills"}


def main() -> int:
    """Gives 0 when nothing was lost, doubled or wrong and everything could be tried."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(WHAT)}; none: all")
    parser.add_argument("--at-once", type=int, default=max(2, (os.cpu_count() or 2) // 2), metavar="N")
    chosen = parser.parse_args()
    if unknown := set(chosen.faults) - set(WHAT):
        parser.error(f"there is no fault {sorted(unknown)[0]!r}")
    names = chosen.faults or list(WHAT)
    out = Console()
    began = time.monotonic()
    with contextlib.redirect_stderr(io.StringIO()) as logs:
        results = _try_all(names, chosen.at_once, out)
    out.print(_table(names, results))
    broken = {name: result for name, result in results.items() if not isinstance(result, Account)}
    unclean = [each for each in results.values() if isinstance(each, Account) and not each.is_clean]
    for account in unclean:
        out.print("\n".join(account.what[:20]), markup=False)
    for name, failure in broken.items():
        out.print(f"{name}: {failure}", markup=False)
    if broken or unclean:
        log = Path(tempfile.gettempdir()) / "sqldojo-chaos.log"
        log.write_text(logs.getvalue())
        out.print(f"The servers' logs: {log}")
    out.print(f"{time.monotonic() - began:.0f} seconds")
    return 1 if broken or unclean else 0


def _try_all(names: list[str], at_once: int, out: Console) -> dict[str, Account | str]:
    """Tries some at the same time: much of each is waiting."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, contextlib.ExitStack() as stack:
        database = None
        if NEEDS_POSTGRES.intersection(names) and postgres.is_installed():
            database = stack.enter_context(postgres.postgres_server())
        all_have = stack.enter_context(rig(Path(folder), database))

        async def attempt(some: asyncio.Semaphore, name: str) -> Account | str:
            if name in NEEDS_POSTGRES and not postgres.is_installed():
                return "not tried: PostgreSQL is not installed (apt-get install postgresql)"
            if name in NEEDS_HAPROXY and not haproxy.is_installed():
                return "not tried: HAProxy is not installed (apt-get install haproxy)"
            async with some:
                out.print(f"{WHAT[name][0]} …")
                try:
                    return await WHAT[name][1](all_have)
                except Exception:
                    return traceback.format_exc()

        async def attempts() -> list[Account | str]:
            some = asyncio.Semaphore(at_once)
            return await asyncio.gather(*(attempt(some, name) for name in names))

        return dict(zip(names, asyncio.run(attempts()), strict=True))


def _table(names: list[str], results: dict[str, Account | str]) -> Table:
    table = Table("fault", "times", "episodes", "steps answered", "lost", "doubled", "wrong")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in names:
        result = results[name]
        if isinstance(result, Account):
            figures = (
                result.faults,
                result.episodes,
                result.steps,
                result.lost,
                result.doubled,
                result.wrong,
            )
            table.add_row(WHAT[name][0], *(f"{figure:,}" for figure in figures))
        else:
            table.add_row(WHAT[name][0], "failed" if "Traceback" in result else "not tried")
    return table


if __name__ == "__main__":
    sys.exit(main())
