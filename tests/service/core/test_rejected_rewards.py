"""Attempts that the review gate rejects still differ in reward, so that a policy can learn from them."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.tasks.bank import TaskBank

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """The benchmark that prints the shares; it stands outside the package."""
    name = "rejected_rewards"
    spec = spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_groups_of_rejected_attempts_have_a_spread_of_rewards(benchmark: ModuleType) -> None:
    """On every 17th task of the default bank; the benchmark takes all of them."""
    found = list(benchmark.shares(TaskBank.default(), step=17))
    for profile in BUILT_IN_PROFILES.by_name:
        ways = {way: (tasks, share) for name, way, tasks, share in found if name == profile}
        assert {"write", "DDL", "several statements", "no SQL", "cross join", benchmark.MIXED} <= set(ways)
        assert ways[benchmark.MIXED][0] >= 20
        assert all(share >= benchmark.REACH for _, share in ways.values()), (profile, ways)
