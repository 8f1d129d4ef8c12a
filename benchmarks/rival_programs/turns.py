"""How a load is told to play, and tells what it played: a line of JSON on stdin, one on stdout.

Before, it tells that it is READY.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

READY = "ready"


class Turn(NamedTuple):
    """Play statements of a kind for some seconds."""

    kind: str
    seconds: float


class Played(NamedTuple):
    """The steps that were played, resets not counted, in how many seconds of wall time."""

    steps: int
    seconds: float


def turns() -> Iterator[Turn]:
    """Reads turns until stdin ends."""
    for line in sys.stdin:
        yield Turn(*json.loads(line))


def tell(what: Any) -> None:
    """Writes a line."""
    print(json.dumps(what), flush=True)
