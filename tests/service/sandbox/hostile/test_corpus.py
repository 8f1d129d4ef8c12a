"""Hostile statements, each in a process that the kernel ends when it touches anything but its memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from sqldojo.service.core.execution import ErrorKind
from sqldojo.service.sandbox.limits import Limits

from .conftest import PLAIN, READING, WRITING
from .corpus import CORPUS

DEADLINE = 0.15
MEMORY = 700 * 1024 * 1024  # what one statement may take twice, and what Python takes


def test_the_corpus_has_many_statements_and_each_once() -> None:
    every = [case.sql for cases in CORPUS.values() for case in cases]
    assert len(every) >= 300
    assert len(set(every)) == len(every)
    known = {"ROWS", *ErrorKind.__members__}
    assert all(case.reading | case.writing <= known for cases in CORPUS.values() for case in cases)


def test_every_statement_ends_as_it_should(
    confined: ModuleType, worlds: list[object], tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as threads:  # a process for each world
        found = [threads.submit(_run_all, confined, worlds, tmp_path, world) for world in (READING, WRITING)]
        wrong = [each for future in found for each in future.result()]
    assert not wrong, "\n".join(wrong)
    assert list(tmp_path.iterdir()) == []


def _run_all(confined: ModuleType, worlds: list[object], folder: Path, world: int) -> list[str]:
    """Runs the corpus in one world; gives what was wrong."""
    cases = [case for kind in CORPUS.values() for case in kind if not case.sticks]
    wrong = []
    with confined.Confined(worlds, Limits(deadline_seconds=DEADLINE), folder) as process:
        for case in cases:
            ((sql, result),) = process.run([(world, case.sql)])
            expected = case.reading if world == READING else case.writing
            for _ in range(20):
                if result.outcome != "TIMEOUT" or result.outcome in expected:
                    break
                ((sql, result),) = process.run([(world, sql)])  # the machine was busy with something else
            if result.outcome not in expected or result.fault:
                wrong.append(f"{result}, not {sorted(expected)}, for {sql[:200]!r}")
            if result.processor_seconds > 1.2 * DEADLINE:
                wrong.append(f"{result}, late, for {sql[:200]!r}")
        if process.descriptors() != process.descriptors_before:
            wrong.append(f"{process.descriptors()} open, not {process.descriptors_before}")
        if process.peak_bytes() > MEMORY:
            wrong.append(f"{process.peak_bytes():,} bytes taken")
    return wrong


@pytest.mark.parametrize(
    "sql", ["ATTACH 'escaped.db' AS e; CREATE TABLE e.t (a)", "ATTACH '/etc/passwd' AS e; SELECT * FROM e.t"]
)
def test_the_process_ends_when_a_statement_reaches_out(
    confined: ModuleType, worlds: list[object], tmp_path: Path, sql: str
) -> None:
    """Tries the trap itself: without the guard the same statements touch a file."""
    with (
        confined.Confined(worlds, Limits(), tmp_path) as process,
        pytest.raises(confined.Escape, match="SIGSYS"),
    ):
        list(process.run([(PLAIN, sql)]))
    assert list(tmp_path.iterdir()) == []
