"""Every figure that the README and docs/performance.md state. `python -m benchmarks` prints them all.

A benchmark is a module with a `BENCHMARK`, whose function `measure(seconds)` gives figures, and which
`python -m benchmarks.NAME` runs by itself; `__main__` has the list of those that belong to the whole.
"""
