"""The simulated deployment plays what it is asked for, until a resource is full."""

from __future__ import annotations

import pytest

from benchmarks.simulation import DATABASE_CORES, FRAME, Deployment
from benchmarks.simulation_costs import Costs

COSTS = Costs(
    player=100, front_sqlite=30, front_postgres=40, transaction=500, row=20, log_bytes=600, wire_bytes=1_700,
    session_bytes=10_000,
)  # fmt: skip


def test_a_deployment_with_room_plays_what_it_is_asked_for() -> None:
    deployment = Deployment(COSTS, 3, 1, 10.0, frames=90)
    deployment.run(20)
    deployment.restart()
    deployment.run(400)
    assert len(deployment.times) / 400 == pytest.approx(90 / 10, rel=0.05)
    assert max(deployment.used().values()) < 0.2
    least = FRAME * (40 + 100 / 7 + 20) / 1e6  # of work, were nothing in its way
    assert least < min(deployment.times) < 2 * least


@pytest.mark.parametrize("journals", [0, 1, 2])
def test_every_frame_that_was_sent_is_answered_or_under_way(journals: int) -> None:
    deployment = Deployment(COSTS, 2, journals, 0.5, frames=40)
    for _ in range(10):
        deployment.run(1.37)
        assert 0 <= deployment.sent - deployment.answered <= 40
        assert all(0 <= share <= 1 for share in deployment.used().values())
    assert deployment.proxy.arrived == deployment.sent


def test_without_think_time_the_slowest_resource_says_how_fast_it_is() -> None:
    deployment = Deployment(COSTS, 2, 1, 0.001, frames=100)
    deployment.run(5)
    deployment.restart()
    deployment.run(20)
    assert deployment.used()["front"] == pytest.approx(1, abs=0.01)
    assert len(deployment.times) * FRAME / 20 == pytest.approx(2 * 1e6 / COSTS.front_postgres, rel=0.02)


def test_a_second_journal_takes_half_of_the_first_ones_work() -> None:
    used = []
    for journals in (1, 2):
        deployment = Deployment(COSTS, 20, journals, 0.5, frames=400)
        deployment.run(1)
        deployment.restart()
        deployment.run(4)
        used.append(deployment.used()["database"])
        busy = sum(each.served for each in deployment.databases)
        assert busy > 0
    per_frame = (COSTS.transaction + COSTS.row * FRAME) / 1e6
    assert used[0] <= 800 * per_frame / DATABASE_CORES * 1.05
    assert used[1] < used[0]
