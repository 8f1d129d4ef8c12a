from __future__ import annotations

from pathlib import Path

import pytest

from sqldojo.service.tasks.build import build
from sqldojo.service.tasks.plan import Plan

pytest.importorskip("ray", reason="needs the extra [ray]")


@pytest.mark.ray
def test_a_cluster_builds_the_same_file(tmp_path: Path) -> None:
    plan = Plan(4, 4, drifted=0, domains=("hospital",))
    here, there = (tmp_path / name for name in ("here.sqlite", "there.sqlite"))
    build(here, plan, jobs=1)
    build(there, plan, ray="local")
    assert there.read_bytes() == here.read_bytes()
