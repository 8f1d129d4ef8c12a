"""Playing on and on takes no more memory and no more descriptors; `make soak` tries it for an hour."""

from __future__ import annotations

import asyncio
from pathlib import Path

from soak import soak


def test_what_a_server_holds_is_flat(tmp_path: Path) -> None:
    found = asyncio.run(soak(tmp_path, 15.0, thinking=0.02, every=100))
    assert found.steps > 1_000
    assert found.faults() == []
