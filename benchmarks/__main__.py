"""`python -m benchmarks [--seconds S] [--check] [--without NAME]`: every benchmark, one after the other."""

from __future__ import annotations

import sys

from . import (
    breakdown,
    costs,
    frames,
    grading,
    grpo,
    latency,
    rivals,
    scaling,
    sessions,
    simulation,
    steps,
)
from .report import run_all

BENCHMARKS = (
    steps.BENCHMARK,
    frames.BENCHMARK,
    latency.BENCHMARK,
    breakdown.BENCHMARK,
    scaling.BENCHMARK,
    sessions.BENCHMARK,
    grpo.BENCHMARK,
    grading.BENCHMARK,
    costs.BENCHMARK,
    rivals.BENCHMARK,
    simulation.BENCHMARK,
)

if __name__ == "__main__":
    sys.exit(run_all(BENCHMARKS))
