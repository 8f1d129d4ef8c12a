"""Every figure that the README states. `python -m benchmarks` prints them all."""
