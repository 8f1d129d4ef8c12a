"""What no proper client sends, in short; `make wirefuzz` sends much more of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from wirefuzz.calls import RPCS
from wirefuzz.connections import KINDS
from wirefuzz.fuzz import fuzz

MESSAGES = 3_000
CODES = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE", "ALREADY_EXISTS"}


def test_a_server_answers_whatever_comes_and_goes_on(tmp_path: Path) -> None:
    report = asyncio.run(fuzz(tmp_path, 7, MESSAGES, each_connection=2, lingering=150))
    assert not report.faults, "\n".join(report.faults)
    assert report.findings.messages >= MESSAGES
    assert {rpc.path for rpc in RPCS} <= {path for path, _ in report.findings.counts}
    assert {code for path, code in report.findings.counts if path.endswith("/Step")} >= CODES  # it got deep
    assert report.connections.keys() == {*KINDS, "slow-loris"}
