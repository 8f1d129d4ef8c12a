"""The simulation's queues keep count, and agree with what theory says of them."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks.queueing import Batches, Clock, Done, Station

ARRIVALS = 60_000


def waits(servers: int, rate: float, service: float, *, constant: bool) -> tuple[float, Station, float]:
    """Lets jobs arrive at random; gives their mean wait, the station, and the seconds that passed."""
    clock, chance = Clock(), random.Random(7)
    station = Station(clock, servers)

    def arrive() -> None:
        station.arrive(service if constant else chance.expovariate(1 / service), lambda: None)
        if station.arrived < ARRIVALS:
            clock.after(chance.expovariate(rate), arrive)

    clock.after(0, arrive)
    clock.run(ARRIVALS / rate)
    return station.waited / station.arrived, station, clock.now


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_jobs_of_one_length_at_one_server_wait_as_long_as_pollaczek_and_khinchine_say(load: float) -> None:
    mean, station, _ = waits(1, load, 1.0, constant=True)
    assert mean == pytest.approx(load / (2 * (1 - load)), rel=0.05)
    assert station.utilisation() == pytest.approx(load, rel=0.02)


def test_jobs_of_random_length_at_four_servers_wait_as_long_as_erlang_says() -> None:
    servers, load = 4, 0.7
    mean, station, _ = waits(servers, servers * load, 1.0, constant=False)
    offered = servers * load
    last = offered**servers / math.factorial(servers) / (1 - load)
    must_wait = last / (sum(offered**n / math.factorial(n) for n in range(servers)) + last)
    assert mean == pytest.approx(must_wait / (servers * (1 - load)), rel=0.07)
    assert station.utilisation() == pytest.approx(load, rel=0.02)


@pytest.mark.parametrize("rate", [0.5, 3.0])
def test_what_arrives_is_served_or_waits_and_no_more_than_all_of_a_station_is_used(rate: float) -> None:
    _, station, seconds = waits(2, rate, 1.0, constant=False)
    assert station.arrived == station.served + station.waiting + station.busy
    assert station.utilisation() <= 1
    if rate > 2:  # more than it can serve: it is full, and serves what it can
        assert station.utilisation() == pytest.approx(1, abs=0.001)
        assert station.served / seconds == pytest.approx(2, rel=0.02)


def test_what_comes_during_a_batch_goes_together_into_the_next() -> None:
    clock, dealt, done = Clock(), list[tuple[float, int]](), list[float]()

    def deal(units: int, then: Done) -> None:
        dealt.append((clock.now, units))
        clock.after(10, then)

    batches = Batches(deal)
    for second, units in ((0, 1), (1, 2), (2, 4), (30, 8)):
        clock.after(second, lambda units=units: batches.arrive(units, lambda: done.append(clock.now)))
    clock.run(100)
    assert dealt == [(0, 1), (10, 6), (30, 8)]
    assert done == [10, 20, 20, 40]
