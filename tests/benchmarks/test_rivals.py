"""What the rivals share with sqldojo: the episode core, its packages' versions, and how they are run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks import workload
from benchmarks.figure import NotMeasurable
from benchmarks.processes import cpu_seconds
from benchmarks.rival_processes import REQUIREMENTS, ROOT, load
from benchmarks.rival_programs.core_session import BUDGET, core_sessions


def pins(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0].lower(): line.partition("==")[2] for line in lines if "==" in line}


def test_the_episode_core_stands_on_the_same_versions_on_both_sides() -> None:
    own, rivals = pins(ROOT / "constraints.txt"), pins(REQUIREMENTS)
    for name in ("apsw", "sqlglot"):
        assert rivals[name] == own[name], name


def test_a_session_of_the_load_plays_whole_episodes_one_after_the_other(tmp_path: Path) -> None:
    workload.write_benchmark_bank(tmp_path / "bank.sqlite")
    session = core_sessions(tmp_path / "bank.sqlite")()
    for _ in range(2):
        session.reset()
        for number in range(BUDGET):
            seen = session.step(workload.statement("light", number)).observation
            assert seen.result is not None
            assert seen.result.row_count == 20
            assert seen.done == (number == BUDGET - 1)


def test_a_load_that_does_not_start_is_missing() -> None:
    with pytest.raises(NotMeasurable, match="no_such_load"), load(Path(sys.executable), "no_such_load"):
        pass


def test_the_cpu_time_of_this_process_grows() -> None:
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) < before + 0.02:
        sum(range(10_000))
