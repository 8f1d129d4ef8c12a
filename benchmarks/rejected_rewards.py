"""`python -m benchmarks.rejected_rewards [--bank FILE] [--check]`: do rejected attempts differ in reward?

For every task, profile and way of being rejected: eight first attempts that the review gate rejects, as a
policy makes them while it learns. What they are rejected for is the same, the names in them differ. It prints
the share of tasks in which the eight rewards are not all equal, so that a group of them has a gradient.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from sqldojo.service.core.action import Query, Submit
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.episode import Episode
from sqldojo.service.core.profiles import Profile
from sqldojo.service.core.review import Verdict
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import PreparedTask, TaskKind
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.tasks.bank import TaskBank

GROUP = 8
DRAWN = 32  # attempts of a way; the first GROUP that are rejected make the group
REACH = 0.95
MIXED = "any of these"


def attempts(prepared: PreparedTask, rng: Random) -> dict[str, list[str]]:
    """Gives statements for each way of being rejected that the task has, and some drawn from all of them."""
    drawn = [_names(prepared, rng) for _ in range(DRAWN)]
    ways = {
        "write": [f"UPDATE {t} SET {a} = 0 WHERE {b} = 1" for t, a, b in drawn],
        "DDL": [f"CREATE INDEX i ON {t} ({a}, {b})" for t, a, b in drawn],
        "several statements": [f"SELECT {a} FROM {t}; SELECT {b} FROM {t}" for t, a, b in drawn],
        "no SQL": [f"SELECT {a}, {b} FORM {t}" for t, a, b in drawn],
        "cross join": [
            f"SELECT x.{a} FROM {t} x, {t} y, {t} z, {t} u, {t} v, {t} w WHERE x.{b} > 0" for t, a, b in drawn
        ],
    }
    denied = sorted(prepared.task.permissions.denied)
    if denied:
        ways["denied table"] = [f"SELECT {a}, {b} FROM {t}, {_quoted(denied[0])}" for t, a, b in drawn]
    every = [sql for group in ways.values() for sql in group]
    return {**ways, MIXED: rng.sample(every, DRAWN)}


def _names(prepared: PreparedTask, rng: Random) -> tuple[str, str, str]:
    """Draws a table and two of its columns, each of them wrong now and then, as a policy's are."""
    table = rng.choice([table for table in prepared.schema.tables if table.name in prepared.tables])
    columns = [column.name for column in table.columns]
    wrong = [f"{table.name}s", f"{rng.choice(columns)}_no", f"{rng.choice(columns)}_name"]
    right = [table.name, rng.choice(columns), rng.choice(columns)]
    one, first, second = (bad if rng.random() < 0.3 else good for good, bad in zip(right, wrong, strict=True))
    return _quoted(one), _quoted(first), _quoted(second)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Gate:
    """Plays first attempts on a bank's tasks, each of them under review."""

    def __init__(self, bank: TaskBank) -> None:
        self._bank = bank
        self._pool = DatabasePool(Limits())
        self._reviewer = SqlReviewer()

    def rewards(self, prepared: PreparedTask, profile: Profile, statements: Sequence[str]) -> list[float]:
        """Gives the rewards of the first GROUP statements that are rejected, each as a first step."""
        task = prepared.task
        world = self._pool.world(self._bank.images(task.database_id), task.permissions)
        episode = Episode(prepared, profile, world, self._reviewer)
        start, _ = episode.start()
        make = Query if task.kind is TaskKind.EXPLORE else Submit
        rewards: list[float] = []
        for sql in statements:
            review = self._reviewer.review(sql, prepared.schema, task.permissions)
            if review.verdict is Verdict.REJECTED and len(rewards) < GROUP:
                rewards.append(episode.step(start, make(sql), reviewed=True).reward.total)
        episode.close()
        return rewards


def shares(bank: TaskBank, step: int = 1) -> Iterator[tuple[str, str, int, float]]:
    """Gives, by profile and way, how many tasks it was tried on and in which share the rewards differ.

    Of the bank's tasks every `step`-th is taken; of those, the ones in which GROUP attempts are rejected.
    """
    gate = Gate(bank)
    for profile in BUILT_IN_PROFILES.by_name.values():
        spread: dict[str, list[bool]] = {}
        for task in bank.select(kind=profile.kind)[::step]:
            prepared = bank.prepare(task.task_id)
            for way, statements in attempts(prepared, Random(task.task_id)).items():
                rewards = gate.rewards(prepared, profile, statements)
                if len(rewards) == GROUP:
                    spread.setdefault(way, []).append(max(rewards) - min(rewards) > 1e-9)
        for way, found in spread.items():
            yield profile.name, way, len(found), sum(found) / len(found)


def main() -> int:
    """Prints the shares; with --check, ends with 1 when a share is below its reach."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rejected_rewards", description=__doc__)
    parser.add_argument("--bank", type=Path, help="a bank's file; without it, the bank that comes along")
    parser.add_argument("--check", action="store_true", help=f"fail when a share is below {REACH:.0%}")
    options = parser.parse_args()
    bank = TaskBank.open(options.bank) if options.bank else TaskBank.default()
    table = Table(title=f"Tasks in which {GROUP} rejected attempts differ in reward")
    for heading in ("profile", "rejected for", "tasks", "differ"):
        table.add_column(heading, justify="right" if heading in {"tasks", "differ"} else "left")
    failed = False
    for profile, way, tasks, share in shares(bank):
        table.add_row(profile, way, f"{tasks:,}", f"{share:.1%}")
        failed |= share < REACH
    Console().print(table)
    return int(options.check and failed)


if __name__ == "__main__":
    sys.exit(main())
