"""`python -m benchmarks [--seconds S] [--check]`: every benchmark, one after the other."""

from __future__ import annotations

import sys

from . import costs, frames, grading, latency, scaling, sessions, steps
from .report import run_all

BENCHMARKS = (
    steps.BENCHMARK,
    frames.BENCHMARK,
    latency.BENCHMARK,
    scaling.BENCHMARK,
    sessions.BENCHMARK,
    grading.BENCHMARK,
    costs.BENCHMARK,
)

if __name__ == "__main__":
    sys.exit(run_all(BENCHMARKS))
