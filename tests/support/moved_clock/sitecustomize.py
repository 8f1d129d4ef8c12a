"""Sets Python's clock off by the seconds in the file $MOVED_CLOCK, in any Python that has this on its path.

What the process sees is a system clock that somebody sets; `time.monotonic` runs on, as it does then.
"""

import os
import time

_FILE = os.environ["MOVED_CLOCK"]
_true_nanoseconds = time.time_ns


def _moved_nanoseconds() -> int:
    with open(_FILE) as file:
        return _true_nanoseconds() + int(float(file.read() or 0) * 1e9)


time.time_ns = _moved_nanoseconds
time.time = lambda: _moved_nanoseconds() / 1e9
