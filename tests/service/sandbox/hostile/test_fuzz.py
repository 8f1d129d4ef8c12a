"""Statements by chance, in a process that the kernel ends when it touches anything but its memory.

`python -m benchmarks.sandbox_fuzz` is the long form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.tasks.bank import TaskBank

from .conftest import READING, WRITING

DEADLINE = 0.1
MEMORY = 700 * 1024 * 1024


@pytest.fixture(scope="module")
def queries() -> list[str]:
    """Valid queries on the database."""
    bank = TaskBank.default()
    return [bank.task(task.task_id).gold_sql for task in bank.tasks if task.database_id == "retail_shop"]


@pytest.fixture(scope="module")
def process(confined: ModuleType, worlds: list[object], tmp_path_factory: Any) -> Iterator[Any]:
    """Runs statements; what it has open, its folder and its memory are looked at in the end."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with confined.Confined(worlds, Limits(deadline_seconds=DEADLINE), folder) as running:
        yield running
        assert running.descriptors() == running.descriptors_before
        assert running.peak_bytes() < MEMORY
    assert list(folder.iterdir()) == []


def run(process: Any, sql: str) -> list[str]:
    """Runs a statement for reading and for writing; gives both outcomes."""
    outcomes = []
    for _, result in process.run([(READING, sql), (WRITING, sql)]):
        assert not result.fault, result
        assert result.processor_seconds < 1.2 * DEADLINE, result
        outcomes.append(result.outcome)
    return outcomes


@given(random=st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_no_statement_does_what_it_may_not(
    generator: ModuleType, process: Any, shop: DatabaseImages, queries: list[str], random: Random
) -> None:
    run(process, generator.Generator(shop.schema, queries, random).statement())


def test_statements_of_a_seed_end_in_many_ways(
    generator: ModuleType, process: Any, shop: DatabaseImages, queries: list[str]
) -> None:
    """Were most of them refused at the first word, little would be tried."""
    made = generator.Generator(shop.schema, queries, Random(6))
    outcomes = Counter(outcome for _ in range(600) for outcome in run(process, made.statement()))
    assert outcomes["ROWS"] > 120
    assert outcomes["SYNTAX"] < 600
    assert {"DENIED", "NO_SUCH_COLUMN", "NO_SUCH_FUNCTION", "LIMIT", "OTHER"} <= set(outcomes)
