"""Hostile statements, each in a process that the kernel ends when it touches anything but its memory."""

from __future__ import annotations

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


@pytest.mark.parametrize("world", [READING, WRITING], ids=["reading", "writing"])
def test_every_statement_ends_as_it_should(
    confined: ModuleType, worlds: list[object], tmp_path: Path, world: int
) -> None:
    cases = [case for kind in CORPUS.values() for case in kind if not case.sticks]
    wrong = []
    with confined.Confined(worlds, Limits(deadline_seconds=DEADLINE), tmp_path) as process:
        results = process.run((world, case.sql) for case in cases)
        for case, (sql, result) in zip(cases, results, strict=True):
            expected = case.reading if world == READING else case.writing
            if result.outcome not in expected or result.fault:
                wrong.append((sql[:200], result, sorted(expected)))
            if result.outcome == "TIMEOUT" and result.processor_seconds > 1.2 * DEADLINE:
                wrong.append((sql[:200], result, "in time"))
        assert process.descriptors() == process.descriptors_before
        peak = process.peak_bytes()
    assert not wrong, "\n".join(map(str, wrong))
    assert peak < MEMORY
    assert list(tmp_path.iterdir()) == []


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
