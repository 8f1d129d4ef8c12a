"""Builds on a Ray cluster: one started for the build, and one of several nodes that was there before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqldojo.service.tasks.build import build
from sqldojo.service.tasks.parallel import in_order, workers
from sqldojo.service.tasks.plan import Plan

ray = pytest.importorskip("ray", reason="needs the extra [ray]")

pytestmark = pytest.mark.ray

PLAN = Plan(4, 4, drifted=0, domains=("hospital", "university"))
NODES = 3
STORE = 100_000_000  # bytes of each node's object store


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bank as this process builds it."""
    path = tmp_path_factory.mktemp("here") / "bank.sqlite"
    build(path, PLAN, jobs=1)
    return path.read_bytes()


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A cluster of three nodes with a core each: processes of their own, which know of each other by TCP."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": STORE}
    running = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(NODES - 1):
            running.add_node(**node)
        running.wait_for_nodes()
        yield running
    finally:
        running.shutdown()


def node_of(barrier: Any) -> str:
    """Gives the node that this runs on, as soon as one such call runs on each."""
    ray.get(barrier.arrive.remote())
    return str(ray.get_runtime_context().get_node_id())


def test_a_cluster_builds_the_same_file(here: bytes, tmp_path: Path) -> None:
    there = tmp_path / "there.sqlite"
    build(there, PLAN, ray="local")
    assert there.read_bytes() == here


def test_several_nodes_build_the_same_file(cluster: Any, here: bytes, tmp_path: Path) -> None:
    there = tmp_path / "there.sqlite"
    build(there, PLAN, ray=cluster.address)
    assert there.read_bytes() == here


def test_calls_run_on_all_nodes_at_once(cluster: Any) -> None:
    """Each waits for as many others as there are nodes less one, and a node runs one at a time."""
    with workers(0, cluster.address) as pool:
        assert pool.ahead >= NODES
        barrier = ray.remote(num_cpus=0)(_Barrier).options(max_concurrency=NODES).remote()
        nodes = Counter(in_order(pool, node_of, [barrier] * NODES))
    assert len(nodes) == NODES


class _Barrier:
    """Lets those who arrive go on when there is one for each node."""

    def __init__(self) -> None:
        from threading import Barrier

        self._barrier = Barrier(NODES)

    def arrive(self) -> None:
        self._barrier.wait()
