"""`python -m soak [--seconds S]`: plays for a long time, and prints what a server's processes hold meanwhile.

Memory and descriptors should be flat: what each process holds in the last quarter of the time is compared
with what it held in the second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from math import inf
from pathlib import Path
from random import Random
from statistics import median

import servers
from chaos.load import Turns
from rich.console import Console
from rich.table import Table
from wirefuzz.processes import Held, family

from sqldojo.client import EpisodeSpec, connect

ROWS = 60  # samples
WARM = 300  # episodes, in which databases are opened and caches filled
GROWTH = 1.05, 8 << 20  # a process may hold so much more in the last quarter: a factor, and bytes


@dataclass
class Soak:
    """What was played, and what each process held at so many seconds."""

    episodes: int = 0
    steps: int = 0
    samples: list[tuple[float, dict[int, Held]]] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Says which process held more and more."""
        quarter = len(self.samples) // 4
        found = []
        for pid in self.samples[-1][1]:
            held = [sample[pid] for _, sample in self.samples if pid in sample]
            if len(held) < len(self.samples):
                found.append(f"process {pid} was not there from the first to the last")
                continue
            early, late = held[quarter : 2 * quarter], held[-quarter:]
            before, after = (median(each.memory for each in part) for part in (early, late))
            if after > before * GROWTH[0] + GROWTH[1]:
                found.append(f"process {pid} held {before / 2**20:.0f} MB, and later {after / 2**20:.0f}")
            if max(e.descriptors for e in late) > max(e.descriptors for e in early):
                found.append(f"process {pid} has more and more descriptors")
        return found


async def soak(folder: Path, seconds: float, *, thinking: float = 0.05, every: int = 1) -> Soak:
    """Plays on a server with two players and a journal for so long; of the bank, one task in `every`.

    What the processes hold is looked at after WARM episodes, however long these take.
    """
    found = Soak()
    options = ("--players", "2", "--journal", str(folder / "journal.sqlite"))
    with servers.serving(*options) as server:
        async with connect(server.address) as dojo:
            tasks = [task.task_id for task in await dojo.tasks()][::every]
            Random(0).shuffle(tasks)
            until = inf

            def specs() -> Iterator[EpisodeSpec]:
                for seed in count():
                    if time.monotonic() > until:
                        return
                    task = tasks[seed % len(tasks)]
                    yield EpisodeSpec(task, seed, policy="soak", reviewed=seed % 3 == 0)

            watching = None
            async for episode in dojo.rollouts(specs(), _Policy(thinking), concurrency=64, frame_size=32):
                assert not episode.error, episode.error
                found.episodes += 1
                found.steps += len(episode.steps)
                if found.episodes == WARM:
                    until = time.monotonic() + seconds
                    watching = asyncio.ensure_future(_watch(server, found, seconds / ROWS))
            assert watching is not None
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
    return found


@dataclass(frozen=True)
class _Policy:
    thinking: float

    def for_episode(self, seed: int) -> _Playing:
        return _Playing(self.thinking, Turns(seed))

    def select_action(self, observation: object) -> object:
        raise NotImplementedError


@dataclass(frozen=True)
class _Playing:
    thinking: float
    turns: Turns

    async def select_action(self, observation: object) -> object:
        await asyncio.sleep(self.thinking)
        return self.turns.select_action(observation)


async def _watch(server: servers.Server, found: Soak, every: float) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(every)
        found.samples.append((time.monotonic() - began, family(server.process.pid)))


def main() -> int:
    """Gives 0 when everything was flat."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0, metavar="S")
    parser.add_argument("--thinking", type=float, default=0.05, metavar="S", help="before each step")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = asyncio.run(soak(Path(folder), chosen.seconds, thinking=chosen.thinking))
    names = ("server", "nursery", "player", "player")
    table = Table("s", *(f"{name} {what}" for name in names for what in ("MB", "fds")))
    for seconds, sample in found.samples[4::5]:
        held = [(f"{each.memory / 2**20:.0f}", str(each.descriptors)) for each in sample.values()]
        table.add_row(f"{seconds:,.0f}", *(cell for cells in held for cell in cells))
    out = Console()
    out.print(table)
    faults = found.faults()
    out.print(f"{found.episodes:,} episodes, {found.steps:,} steps, {len(faults)} faults")
    out.print("\n".join(faults), markup=False)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
